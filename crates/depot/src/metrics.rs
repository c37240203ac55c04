//! What the depot counts. Labels come from closed sets.

use anneal_telemetry::{
    Registry,
    prometheus::{self, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts},
};
use snafu::ResultExt;

use crate::error::{RegisterMetricSnafu, Result};

/// The depot's metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Calls by `call` and `outcome`.
    pub(crate) requests: IntCounterVec,
    /// Seconds by `call`.
    pub(crate) request_seconds: HistogramVec,
    /// Folds by `subject` and `outcome`.
    pub(crate) folds: IntCounterVec,
    /// Uploads by `subject` and `outcome`: folded, quarantined.
    pub(crate) uploads: IntCounterVec,
    /// Windows lost, by `cause`.
    pub(crate) losses: IntCounterVec,
    /// Folds that wait.
    pub(crate) queue: IntGauge,
    /// Sweeps by `sweep` and `outcome`.
    pub(crate) sweeps: IntCounterVec,
    /// Objects removed, by `cause`.
    pub(crate) removed: IntCounterVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| -> prometheus::Result<IntCounterVec> {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let register = || -> prometheus::Result<Self> {
            let seconds = HistogramOpts::new("anneal_depot_request_seconds", "Seconds that calls take.");
            let request_seconds = HistogramVec::new(seconds, &["call"])?;
            registry.register(Box::new(request_seconds.clone()))?;
            let queue = IntGauge::new("anneal_depot_fold_queue_length", "Folds that wait.")?;
            registry.register(Box::new(queue.clone()))?;
            Ok(Self {
                requests: counter("anneal_depot_requests_total", "Calls of the depot's API.", &["call", "outcome"])?,
                request_seconds,
                folds: counter("anneal_depot_folds_total", "Folds by their end.", &["subject", "outcome"])?,
                uploads: counter(
                    "anneal_depot_uploads_total",
                    "Profiles and metadata by their end.",
                    &["subject", "outcome"],
                )?,
                losses: counter("anneal_depot_lost_windows_total", "Windows without a profile.", &["cause"])?,
                queue,
                sweeps: counter("anneal_depot_sweeps_total", "Sweeps by their end.", &["sweep", "outcome"])?,
                removed: counter("anneal_depot_removed_objects_total", "Objects removed from the store.", &["cause"])?,
            })
        };
        register().context(RegisterMetricSnafu)
    }
}
