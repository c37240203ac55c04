//! Leadership by a Lease with optimistic concurrency: at most one controller acts.
//!
//! Time is measured by this process's own monotonic clock: a lease is somebody else's until it has not changed for its whole
//! duration, and ours only until the renew deadline after the last confirmed renewal. Who loses it ends its process.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use snafu::{ResultExt, Snafu};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// Name of the one lease of a cluster.
pub const NAME: &str = "anneal-controller";
/// A lease that is not renewed for so long is free.
pub(crate) const DURATION: Duration = Duration::from_secs(8);
/// Who cannot renew for so long has lost it: so long before another may take it that a write which began in time has ended.
pub(crate) const RENEW_DEADLINE: Duration = Duration::from_secs(5);
/// Between renewals.
const PAUSE: Duration = Duration::from_secs(1);
/// Between attempts to renew or to acquire.
const RETRY: Duration = Duration::from_millis(500);
/// Longest one call may take: a renewal that got no answer is tried a second time before the deadline.
const CALL: Duration = Duration::from_millis(1500);

/// Why the lease is not ours.
#[derive(Debug, Snafu)]
pub enum Error {
    /// It could not be renewed in time, or somebody else holds it.
    #[snafu(display("the lease is lost"))]
    Lost,
    /// The apiserver refuses.
    #[snafu(display("write the lease"))]
    Write {
        /// Why.
        source: kube::Error,
    },
    /// No answer in time.
    #[snafu(display("the apiserver does not answer"))]
    Silent {
        /// How long.
        source: tokio::time::error::Elapsed,
    },
}

/// Until when this process may write: read by everything that does.
#[derive(Clone, Default)]
pub struct Leadership(Arc<Mutex<Option<Instant>>>);

impl Leadership {
    /// Whether the lease was confirmed so lately that nobody else can have it.
    pub fn holds(&self) -> bool {
        self.lock().is_some_and(|confirmed| confirmed.elapsed() <= RENEW_DEADLINE)
    }

    /// For tests, and for an operator that runs alone.
    pub fn confirm(&self) {
        *self.lock() = Some(Instant::now());
    }

    fn confirmed_at(&self, at: Instant) {
        *self.lock() = Some(at);
    }

    fn end(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A candidate for leadership.
pub struct Candidate {
    leases: Api<Lease>,
    holder: String,
    leadership: Leadership,
    /// The last state of a lease that is not ours, and since when it has not changed.
    seen: Option<(Option<String>, Instant)>,
}

impl Candidate {
    /// A candidate; `holder` must differ between processes.
    pub fn new(client: Client, namespace: &str, holder: &str, leadership: Leadership) -> Self {
        Self {
            leases: Api::namespaced(client, namespace),
            holder: holder.to_owned(),
            leadership,
            seen: None,
        }
    }

    /// Waits until the lease is ours.
    pub async fn acquire(&mut self) -> Lease {
        loop {
            let asked = Instant::now();
            match self.attempt().await {
                Ok(Some(lease)) => {
                    self.leadership.confirmed_at(asked);
                    return lease;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the lease cannot be had yet"),
            }
            sleep(RETRY).await;
        }
    }

    /// Keeps renewing; ends only when the lease is lost, at the renew deadline at the latest.
    pub async fn hold(&self, mut lease: Lease) -> Error {
        let mut confirmed = Instant::now();
        loop {
            let Ok(Some(asked)) = timeout_at(confirmed + RENEW_DEADLINE, self.renew(&mut lease)).await else {
                self.leadership.end();
                return Error::Lost;
            };
            confirmed = asked;
            self.leadership.confirmed_at(asked);
        }
    }

    /// Renews the lease after a pause, however many attempts that takes; gives when that was asked for, or nothing when the
    /// lease is somebody else's.
    async fn renew(&self, lease: &mut Lease) -> Option<Instant> {
        sleep(PAUSE).await;
        loop {
            let asked = Instant::now();
            match self.write(self.renewed(lease)).await {
                Ok(Some(newer)) => {
                    *lease = newer;
                    return Some(asked);
                }
                // Somebody wrote it, perhaps ourselves in a call that timed out: look before giving up.
                Ok(None) => match self.look().await {
                    Some(found) if holder(&found) == Some(&self.holder) => *lease = found,
                    Some(_) => return None,
                    None => {}
                },
                Err(error) => tracing::warn!(%error, "the lease could not be renewed"),
            }
            sleep(RETRY).await;
        }
    }

    /// Gives the lease back, so that the next leader need not wait.
    pub async fn release(&self) {
        self.leadership.end();
        let Some(mut lease) = self.look().await.filter(|lease| holder(lease) == Some(&self.holder)) else {
            return;
        };
        lease.spec.get_or_insert_default().holder_identity = None;
        if let Err(error) = self.write(lease).await {
            tracing::info!(%error, "the lease could not be given back");
        }
    }

    async fn attempt(&mut self) -> Result<Option<Lease>, Error> {
        let found = timeout(CALL, self.leases.get_opt(NAME))
            .await
            .context(SilentSnafu)?
            .context(WriteSnafu)?;
        let Some(lease) = found else {
            let metadata = ObjectMeta {
                name: Some(NAME.to_owned()),
                ..ObjectMeta::default()
            };
            let lease = self.renewed(&Lease { metadata, spec: None });
            return match timeout(CALL, self.leases.create(&PostParams::default(), &lease))
                .await
                .context(SilentSnafu)?
            {
                Ok(lease) => Ok(Some(lease)),
                Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
                Err(error) => Err(error).context(WriteSnafu),
            };
        };
        let free = holder(&lease).is_none_or(str::is_empty) || holder(&lease) == Some(&self.holder) || self.has_expired(&lease);
        if free { self.write(self.renewed(&lease)).await } else { Ok(None) }
    }

    fn has_expired(&mut self, lease: &Lease) -> bool {
        let version = lease.metadata.resource_version.clone();
        let duration = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.lease_duration_seconds)
            .and_then(|seconds| u64::try_from(seconds).ok());
        let duration = duration.map_or(DURATION, Duration::from_secs);
        match &self.seen {
            Some((seen, since)) if *seen == version => since.elapsed() > duration,
            _ => {
                self.seen = Some((version, Instant::now()));
                false
            }
        }
    }

    fn renewed(&self, lease: &Lease) -> Lease {
        let mut lease = lease.clone();
        let now = MicroTime(now());
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        if spec.holder_identity.as_deref() != Some(&self.holder) {
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0) + 1);
            spec.acquire_time = Some(now.clone());
        }
        spec.holder_identity = Some(self.holder.clone());
        spec.lease_duration_seconds = i32::try_from(DURATION.as_secs()).ok();
        spec.renew_time = Some(now);
        lease
    }

    /// A replace with the version that was read: none when somebody else was faster.
    #[expect(clippy::disallowed_methods, reason = "compare-and-swap of the lease needs the whole object")]
    async fn write(&self, lease: Lease) -> Result<Option<Lease>, Error> {
        match timeout(CALL, self.leases.replace(NAME, &PostParams::default(), &lease))
            .await
            .context(SilentSnafu)?
        {
            Ok(lease) => Ok(Some(lease)),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            Err(error) => Err(error).context(WriteSnafu),
        }
    }

    async fn look(&self) -> Option<Lease> {
        timeout(CALL, self.leases.get(NAME)).await.ok()?.ok()
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref()
}

#[expect(clippy::disallowed_methods, reason = "the wall clock is only written for people to read")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[cfg(test)]
mod tests;
