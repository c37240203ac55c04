//! What a gate or a step of the plan looks at: the input, the decisions as they are by now, and what follows from both.

use crate::{
    attempt::{self, Budget, Mismatch, Progress},
    digest::{BuildKey, Digest},
    facts::{BuildFact, Executor, Failure, Job, Known, Observed, Trouble},
    names,
    plan::{Input, Resolution},
    reason::Reason,
    revision::Revision,
    spec::Wanted,
    stage::{Code, Stage},
    state::{Artifact, Placement, State},
    template::{self, Template},
};

/// The input, the decisions so far and the state of the source.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What is wanted, decided and seen.
    pub input: &'a Input,
    /// Decisions as they are by now.
    pub state: &'a State,
    /// What became of the source.
    pub resolution: &'a Resolution,
}

/// How far the build of a stage is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Build {
    /// Its inputs are not frozen yet.
    NotDue,
    /// It is in the store.
    Committed(Artifact),
    /// The depot does not say whether there is one.
    Unknown,
    /// An attempt is under way or to be made.
    Attempt(Progress),
    /// Never again.
    Rejected(Reason),
}

/// Whether every gateway follows the routes that stand in status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Settling {
    /// Every one does.
    Settled,
    /// These do not.
    Waiting(Vec<String>),
    /// It is not known which gateways there are.
    Unknown,
}

impl<'a> View<'a> {
    /// The validated spec, if it is valid.
    pub fn wanted(&self) -> Option<&'a Wanted> {
        self.input.spec.as_ref().ok()
    }

    /// The newest revision.
    pub fn revision(&self) -> Option<&'a Revision> {
        self.state.revision()
    }

    /// What is seen.
    pub const fn observed(&self) -> &'a Observed {
        &self.input.observed
    }

    /// The newest revision's key of a stage.
    pub fn key(&self, stage: Stage) -> Option<BuildKey> {
        self.revision()?.key(&self.input.identity.uid, stage)
    }

    /// Where the newest revision's executors of a stage run. A Deployment that exists for this key and template is kept, even
    /// if another operator version rendered it.
    pub fn placement(&self, stage: Stage) -> Option<Placement> {
        let key = self.key(stage)?;
        let template = Template::of(self.wanted()?, stage).digest();
        let existing = self.observed().executors.iter().filter(|(_, executor)| {
            (executor.stage, &executor.key, &executor.template, executor.deleting) == (stage, &key, &template, false)
        });
        let kept = existing
            .map(|(name, _)| name.clone())
            .max_by_key(|name| (self.input.state.routes_to(name), name.clone()));
        let deployment = kept.unwrap_or_else(|| {
            let pod = template::pod_digest(&template, &self.input.operator.agent_image, template::VERSION);
            names::deployment(&self.input.identity.name, &key, &pod)
        });
        Some(Placement { stage, key, deployment })
    }

    /// What ought to carry the normal requests at the stage reached.
    pub fn main(&self) -> Option<Placement> {
        let stable = self.state.stable.clone();
        let retraced = self.revision().is_some_and(|revision| revision.retrace.is_some());
        match self.state.stage {
            // What lacks a registration serves only until the JVM is ready.
            None | Some(Stage::HotspotAgent) if retraced => self.placement(Stage::Hotspot),
            None => stable,
            Some(Stage::HotspotAgent) if self.has_earlier_stable() => stable,
            Some(Stage::HotspotAgent | Stage::Hotspot) => self.placement(Stage::Hotspot),
            Some(Stage::Native | Stage::PgoInstrumented) => self.placement(Stage::Native),
            Some(Stage::PgoOptimized) => self.placement(Stage::PgoOptimized),
        }
    }

    /// Whether `stable` is of an earlier revision (or of a higher rung of the same inputs).
    pub fn has_earlier_stable(&self) -> bool {
        self.state
            .stable
            .as_ref()
            .is_some_and(|stable| Some(&stable.key) != self.key(Stage::Hotspot).as_ref())
    }

    /// A Deployment that exists and is not going.
    pub fn executor(&self, deployment: &str) -> Option<&'a Executor> {
        self.observed().executors.get(deployment).filter(|executor| !executor.deleting)
    }

    /// Ready pods of a Deployment.
    pub fn ready(&self, deployment: &str) -> u32 {
        self.executor(deployment).map_or(0, |executor| executor.ready)
    }

    /// What keeps a Deployment from being ready.
    pub fn trouble(&self, deployment: &str) -> Option<Trouble> {
        self.executor(deployment).and_then(|executor| executor.trouble)
    }

    /// How many executors a stage shall have.
    pub fn replicas(&self, stage: Stage) -> u32 {
        match (stage, self.wanted()) {
            (Stage::HotspotAgent, _) | (_, None) => 1,
            (Stage::PgoInstrumented, Some(wanted)) => wanted.instrumented.replicas.max(1),
            (Stage::Hotspot | Stage::Native | Stage::PgoOptimized, Some(wanted)) => wanted.replicas.max(1),
        }
    }

    /// The last rung wanted.
    pub fn target(&self) -> Stage {
        self.wanted().map_or(Stage::PgoOptimized, |wanted| wanted.target)
    }

    /// Whether the toolchain can instrument and optimize with profiles.
    pub fn has_pgo(&self) -> bool {
        self.wanted().is_some_and(|wanted| wanted.toolchain.edition.has_pgo())
    }

    /// How far the newest revision's build of a stage is.
    pub fn build(&self, stage: Stage) -> Build {
        let (Some(key), Some(revision), Some(wanted)) = (self.key(stage), self.revision(), self.wanted()) else {
            return Build::NotDue;
        };
        if let Some(artifact) = self.state.artifact(&key) {
            return Build::Committed(artifact.clone());
        }
        if let Some(rejected) = self.state.rejection(&key) {
            return Build::Rejected(rejected.reason);
        }
        let budget = Budget {
            now: self.input.now,
            epoch: revision.number,
            memory_mebibytes: wanted.build.memory_mebibytes,
            timeout_seconds: wanted.build.timeout_seconds,
            mismatch: Mismatch::Final,
        };
        let progress = attempt::progress(&self.jobs(stage.code(), &key), budget);
        match (self.observed().builds.get(&key), progress) {
            (Some(Some(BuildFact::Committed(build))), _) => Build::Committed(build.artifact(stage, &key)),
            (Some(Some(BuildFact::Rejected { reason })), _) => Build::Rejected(Reason::parse(reason).unwrap_or(Reason::BuildFailed)),
            (None, Progress::Start { .. } | Progress::Succeeded { .. }) => Build::Unknown,
            (_, Progress::GivenUp { failure, .. }) if is_final(&failure) => Build::Rejected(build_reason(&failure)),
            (_, progress) => Build::Attempt(progress),
        }
    }

    /// The Jobs of a key.
    pub fn jobs(&self, code: Code, key: &BuildKey) -> Vec<&'a Job> {
        self.observed()
            .jobs
            .iter()
            .filter(|job| job.code == code && job.key == *key)
            .collect()
    }

    /// Whether every gateway follows the routes that stand in status.
    pub fn settling(&self) -> Settling {
        let Known::Known(gateways) = &self.observed().gateways else {
            return Settling::Unknown;
        };
        let wanted = self.input.state.route_generation;
        // A newer one is no better: it is of routes that a lost status had, or that it will not have.
        let late = |generation: Option<i64>| generation != Some(wanted);
        let waiting: Vec<String> = gateways
            .iter()
            .filter(|gateway| late(gateway.generation))
            .map(|gateway| gateway.name.clone())
            .collect();
        if waiting.is_empty() {
            Settling::Settled
        } else {
            Settling::Waiting(waiting)
        }
    }

    /// The digest of the profile that is merged for the newest revision by now.
    pub fn merged_profile(&self) -> Option<&'a Digest> {
        let key = self.key(Stage::PgoInstrumented)?;
        self.observed().profiles.get(&key)?.digest.as_ref()
    }
}

/// Whether a failure follows from the build's key, so that it is recorded and no later attempt is made.
///
/// Memory and time are not part of the key: more of them may be given, so those failures are judged by the Jobs.
pub const fn is_final(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::BuildFailed { .. } | Failure::NoArtifact | Failure::PgoUnavailable | Failure::PgoNotApplied | Failure::ProfileRefused
    )
}

/// The reason of a failed build.
pub const fn build_reason(failure: &Failure) -> Reason {
    match failure {
        Failure::OutOfMemory => Reason::BuildOutOfMemory,
        Failure::NoArtifact => Reason::BuildNoArtifact,
        Failure::Timeout => Reason::BuildTimeout,
        Failure::PgoUnavailable => Reason::PGOUnavailable,
        Failure::PgoNotApplied => Reason::PGONotApplied,
        Failure::ProfileRefused => Reason::ProfileRefused,
        Failure::Unavailable | Failure::Disrupted | Failure::NotStarted | Failure::Fault => Reason::BuildDisrupted,
        Failure::BuildFailed { .. }
        | Failure::SourceUnavailable
        | Failure::SourceForbidden
        | Failure::DigestMismatch
        | Failure::JarInvalid
        | Failure::NoHandler
        | Failure::AmbiguousHandler { .. }
        | Failure::HandlerNotFound => Reason::BuildFailed,
    }
}
