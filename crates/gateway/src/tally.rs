//! What was counted of one Deployment since this process started: only atomics, so that counting never waits.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use anneal_protocol::gateway::{Counts, Histogram};

/// Buckets of one power of two, as [`Histogram`] cuts them.
const OCTAVE: usize = 32;
/// Up to 2^36 microseconds (19 hours), far over the limit of a request.
const OCTAVES: usize = 32;

/// Cumulative counts of one Deployment.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    classes: [AtomicU64; 5],
    retries: AtomicU64,
    failures: AtomicU64,
    cancelled: AtomicU64,
    in_flight: AtomicU64,
    /// Most functions touch three or four octaves: the others are not allocated.
    latency: [OnceLock<Box<[AtomicU64; OCTAVE]>>; OCTAVES],
}

/// How a request that was sent ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The executor's whole answer was passed on.
    Answered { status: u16, micros: u64 },
    /// The executor gave no answer, or broke it off.
    Failed,
    /// The client went away first.
    Cancelled,
}

impl Tally {
    pub(crate) fn sent(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes [`Tally::sent`] back: no byte had left.
    pub(crate) fn withdrawn(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        match outcome {
            Outcome::Answered { status, micros } => {
                self.classes[usize::from(status / 100).clamp(1, 5) - 1].fetch_add(1, Ordering::Relaxed);
                self.bucket(Histogram::index(micros)).fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Failed => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Cancelled => {
                self.cancelled.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The counts as the controller gets them. `requests` is the sum of all ends, so they agree by construction.
    pub(crate) fn snapshot(&self) -> Counts {
        let classes = std::array::from_fn(|class| self.classes[class].load(Ordering::Relaxed));
        let (failures, cancelled) = (self.failures.load(Ordering::Relaxed), self.cancelled.load(Ordering::Relaxed));
        Counts {
            requests: classes.iter().sum::<u64>() + failures + cancelled,
            classes,
            retries: self.retries.load(Ordering::Relaxed),
            failures,
            cancelled,
            in_flight: self.in_flight.load(Ordering::Relaxed),
            latency: self.histogram(),
        }
    }

    fn bucket(&self, index: u16) -> &AtomicU64 {
        let index = usize::from(index).min(OCTAVE * OCTAVES - 1);
        let octave = self.latency[index / OCTAVE].get_or_init(|| Box::new(std::array::from_fn(|_| AtomicU64::new(0))));
        &octave[index % OCTAVE]
    }

    fn histogram(&self) -> Histogram {
        let mut histogram = Histogram::default();
        for (octave, buckets) in self.latency.iter().enumerate() {
            for (sub, bucket) in buckets.get().into_iter().flat_map(|buckets| buckets.iter().enumerate()) {
                let count = bucket.load(Ordering::Relaxed);
                if count > 0 {
                    histogram
                        .buckets
                        .insert(u16::try_from(octave * OCTAVE + sub).unwrap_or(u16::MAX), count);
                }
            }
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_that_was_sent_is_counted_once() {
        let tally = Tally::default();
        for _ in 0..7 {
            tally.sent();
        }
        for status in [200, 204, 404, 503] {
            tally.ended(Outcome::Answered {
                status,
                micros: u64::from(status) * 10,
            });
        }
        tally.ended(Outcome::Failed);
        tally.ended(Outcome::Cancelled);
        let counts = tally.snapshot();
        assert_eq!((counts.requests, counts.in_flight), (6, 1));
        assert_eq!((counts.classes, counts.failures, counts.cancelled), ([0, 2, 0, 1, 1], 1, 1));
        assert_eq!(counts.latency.count(), 4);
    }

    #[test]
    fn latency_falls_into_the_protocols_buckets() {
        let (tally, mut expected) = (Tally::default(), Histogram::default());
        for micros in [0, 31, 32, 999, 1_000_000, 300_000_000] {
            tally.sent();
            tally.ended(Outcome::Answered { status: 200, micros });
            expected.record(micros);
        }
        assert_eq!(tally.snapshot().latency, expected);
    }
}
