//! What was decided and stands in `status`: authoritative, and the only memory of the plan.

use crate::{
    digest::{BuildKey, Digest},
    reason::Reason,
    revision::Revision,
    stage::Stage,
};

/// How many transitions are kept.
pub const HISTORY: usize = 20;
/// How many rejected builds are kept.
pub const REJECTED: usize = 16;
/// How many artifacts are kept.
pub const ARTIFACTS: usize = 16;

/// Decisions.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct State {
    /// The highest rung proven in the newest revision.
    pub stage: Option<Stage>,
    /// What a fault falls back to.
    pub stable: Option<Placement>,
    /// What was stable before, kept at no replicas.
    pub previous: Option<Placement>,
    /// What is being proven.
    pub candidate: Option<Placement>,
    /// Newest last.
    pub revisions: Vec<Revision>,
    /// Committed builds of the kept revisions.
    pub artifacts: Vec<Artifact>,
    /// How requests are split.
    pub traffic: Vec<Target>,
    /// Rises with each change of `traffic`.
    pub route_generation: i64,
    /// Builds that are never tried again.
    pub rejected: Vec<Rejected>,
    /// Newest last.
    pub history: Vec<Transition>,
}

impl State {
    /// The newest revision.
    pub fn revision(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// A committed build.
    pub fn artifact(&self, key: &BuildKey) -> Option<&Artifact> {
        self.artifacts.iter().find(|artifact| artifact.key == *key)
    }

    /// Why a build is never tried again.
    pub fn rejection(&self, key: &BuildKey) -> Option<&Rejected> {
        self.rejected.iter().find(|rejected| rejected.key == *key)
    }

    /// The target that carries the function's normal requests.
    pub fn main_target(&self) -> Option<&Target> {
        self.traffic
            .iter()
            .filter(|target| !target.windows)
            .max_by_key(|target| target.percent)
    }

    /// Whether requests go to a Deployment.
    pub fn routes_to(&self, deployment: &str) -> bool {
        self.traffic.iter().any(|target| target.placement.deployment == deployment)
    }
}

/// What runs, by the Deployment that runs it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Placement {
    /// Stage.
    pub stage: Stage,
    /// Build key.
    pub key: BuildKey,
    /// Deployment.
    pub deployment: String,
}

/// A share of the requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// Who gets it.
    pub placement: Placement,
    /// Percent.
    pub percent: u8,
    /// Whether the executors collect in windows.
    pub windows: bool,
}

/// A committed build.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Artifact {
    /// Stage.
    pub stage: Stage,
    /// Build key.
    pub key: BuildKey,
    /// Digest of the executable.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Seconds the compiler ran.
    pub seconds: u64,
    /// Peak memory.
    pub peak_memory_bytes: Option<u64>,
    /// What the compiler says of profile-guided optimization.
    pub pgo: Option<String>,
    /// Hundredths of a percent.
    pub applicability_basis_points: Option<u64>,
    /// Hundredths of a percent.
    pub relevance_basis_points: Option<u64>,
}

/// A build that is never tried again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejected {
    /// Build key.
    pub key: BuildKey,
    /// Stage.
    pub stage: Stage,
    /// Why.
    pub reason: Reason,
}

/// A move on the ladder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transition {
    /// Seconds since the epoch.
    pub time: i64,
    /// The rung left.
    pub from: Option<Stage>,
    /// The rung reached.
    pub to: Stage,
    /// Why.
    pub reason: Reason,
    /// Number of the revision.
    pub revision: u64,
    /// What runs now.
    pub key: BuildKey,
    /// Latency of what ran before.
    pub before: Option<Latency>,
}

/// Latency of one Deployment as the gateways counted it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Latency {
    /// Median.
    pub p50_micros: u64,
    /// 99th percentile.
    pub p99_micros: u64,
    /// Requests.
    pub count: u64,
}
