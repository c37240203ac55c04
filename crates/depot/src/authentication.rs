//! Proves who calls: token → pod → controller owners by uid → Function. Positive answers are kept for a short while.
//!
//! Labels and annotations of pods are tenants' to write and are not read. What a request says of its sender is not read
//! either.

mod owners;

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anneal_protocol::{AGENT_AUDIENCE, DEPOT_AUDIENCE, FunctionRef};
use anneal_store::{Clock, Sha256Digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;
use snafu::Snafu;
use tokio::sync::Semaphore;

use crate::{
    args::Accounts,
    caller::{Caller, PodCaller},
    cluster::{Cluster, Reviewed},
    refusal::{Chain, Refusal, Result},
};

/// How long a positive answer is good.
const KEEP: Duration = Duration::from_secs(30);
/// Callers that are kept; past this the oldest answers go.
const CALLERS: usize = 20_000;
/// Reviews at once.
const REVIEWS: usize = 32;
/// A service-account token has about one kilobyte.
const LONGEST_TOKEN: usize = 16 << 10;
/// For how long an agent may believe an answer about a gateway whose token says nothing of its end.
const REVIEW_DEFAULT: u64 = 60;
/// For how long at most.
const REVIEW_LONGEST: u64 = 3600;

/// A service account, `NAMESPACE/NAME`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ServiceAccount(String);

/// Why a text names no service account.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Snafu)]
#[snafu(display("a service account is NAMESPACE/NAME"))]
pub(crate) struct ParseAccountError;

impl FromStr for ServiceAccount {
    type Err = ParseAccountError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((namespace, name))
                if !namespace.is_empty() && !name.is_empty() && !name.contains(['/', ':']) && !namespace.contains(':') =>
            {
                Ok(Self(format!("system:serviceaccount:{namespace}:{name}")))
            }
            _ => Err(ParseAccountError),
        }
    }
}

impl ServiceAccount {
    fn is(&self, username: &str) -> bool {
        self.0 == username
    }
}

/// Namespace of a service account's user name.
fn namespace(username: &str) -> Option<&str> {
    let (namespace, _) = username.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some(namespace)
}

/// Proves callers.
pub(crate) struct Authenticator {
    cluster: Cluster,
    accounts: Accounts,
    clock: Clock,
    kept: Mutex<HashMap<Sha256Digest, (Timestamp, Caller)>>,
    /// Bounds what strangers with bad tokens can make the apiserver do.
    reviews: Semaphore,
}

impl Authenticator {
    pub(crate) fn new(cluster: Cluster, accounts: Accounts, clock: Clock) -> Self {
        Self {
            cluster,
            accounts,
            clock,
            kept: Mutex::default(),
            reviews: Semaphore::new(REVIEWS),
        }
    }

    /// Who has this token.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Caller> {
        let name = Sha256Digest::of(token.as_bytes());
        if let Some(caller) = self.recall(name) {
            return Ok(caller);
        }
        let reviewed = self
            .review(token, DEPOT_AUDIENCE)
            .await?
            .ok_or_else(|| Refusal::unauthenticated("the token is not good here"))?;
        let caller = if self.accounts.controller.is(&reviewed.username) {
            Caller::Controller
        } else {
            Caller::Pod(self.pod(&reviewed).await?)
        };
        self.keep(name, &caller);
        Ok(caller)
    }

    /// Whether this token is a gateway's, and for how many seconds that may be believed.
    pub(crate) async fn is_gateway(&self, token: &str) -> Result<(bool, u64)> {
        let reviewed = self.review(token, AGENT_AUDIENCE).await?;
        let gateway = self
            .accounts
            .gateway
            .as_ref()
            .zip(reviewed)
            .is_some_and(|(account, reviewed)| account.is(&reviewed.username));
        let left = token_end(token).map_or(REVIEW_DEFAULT, |end| {
            u64::try_from(end.saturating_sub(self.clock.now().as_second())).unwrap_or_default()
        });
        Ok((gateway, if gateway { left.min(REVIEW_LONGEST) } else { 0 }))
    }

    /// Refuses if the Function is gone or being deleted: asked anew where a grant would outlive it.
    pub(crate) async fn check_alive(&self, function: &FunctionRef) -> Result<()> {
        owners::check_function(&self.cluster, function).await
    }

    async fn review(&self, token: &str, audience: &str) -> Result<Option<Reviewed>> {
        if token.is_empty() || token.len() > LONGEST_TOKEN {
            return Ok(None);
        }
        let _turn = self.reviews.acquire().await;
        self.cluster.review(token, audience).await.map_err(|error| unavailable(&error))
    }

    async fn pod(&self, reviewed: &Reviewed) -> Result<PodCaller> {
        let stranger = || Refusal::forbidden("the token belongs to no pod of a Function");
        let namespace = namespace(&reviewed.username).ok_or_else(stranger)?;
        let (name, uid) = reviewed.pod.as_ref().ok_or_else(stranger)?;
        owners::follow(&self.cluster, namespace, name, uid).await
    }

    fn recall(&self, name: Sha256Digest) -> Option<Caller> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&name)
            .filter(|(end, _)| *end > self.clock.now())
            .map(|(_, caller)| caller.clone())
    }

    fn keep(&self, name: Sha256Digest, caller: &Caller) {
        let now = self.clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CALLERS {
            kept.retain(|_, (end, _)| *end > now);
        }
        if kept.len() < CALLERS {
            kept.insert(name, (now + KEEP, caller.clone()));
        }
    }
}

fn unavailable(error: &crate::cluster::Error) -> Refusal {
    tracing::warn!(error = %Chain(error), "the apiserver failed");
    Refusal::unavailable("the apiserver does not answer")
}

/// When a token ends, by its own word: it is read only after the apiserver has found the token good.
fn token_end(token: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Claims>(&payload).ok().map(|claims| claims.exp)
}

#[cfg(test)]
mod tests;
