//! Knows which tokens are gateways': asks the depot, and remembers what it said.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use crate::{depot::Depot, digest};

/// The most tokens that are remembered: some gateways' new and old ones.
const REMEMBERED: usize = 512;
/// The longest token: a service account's has about 1 KiB.
const TOKEN_BYTES: usize = 16 << 10;
/// How long a stranger is refused without asking again.
const REFUSED: Duration = Duration::from_secs(10);
/// The longest the depot's word is kept.
const TRUSTED: Duration = Duration::from_secs(3600);
/// The most reviews that are asked for at the same time.
const UNDER_WAY: usize = 4;

/// What a token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// A gateway's.
    Gateway,
    /// Not a gateway's.
    Stranger,
    /// The depot does not say.
    Unknown,
}

/// The depot's word on tokens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reviews {
    depot: Depot,
    known: Arc<Mutex<HashMap<String, Known>>>,
    under_way: Arc<Semaphore>,
}

#[derive(Clone, Copy)]
struct Known {
    verdict: Verdict,
    until: Instant,
}

impl Reviews {
    pub(crate) fn new(depot: Depot) -> Self {
        let under_way = Arc::new(Semaphore::new(UNDER_WAY));
        Self {
            depot,
            known: Arc::default(),
            under_way,
        }
    }

    /// Tells whose a token is. A gateway that was known stays one while the depot does not answer:
    /// a token that has expired since is of no use to anybody but its old bearer.
    pub(crate) async fn judge(&self, token: &str) -> Verdict {
        if token.is_empty() || token.len() > TOKEN_BYTES {
            return Verdict::Stranger;
        }
        // The token itself is not kept.
        let digest = digest::of_bytes(token.as_bytes()).sha256;
        if let Some(verdict) = self.remembered(&digest) {
            return verdict;
        }
        // Whoever sends many wrong tokens waits in line, and asks the depot no faster than this.
        let Ok(_turn) = self.under_way.acquire().await else {
            return Verdict::Unknown;
        };
        if let Some(verdict) = self.remembered(&digest) {
            return verdict;
        }
        match self.depot.review(token.to_owned()).await {
            Ok(reply) if reply.gateway => {
                let kept = Duration::from_secs(reply.cache_seconds).min(TRUSTED);
                self.remember(digest, Verdict::Gateway, kept)
            }
            Ok(_) => self.remember(digest, Verdict::Stranger, REFUSED),
            Err(error) => {
                tracing::warn!(%error, "a gateway's token could not be reviewed");
                let known = self.known().get(&digest).copied();
                known.map_or(Verdict::Unknown, |known| known.verdict)
            }
        }
    }

    fn remembered(&self, digest: &str) -> Option<Verdict> {
        let known = self.known().get(digest).copied()?;
        (Instant::now() < known.until).then_some(known.verdict)
    }

    fn remember(&self, digest: String, verdict: Verdict, kept: Duration) -> Verdict {
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            // Strangers go first: they are the ones that can be many.
            known.retain(|_, known| known.verdict == Verdict::Gateway);
            let oldest = known.iter().min_by_key(|(_, known)| known.until);
            let oldest = oldest.map(|(digest, _)| digest.clone());
            if let Some(oldest) = oldest.filter(|_| known.len() >= REMEMBERED) {
                known.remove(&oldest);
            }
        }
        known.insert(
            digest,
            Known {
                verdict,
                until: Instant::now() + kept,
            },
        );
        verdict
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
