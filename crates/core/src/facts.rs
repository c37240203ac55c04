//! What is seen: the store through the depot, children through the apiserver, gateways through their reports.

use std::collections::BTreeMap;

use crate::{
    digest::{BuildKey, Digest},
    revision::{Handler, Revision},
    spec::HandlerRequest,
    stage::{Code, Stage},
    state::{Artifact, Latency},
};

/// Something that may not be known at the moment. Not knowing is never the same as knowing that it is not there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Known<T> {
    /// Who could say does not answer.
    #[default]
    Unknown,
    /// So it is.
    Known(T),
}

impl<T> Known<T> {
    /// The value, if it is known.
    pub const fn as_option(&self) -> Option<&T> {
        match self {
            Self::Unknown => None,
            Self::Known(value) => Some(value),
        }
    }
}

/// Everything that is seen at one visit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Observed {
    /// The ConfigMap of a ConfigMap source.
    pub config_map: Known<Option<Digest>>,
    /// The jar as resolved for the present handler request.
    pub jar: Known<Option<JarFact>>,
    /// Merged reachability metadata of the present jar.
    pub metadata: Known<Option<MetadataFact>>,
    /// Builds that were asked for and answered.
    pub builds: BTreeMap<BuildKey, Option<BuildFact>>,
    /// Merged profiles that were asked for and answered.
    pub profiles: BTreeMap<BuildKey, ProfileFact>,
    /// Jobs of this Function.
    pub jobs: Vec<Job>,
    /// Executor Deployments of this Function by name.
    pub executors: BTreeMap<String, Executor>,
    /// Every gateway pod that exists.
    pub gateways: Known<Vec<Gateway>>,
    /// Requests that ended, as far as was counted, by Deployment; what is not in it has had none.
    pub requests: Known<BTreeMap<String, u64>>,
    /// Latency by Deployment.
    pub latency: BTreeMap<String, Latency>,
}

/// What the depot is asked before a plan is made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Questions {
    /// The jar for a handler request.
    pub jar: Option<(Digest, HandlerRequest)>,
    /// Builds.
    pub builds: Vec<BuildKey>,
    /// Merged profiles of instrumented builds.
    pub profiles: Vec<BuildKey>,
    /// Metadata of a jar.
    pub metadata: Option<Digest>,
}

/// A resolved jar.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JarFact {
    /// The jar.
    pub jar: Digest,
    /// The entry jar.
    pub entry: Option<Digest>,
    /// What is called.
    pub handler: Handler,
}

/// Merged metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetadataFact {
    /// Digest of the merged set.
    pub digest: Digest,
    /// Windows of tracers that are merged in it.
    pub windows: u64,
    /// Documents in it of executables that met an element which was not registered.
    pub missing: u64,
}

/// What the store says of a build.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BuildFact {
    /// It is committed; the stage in it is filled in by the plan.
    Committed(CommittedBuild),
    /// Never again.
    Rejected {
        /// Why, one word as it was recorded.
        reason: String,
    },
}

/// A commit without its stage.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommittedBuild {
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

impl CommittedBuild {
    /// The artifact of a stage.
    pub fn artifact(&self, stage: Stage, key: &BuildKey) -> Artifact {
        Artifact {
            stage,
            key: key.clone(),
            digest: self.digest.clone(),
            bytes: self.bytes,
            seconds: self.seconds,
            peak_memory_bytes: self.peak_memory_bytes,
            pgo: self.pgo.clone(),
            applicability_basis_points: self.applicability_basis_points,
            relevance_basis_points: self.relevance_basis_points,
        }
    }
}

/// A merged profile.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ProfileFact {
    /// Digest of the merge; none while there is no profile.
    pub digest: Option<Digest>,
    /// Profiles merged.
    pub count: u64,
    /// Event mass.
    pub events: u64,
    /// Whole percent.
    pub overlap_percent: Option<u64>,
    /// Whole percent.
    pub new_context_percent: Option<u64>,
    /// In quarantine.
    pub rejected: u64,
    /// Why the newest is there.
    pub rejected_reason: Option<String>,
    /// Windows that yielded none.
    pub lost: u64,
}

/// A Job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// What it does.
    pub code: Code,
    /// For which key.
    pub key: BuildKey,
    /// Which attempt.
    pub attempt: u64,
    /// Memory limit of its pod.
    pub memory_mebibytes: u64,
    /// Seconds its compiler may take.
    pub timeout_seconds: u64,
    /// How it goes.
    pub state: JobState,
    /// Whether it is being deleted.
    pub deleting: bool,
}

/// How a Job goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JobState {
    /// It has not ended, and its pod has no node: none has room for it, or it could not be made.
    Waiting,
    /// It has not ended.
    Running,
    /// It ended well.
    Succeeded {
        /// When, in seconds since the epoch.
        at: i64,
    },
    /// It failed.
    Failed {
        /// When, in seconds since the epoch.
        at: i64,
        /// Why.
        failure: Failure,
    },
}

impl JobState {
    /// Whether nothing more comes of it.
    pub fn has_ended(&self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// Why a Job failed: what its agent said, or what happened to its pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The source could not be fetched.
    SourceUnavailable,
    /// The source may not be fetched.
    SourceForbidden,
    /// Other bytes than demanded.
    DigestMismatch,
    /// Not a jar, or one that breaks a limit.
    JarInvalid,
    /// Nothing to call.
    NoHandler,
    /// Several things to call.
    AmbiguousHandler {
        /// What they are.
        candidates: Vec<String>,
    },
    /// The named handler is not there.
    HandlerNotFound,
    /// The compiler ended with an error.
    BuildFailed {
        /// Its exit code.
        exit: i32,
    },
    /// Out of memory.
    OutOfMemory,
    /// No executable was left.
    NoArtifact,
    /// Not in time.
    Timeout,
    /// No profile-guided optimization in this edition.
    PgoUnavailable,
    /// The profile was not applied.
    PgoNotApplied,
    /// The compiler refused the profile.
    ProfileRefused,
    /// An input, the depot or the store did not answer.
    Unavailable,
    /// The pod was lost or evicted before it could say anything.
    Disrupted,
    /// The pod's image cannot be pulled or its container not be made.
    NotStarted,
    /// Anything else.
    Fault,
}

/// An executor Deployment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Executor {
    /// Stage.
    pub stage: Stage,
    /// Build key.
    pub key: BuildKey,
    /// Digest of its [`crate::template::Template`].
    pub template: Digest,
    /// Version of the rendered pod.
    pub version: u64,
    /// Image its agent comes from.
    pub agent_image: String,
    /// The revision it records, as [`Revision::as_recorded_at`] its stage.
    pub revision: Option<Revision>,
    /// Replicas asked for.
    pub replicas: u32,
    /// Pods that exist, ending ones too.
    pub pods: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// What keeps pods from being ready.
    pub trouble: Option<Trouble>,
    /// Whether it is being deleted.
    pub deleting: bool,
}

/// What keeps an executor from being ready.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The function's process ends, is not healthy or fails its warm-up, again and again.
    Crashing {
        /// Restarts of the pod that restarted most.
        restarts: u32,
        /// How it ended the last time.
        cause: CrashCause,
    },
    /// The image cannot be pulled.
    ImageUnavailable,
    /// The container cannot be made: a Secret, ConfigMap or key that `env` names is missing.
    ConfigInvalid,
    /// No node has room.
    Unschedulable,
    /// The agent cannot reach the depot or its inputs.
    InputUnavailable,
}

/// How an executor's child ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CrashCause {
    /// By itself.
    Exited {
        /// Exit code.
        exit: i32,
    },
    /// It did not become healthy.
    NotHealthy,
    /// A warm-up request was not answered with success.
    SmokeFailed,
    /// It used more memory than it may.
    OutOfMemory,
}

/// A gateway pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gateway {
    /// Its pod's name.
    pub name: String,
    /// The route generation it follows; none while it has not said so.
    pub generation: Option<i64>,
}
