//! The authorities as a process knows them, and its own certificate from them: both are kept current without a restart.

use std::{fmt::Display, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{Authorities, Identity, RENEW_SECONDS, Result};

/// Between two looks at where the authorities are kept.
const LOOK: Duration = Duration::from_secs(60);
/// The same while there is nothing: the first seconds of an install.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Looks in vain between two words about it.
const WORDS: u32 = 30;

/// The authorities as far as they are known. Clones are the same.
#[derive(Clone, Debug)]
pub struct Held(Arc<watch::Sender<Option<Arc<Authorities>>>>);

impl Default for Held {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Held {
    /// From now on they are these.
    pub fn set(&self, authorities: Authorities) {
        self.0.send_if_modified(|held| {
            let changed = held.as_deref() != Some(&authorities);
            if changed {
                *held = Some(Arc::new(authorities));
            }
            changed
        });
    }

    /// What they are.
    pub fn get(&self) -> Option<Arc<Authorities>> {
        self.0.borrow().clone()
    }

    /// What clients trust.
    pub fn bundle(&self) -> Option<String> {
        self.get().map(|authorities| authorities.bundle())
    }
}

/// Keeps `held` as `read` says, for ever. What is there once stays through every outage.
pub async fn follow<R, E>(held: &Held, read: impl Fn() -> R)
where
    R: Future<Output = Result<Option<Authorities>, E>>,
    E: Display,
{
    let mut vain = 0;
    loop {
        let found = read().await;
        if vain % WORDS == 0 {
            match &found {
                Ok(None) => tracing::warn!("waiting for the authorities: the controller that leads makes them"),
                Err(error) => tracing::warn!(%error, "the authorities cannot be read"),
                Ok(Some(_)) => {}
            }
        }
        vain = if let Ok(Some(authorities)) = found {
            held.set(authorities);
            0
        } else {
            vain + 1
        };
        sleep(if held.get().is_some() { LOOK } else { LOOK_AGAIN }).await;
    }
}

/// A server's own certificate.
pub struct Leaf {
    identity: Identity,
    names: Vec<String>,
    /// Who signed the one that is shown, and when it is replaced.
    shown: Option<(String, i64)>,
}

impl Leaf {
    /// For a server of these names, shown by `identity`.
    pub const fn new(identity: Identity, names: Vec<String>) -> Self {
        Self {
            identity,
            names,
            shown: None,
        }
    }

    /// Shows a new certificate if the time for that has come, or if another authority signs now.
    pub fn renew(&mut self, authorities: &Authorities, now: i64) -> Result<()> {
        let signer = authorities.signer(now);
        if matches!(&self.shown, Some((by, until)) if by == signer.name() && now < *until) {
            return Ok(());
        }
        self.identity.show(signer.issue(&self.names, now)?);
        self.shown = Some((signer.name().to_owned(), now + RENEW_SECONDS));
        tracing::info!(names = ?self.names, signer = signer.name(), "a new certificate is shown");
        Ok(())
    }
}

/// Keeps a server's certificate current, for ever.
pub async fn renew(mut leaf: Leaf, held: &Held, now: impl Fn() -> i64) {
    let mut changes = held.0.subscribe();
    loop {
        let authorities = changes.borrow_and_update().clone();
        if let Some(authorities) = authorities
            && let Err(error) = leaf.renew(&authorities, now())
        {
            tracing::error!(%error, "a certificate cannot be made");
        }
        // Whatever comes first: other authorities, or the next look at the clock.
        drop(timeout(LOOK, changes.changed()).await);
    }
}
