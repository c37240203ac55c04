//! The bounded queue of folds. One fold of a subject runs at a time; a subject waits at most once.
//!
//! What does not fit is dropped: the next sweep finds it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anneal_protocol::FunctionRef;
use anneal_telemetry::prometheus::IntGauge;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    annotate,
    api::Depot,
    fold::{self, Fold, Outcome},
    layout::{Layout, Subject},
    refusal::Chain,
};

/// Folds that may wait.
const LENGTH: usize = 4096;

/// One subject of one Function.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct FoldKey {
    pub(crate) function: FunctionRef,
    pub(crate) subject: Subject,
}

impl FoldKey {
    fn label(&self) -> &'static str {
        match self.subject {
            Subject::Profile { .. } => "profile",
            Subject::Metadata { .. } => "metadata",
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// It waits.
    Waiting,
    /// It runs.
    Running,
    /// It runs, and there was news since.
    RunningWithNews,
}

/// Folds that wait or run.
pub(crate) struct FoldQueue {
    sender: mpsc::Sender<FoldKey>,
    receiver: AsyncMutex<mpsc::Receiver<FoldKey>>,
    phases: Mutex<HashMap<FoldKey, Phase>>,
    length: IntGauge,
}

impl FoldQueue {
    pub(crate) fn new(length: IntGauge) -> Self {
        let (sender, receiver) = mpsc::channel(LENGTH);
        Self {
            sender,
            receiver: AsyncMutex::new(receiver),
            phases: Mutex::default(),
            length,
        }
    }

    /// Asks for a fold; never waits.
    pub(crate) fn notify(&self, key: FoldKey) {
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        match phases.get_mut(&key) {
            Some(phase @ Phase::Running) => *phase = Phase::RunningWithNews,
            Some(Phase::Waiting | Phase::RunningWithNews) => {}
            None => {
                if self.sender.try_send(key.clone()).is_ok() {
                    phases.insert(key, Phase::Waiting);
                    self.length.inc();
                }
            }
        }
    }

    /// The next fold.
    pub(crate) async fn next(&self) -> Option<FoldKey> {
        let key = self.receiver.lock().await.recv().await?;
        let mut phases = self.phases.lock().unwrap_or_else(PoisonError::into_inner);
        phases.insert(key.clone(), Phase::Running);
        self.length.dec();
        Some(key)
    }

    /// A fold has ended.
    pub(crate) fn finish(&self, key: FoldKey) {
        let phase = self.phases.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        if phase == Some(Phase::RunningWithNews) {
            self.notify(key);
        }
    }
}

/// Folds what the queue brings, until stopped.
pub(crate) async fn work(depot: Arc<Depot>, stop: CancellationToken) {
    while let Some(Some(key)) = stop.run_until_cancelled(depot.queue.next()).await {
        // A fold may be cut anywhere: stopping does not wait for it.
        let Some(outcome) = stop.run_until_cancelled(run(&depot, &key)).await else {
            return;
        };
        let label = key.label();
        let end = match &outcome {
            Ok(outcome) if outcome.head.is_some() => "committed",
            Ok(_) => "unchanged",
            Err(error) => error.category(),
        };
        depot.metrics.folds.with_label_values(&[label, end]).inc();
        match outcome {
            Ok(outcome) => {
                depot
                    .metrics
                    .uploads
                    .with_label_values(&[label, "folded"])
                    .inc_by(outcome.folded.len() as u64);
                depot
                    .metrics
                    .uploads
                    .with_label_values(&[label, "quarantined"])
                    .inc_by(outcome.quarantined);
                if let Some(head) = &outcome.head {
                    tracing::info!(
                        subject = label,
                        namespace = key.function.namespace,
                        function = key.function.name,
                        inputs = head.inputs.len(),
                        "merged"
                    );
                }
                annotate::raise(&depot, &key, &outcome).await;
                let more = outcome.more;
                depot.queue.finish(key.clone());
                if more {
                    depot.queue.notify(key);
                }
            }
            Err(error) => {
                tracing::warn!(subject = label, category = error.category(), error = %Chain(&error), "a fold failed; the next sweep tries again");
                depot.queue.finish(key);
            }
        }
    }
}

/// One fold.
pub(crate) async fn run(depot: &Depot, key: &FoldKey) -> fold::Result<Outcome> {
    let shelf = Layout::of(&key.function)?.shelf(key.subject)?;
    let fold = Fold {
        store: &*depot.store,
        verifier: &depot.verifier,
        folders: &*depot.folders,
        clock: &depot.clock,
        limits: &depot.limits.fold,
        key,
        shelf: &shelf,
    };
    fold.run().await
}

#[cfg(test)]
mod tests {
    use anneal_store::Sha256Digest;

    use super::*;

    fn key(name: &str) -> FoldKey {
        let function = FunctionRef {
            namespace: "shop".into(),
            name: name.into(),
            uid: "u".into(),
        };
        FoldKey {
            function,
            subject: Subject::Profile {
                build: Sha256Digest::of(b"build"),
            },
        }
    }

    #[tokio::test]
    async fn a_subject_waits_once_and_runs_once() {
        let queue = FoldQueue::new(IntGauge::new("length", "length").unwrap());
        queue.notify(key("a"));
        queue.notify(key("a"));
        queue.notify(key("b"));
        assert_eq!((queue.length.get(), queue.next().await), (2, Some(key("a"))));
        queue.notify(key("a"));
        assert_eq!(
            (queue.length.get(), queue.next().await),
            (1, Some(key("b"))),
            "a runs: it does not wait too"
        );
        queue.finish(key("a"));
        assert_eq!(queue.next().await, Some(key("a")), "the news came while it ran");
        queue.finish(key("a"));
        queue.finish(key("b"));
        assert_eq!((queue.length.get(), queue.phases.lock().unwrap().len()), (0, 0));
    }

    #[tokio::test]
    async fn drops_what_does_not_fit() {
        let queue = FoldQueue::new(IntGauge::new("length", "length").unwrap());
        for number in 0..=LENGTH {
            queue.notify(key(&number.to_string()));
        }
        assert_eq!(queue.phases.lock().unwrap().len(), LENGTH);
    }
}
