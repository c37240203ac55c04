//! One request on its way to one executor: whatever happens to it, it is counted once.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    endpoint::{Endpoint, Lease},
    metrics::Metrics,
    routes::{Deployment, Passage},
    tally::Outcome,
};

/// Holds the route's generation and the executor until the answer has been passed on.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Kept for its end only: the generation is in flight until then.
    _passage: Passage,
    lease: Lease,
    deployment: Arc<Deployment>,
    metrics: Arc<Metrics>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// No byte has left.
    Unsent,
    /// On its way.
    Sent { since: Instant },
    /// The executor's answer has begun.
    Answering { since: Instant, status: u16 },
    /// Over.
    Ended(Outcome),
}

impl Exchange {
    pub(crate) fn new(passage: Passage, lease: Lease, deployment: Arc<Deployment>, metrics: Arc<Metrics>) -> Self {
        Self {
            _passage: passage,
            lease,
            deployment,
            metrics,
            phase: Phase::Unsent,
        }
    }

    pub(crate) fn endpoint(&self) -> &Arc<Endpoint> {
        self.lease.endpoint()
    }

    pub(crate) fn deployment(&self) -> &Arc<Deployment> {
        &self.deployment
    }

    /// The request is about to leave.
    pub(crate) fn sent(&mut self) {
        self.phase = Phase::Sent { since: Instant::now() };
        self.lease.sent();
        self.deployment.tally.sent();
        self.metrics.in_flight.inc();
    }

    /// Takes [`Exchange::sent`] back: no byte had left.
    pub(crate) fn withdrawn(&mut self) {
        self.phase = Phase::Unsent;
        self.lease.withdrawn();
        self.deployment.tally.withdrawn();
        self.metrics.in_flight.dec();
    }

    /// The request will be sent again, to another executor.
    pub(crate) fn retried(&self) {
        self.deployment.tally.retried();
        self.metrics.retries.inc();
    }

    /// The head of an answer is here.
    pub(crate) fn answered(&mut self, status: u16) {
        if let Phase::Sent { since } = self.phase {
            self.phase = Phase::Answering { since, status };
        }
    }

    /// The answer was passed on to its end.
    pub(crate) fn complete(&mut self) {
        if let Phase::Answering { since, status } = self.phase {
            let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.phase = Phase::Ended(Outcome::Answered { status, micros });
        }
    }

    /// The executor did not answer, or broke off.
    pub(crate) fn fail(&mut self) {
        self.phase = Phase::Ended(Outcome::Failed);
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let outcome = match self.phase {
            Phase::Unsent => return,
            Phase::Sent { .. } | Phase::Answering { .. } => Outcome::Cancelled,
            Phase::Ended(outcome) => outcome,
        };
        self.deployment.tally.ended(outcome);
        self.metrics.in_flight.dec();
        self.metrics.ended(self.deployment.stage, outcome);
    }
}
