//! The gateway's metrics: no label has values that tenants choose.

use anneal_api::v1alpha1::Stage;
use anneal_telemetry::prometheus::{self, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::{refusal::Reason, tally::Outcome};

const STAGES: [Stage; 5] = [
    Stage::HotspotAgent,
    Stage::Hotspot,
    Stage::Native,
    Stage::PgoInstrumented,
    Stage::PgoOptimized,
];
const OUTCOMES: [&str; 7] = ["1xx", "2xx", "3xx", "4xx", "5xx", "failed", "cancelled"];

/// Every metric, found once and not at each request.
#[derive(Debug)]
pub(crate) struct Metrics {
    stages: [StageMetrics; 5],
    refused: IntCounterVec,
    pub(crate) retries: IntCounter,
    pub(crate) replays: IntCounterVec,
    pub(crate) missing_registrations: IntCounter,
    pub(crate) in_flight: IntGauge,
    pub(crate) waiting: IntGauge,
    pub(crate) connections: IntGauge,
    pub(crate) routes: IntGauge,
    pub(crate) watch_errors: IntCounterVec,
    pub(crate) reports: IntCounterVec,
}

#[derive(Debug)]
struct StageMetrics {
    outcomes: [IntCounter; 7],
    seconds: Histogram,
}

impl Metrics {
    /// Registers everything.
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "anneal_gateway_requests_total",
                "Requests that were sent to an executor, by how they ended.",
            ),
            &["stage", "outcome"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "anneal_gateway_request_seconds",
                "Time from sending a request to an executor to the end of its answer.",
            )
            .buckets(vec![
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
            ]),
            &["stage"],
        )?;
        let metrics = Self {
            stages: STAGES.map(|stage| {
                let label = label(stage);
                StageMetrics {
                    outcomes: OUTCOMES.map(|outcome| requests.with_label_values(&[label, outcome])),
                    seconds: seconds.with_label_values(&[label]),
                }
            }),
            refused: IntCounterVec::new(
                Opts::new("anneal_gateway_refused_total", "Requests that the gateway answered itself."),
                &["reason"],
            )?,
            retries: IntCounter::new("anneal_gateway_retries_total", "Requests sent again to another executor.")?,
            replays: IntCounterVec::new(
                Opts::new(
                    "anneal_gateway_replays_total",
                    "Requests that a native executable could not answer for want of a registration and that were to be sent to the JVM.",
                ),
                &["outcome"],
            )?,
            missing_registrations: IntCounter::new(
                "anneal_gateway_missing_registrations_total",
                "Answers of native executables that lacked a registration, whether they were sent to the JVM or passed on.",
            )?,
            in_flight: IntGauge::new("anneal_gateway_in_flight", "Requests sent and not answered.")?,
            waiting: IntGauge::new("anneal_gateway_waiting", "Requests that wait for an executor.")?,
            connections: IntGauge::new("anneal_gateway_connections", "Open client connections.")?,
            routes: IntGauge::new("anneal_gateway_routes", "Functions that are routed.")?,
            watch_errors: IntCounterVec::new(
                Opts::new("anneal_gateway_watch_errors_total", "Watches that broke and were taken up again."),
                &["resource"],
            )?,
            reports: IntCounterVec::new(Opts::new("anneal_gateway_reports_total", "Reports to controllers."), &["outcome"])?,
        };
        registry.register(Box::new(requests))?;
        registry.register(Box::new(seconds))?;
        for counters in [&metrics.replays, &metrics.refused, &metrics.watch_errors, &metrics.reports] {
            registry.register(Box::new(counters.clone()))?;
        }
        for counter in [&metrics.retries, &metrics.missing_registrations] {
            registry.register(Box::new(counter.clone()))?;
        }
        for gauge in [&metrics.in_flight, &metrics.waiting, &metrics.connections, &metrics.routes] {
            registry.register(Box::new(gauge.clone()))?;
        }
        Ok(metrics)
    }

    /// A request that had been sent is over.
    pub(crate) fn ended(&self, stage: Stage, outcome: Outcome) {
        let metrics = &self.stages[STAGES.iter().position(|known| *known == stage).unwrap_or(0)];
        let index = match outcome {
            Outcome::Answered { status, micros } => {
                #[expect(clippy::cast_precision_loss, reason = "at most some minutes")]
                metrics.seconds.observe(micros as f64 / 1e6);
                usize::from(status / 100).clamp(1, 5) - 1
            }
            Outcome::Failed => 5,
            Outcome::Cancelled => 6,
        };
        metrics.outcomes[index].inc();
    }

    /// The gateway answered by itself.
    pub(crate) fn refused(&self, reason: Reason) {
        self.refused.with_label_values(&[reason.name()]).inc();
    }
}

/// The stage as it is named everywhere.
pub(crate) const fn label(stage: Stage) -> &'static str {
    match stage {
        Stage::HotspotAgent => "HotspotAgent",
        Stage::Hotspot => "Hotspot",
        Stage::Native => "Native",
        Stage::PgoInstrumented => "PgoInstrumented",
        Stage::PgoOptimized => "PgoOptimized",
    }
}
