//! Figures of the controller. Labels come from closed enums only.

use anneal_core::stage::Stage;
use anneal_telemetry::prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, core::Collector};

/// How a visit ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Everything is as planned.
    Applied,
    /// The Function is being deleted.
    Deleting,
    /// It was not there any more.
    Gone,
    /// Something failed.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Deleting => "deleting",
            Self::Gone => "gone",
            Self::Failed => "failed",
        }
    }
}

/// Figures of the controller.
#[derive(Clone)]
pub struct Metrics {
    reconciles: IntCounterVec,
    seconds: HistogramVec,
    errors: IntCounterVec,
    transitions: IntCounterVec,
    status_writes: IntCounterVec,
    leads: IntGauge,
}

impl Metrics {
    /// Registers all figures.
    pub fn new(registry: &Registry) -> Result<Self, anneal_telemetry::prometheus::Error> {
        let counter = |name: &str, help: &str, label: &str| IntCounterVec::new(Opts::new(name, help), &[label]);
        let seconds = HistogramOpts::new("anneal_controller_reconcile_seconds", "Time one visit of a Function took.")
            .buckets(vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]);
        let metrics = Self {
            reconciles: counter("anneal_controller_reconciles_total", "Visits of Functions.", "outcome")?,
            seconds: HistogramVec::new(seconds, &["outcome"])?,
            errors: counter("anneal_controller_errors_total", "Visits that failed, by what failed.", "category")?,
            transitions: counter("anneal_controller_transitions_total", "Stages that were reached.", "stage")?,
            status_writes: counter("anneal_controller_status_writes_total", "Writes of a Function's status.", "kind")?,
            leads: IntGauge::new("anneal_controller_leader", "Whether this controller leads.")?,
        };
        let collectors: [Box<dyn Collector>; 6] = [
            Box::new(metrics.reconciles.clone()),
            Box::new(metrics.seconds.clone()),
            Box::new(metrics.errors.clone()),
            Box::new(metrics.transitions.clone()),
            Box::new(metrics.status_writes.clone()),
            Box::new(metrics.leads.clone()),
        ];
        collectors.into_iter().try_for_each(|collector| registry.register(collector))?;
        Ok(metrics)
    }

    /// A visit ended.
    pub fn visited(&self, outcome: Outcome, seconds: f64) {
        self.reconciles.with_label_values(&[outcome.as_str()]).inc();
        self.seconds.with_label_values(&[outcome.as_str()]).observe(seconds);
    }

    /// A visit failed.
    pub fn failed(&self, category: &'static str) {
        self.errors.with_label_values(&[category]).inc();
    }

    /// A stage was reached.
    pub fn reached(&self, stage: Stage) {
        self.transitions.with_label_values(&[stage.as_str()]).inc();
    }

    /// A status was written: for a decision, or only for its figures.
    pub fn wrote_status(&self, kind: &'static str) {
        self.status_writes.with_label_values(&[kind]).inc();
    }

    /// Whether this controller leads.
    pub fn set_leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }
}
