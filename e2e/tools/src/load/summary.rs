//! What the load generator reports: counts, failures, the order of stages, and latency by stage.

use std::{collections::BTreeMap, time::Duration};

use anneal_protocol::gateway::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::check::Verdict;

/// Failures that are kept with their reason.
const KEPT_FAILURES: usize = 500;

/// One answer, or the lack of one.
pub(crate) struct Sample {
    /// When the request was due, since the start.
    pub(crate) at: Duration,
    /// From then to the end of the answer.
    pub(crate) latency: Duration,
    /// `X-Anneal-Stage` of the answer.
    pub(crate) stage: Option<String>,
    /// What it was.
    pub(crate) verdict: Verdict,
}

/// Of all targets.
#[derive(Serialize)]
pub(crate) struct Summary {
    /// In the order of the configuration.
    pub(crate) targets: Vec<FinishedTarget>,
}

/// Of one target, while it runs.
#[derive(Clone)]
pub(crate) struct TargetSummary {
    name: String,
    started: Option<Instant>,
    requests: u64,
    failures: u64,
    gateway_retries: u64,
    samples: Vec<Failure>,
    stages: Vec<StageSeen>,
    latency: BTreeMap<String, (Histogram, u64)>,
}

/// Of one target.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FinishedTarget {
    name: String,
    /// Since the first request was due: the clock of every `atSeconds`.
    elapsed_seconds: f64,
    requests: u64,
    failures: u64,
    gateway_retries: u64,
    /// The first failures, with their reason.
    failure_samples: Vec<Failure>,
    /// Stages in the order of their first answer.
    stages: Vec<StageSeen>,
    latency: BTreeMap<String, Latency>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    /// When the request was due.
    at_seconds: f64,
    /// When it had failed.
    end_seconds: f64,
    reason: String,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct StageSeen {
    stage: String,
    at_seconds: f64,
}

/// Milliseconds.
#[derive(Serialize)]
struct Latency {
    p50: f64,
    p90: f64,
    p99: f64,
    mean: f64,
    count: u64,
}

impl TargetSummary {
    /// Nothing yet.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            started: None,
            requests: 0,
            failures: 0,
            gateway_retries: 0,
            samples: Vec::new(),
            stages: Vec::new(),
            latency: BTreeMap::new(),
        }
    }

    /// Starts the clock.
    pub(crate) fn start(&mut self, now: Instant) {
        self.started = Some(now);
    }

    /// Adds one answer.
    pub(crate) fn record(&mut self, sample: Sample) {
        self.requests += 1;
        let at_seconds = sample.at.as_secs_f64();
        match sample.verdict {
            Verdict::Passed { retries } => {
                self.gateway_retries += retries;
                let stage = sample.stage.unwrap_or_else(|| "unknown".to_owned());
                let (histogram, total) = self.latency.entry(stage.clone()).or_default();
                let micros = u64::try_from(sample.latency.as_micros()).unwrap_or(u64::MAX);
                histogram.record(micros);
                *total = total.saturating_add(micros);
                if !self.stages.iter().any(|seen| seen.stage == stage) {
                    self.stages.push(StageSeen { stage, at_seconds });
                }
            }
            Verdict::Failed(reason) => {
                self.failures += 1;
                if self.samples.len() < KEPT_FAILURES {
                    let end_seconds = (sample.at + sample.latency).as_secs_f64();
                    self.samples.push(Failure {
                        at_seconds,
                        end_seconds,
                        reason,
                    });
                }
            }
        }
    }

    /// The figures that are printed.
    pub(crate) fn finish(self) -> FinishedTarget {
        let latency = self
            .latency
            .into_iter()
            .map(|(stage, (histogram, total))| (stage, Latency::of(&histogram, total)))
            .collect();
        FinishedTarget {
            name: self.name,
            elapsed_seconds: self.started.map_or(0.0, |started| started.elapsed().as_secs_f64()),
            requests: self.requests,
            failures: self.failures,
            gateway_retries: self.gateway_retries,
            failure_samples: self.samples,
            stages: self.stages,
            latency,
        }
    }
}

impl Latency {
    #[expect(clippy::cast_precision_loss, reason = "microseconds below 2^53")]
    fn of(histogram: &Histogram, total_micros: u64) -> Self {
        let millis = |share| histogram.quantile(share).unwrap_or(0) as f64 / 1000.0;
        let count = histogram.count();
        Self {
            p50: millis(0.5),
            p90: millis(0.9),
            p99: millis(0.99),
            mean: total_micros as f64 / count.max(1) as f64 / 1000.0,
            count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(stage: &str, verdict: Verdict) -> Sample {
        Sample {
            at: Duration::from_secs(1),
            latency: Duration::from_millis(2),
            stage: Some(stage.to_owned()),
            verdict,
        }
    }

    #[test]
    fn counts_failures_apart_and_keeps_the_order_of_stages() {
        let mut summary = TargetSummary::new("hello");
        summary.record(sample("Hotspot", Verdict::Passed { retries: 0 }));
        summary.record(sample("Native", Verdict::Passed { retries: 1 }));
        summary.record(sample("Hotspot", Verdict::Passed { retries: 0 }));
        summary.record(sample("Native", Verdict::Failed("timeout".to_owned())));
        let finished = summary.finish();
        assert_eq!((finished.requests, finished.failures, finished.gateway_retries), (4, 1, 1));
        let order: Vec<_> = finished.stages.iter().map(|seen| seen.stage.as_str()).collect();
        assert_eq!(order, ["Hotspot", "Native"]);
        assert_eq!(finished.latency["Hotspot"].count, 2);
    }
}
