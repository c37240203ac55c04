//! The whole policy: from what is wanted, decided and seen to what shall be. Total and pure.
//!
//! A decision that others depend on (a revision, a frozen digest) is written first and acted upon at the next visit, so that
//! a crash in between never makes two of anything.

use std::collections::BTreeMap;

use crate::{
    digest::{BuildKey, Digest},
    facts::Observed,
    gates::{self, Report},
    reason::Reason,
    recovery,
    revision::{Inputs, Revision},
    spec::{Identity, Refusal, Source, Wanted},
    stage::{Code, Stage},
    state::{Placement, State},
    template::Template,
    view::{Settling, View},
};

mod advance;
mod children;
mod conditions;
mod retracing;
mod source;
mod traffic;
mod words;

pub use source::{Resolution, questions};

/// Everything that a plan follows from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Input {
    /// Now, in seconds since the epoch.
    pub now: i64,
    /// Whose plan it is.
    pub identity: Identity,
    /// What is wanted, or why that cannot be followed.
    pub spec: Result<Wanted, Refusal>,
    /// The operator itself.
    pub operator: Operator,
    /// What was decided.
    pub state: State,
    /// What is seen.
    pub observed: Observed,
}

/// What the operator brings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operator {
    /// Digest of the launcher jar.
    pub launcher: Digest,
    /// Image that agents are installed from.
    pub agent_image: String,
}

/// What shall be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// The decisions, to be written to status.
    pub state: State,
    /// Whether children are followed at all: not while the spec is refused, when the last good ones are left alone.
    pub scope: Scope,
    /// Jobs to be made.
    pub jobs: Vec<JobWish>,
    /// Jobs to be deleted.
    pub obsolete_jobs: Vec<String>,
    /// Executors by Deployment.
    pub executors: BTreeMap<String, ExecutorWish>,
    /// Builds the depot is to be told of.
    pub rejections: Vec<(BuildKey, Reason)>,
    /// Gates of the next edge.
    pub gates: Vec<Report>,
    /// All conditions.
    pub conditions: Vec<Condition>,
    /// What is collected.
    pub profiles: Option<ProfileReport>,
    /// One sentence.
    pub next: String,
    /// When to look again.
    pub wake: Wake,
}

/// Whether children are followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Children are made, kept and removed as the plan says.
    Follow,
    /// Children are left as they are.
    LeaveAlone,
}

/// A Job to be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobWish {
    /// Its name.
    pub name: String,
    /// Its letter.
    pub code: Code,
    /// Its key.
    pub key: BuildKey,
    /// Which attempt.
    pub attempt: u64,
    /// Memory limit.
    pub memory_mebibytes: u64,
    /// What it does.
    pub work: JobWork,
}

/// What a Job does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JobWork {
    /// Fetch the jar and find its handler.
    Resolve {
        /// Where it is.
        source: Source,
        /// The digest its bytes must have.
        sha256: Digest,
    },
    /// Run the compiler.
    Build {
        /// For which stage.
        stage: Stage,
        /// From what.
        inputs: Box<Inputs>,
        /// Merged metadata.
        metadata: Option<Digest>,
        /// The instrumented build and the profile merged from it.
        profile: Option<(BuildKey, Digest)>,
    },
}

/// Executors as they shall be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExecutorWish {
    /// What they run.
    pub placement: Placement,
    /// How many.
    pub replicas: Replicas,
    /// How their pods are rendered; absent for those of earlier revisions or operators, which stay as they were made.
    pub spec: Option<ExecutorSpec>,
}

/// How many executors there shall be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replicas {
    /// So many.
    Exactly(u32),
    /// As many as there are: gateways may still send to them.
    AsTheyAre,
    /// None, and the Deployment goes when the last pod has gone.
    Gone,
}

/// How an executor's pods are rendered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExecutorSpec {
    /// What the spec may change.
    pub template: Template,
    /// Version of the rendered pod.
    pub version: u64,
    /// Image the agent is installed from.
    pub agent_image: String,
    /// Image they run in.
    pub image: String,
    /// What is started.
    pub program: Program,
    /// The revision they belong to, as it is recorded at their stage.
    pub revision: Revision,
}

/// What an executor starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Program {
    /// The JVM.
    Jvm,
    /// The JVM with the tracing agent.
    TracedJvm,
    /// A committed build.
    Binary {
        /// Digest of the executable.
        digest: Digest,
        /// Its size.
        bytes: u64,
    },
}

/// Condition types, in the order they are written.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ConditionType {
    /// Something serves the function.
    Ready,
    /// The jar is stored and its handler known.
    SourceResolved,
    /// The build that is needed now is committed.
    Built,
    /// Enough profiles are merged.
    ProfilesSufficient,
    /// The target stage is reached.
    Optimized,
    /// Something is being done.
    Progressing,
    /// Only the user can help.
    Stalled,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Truth {
    /// It does.
    True,
    /// It does not.
    False,
    /// Nobody can say at the moment.
    Unknown,
}

/// A condition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Condition {
    /// Which.
    pub kind: ConditionType,
    /// Whether it holds.
    pub truth: Truth,
    /// One word.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
}

/// What is collected for the optimized build.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ProfileReport {
    /// Merged.
    pub count: u64,
    /// In quarantine.
    pub rejected: u64,
    /// Windows that yielded none.
    pub lost: u64,
    /// Digest of the merge.
    pub digest: Option<Digest>,
    /// Event mass.
    pub events: u64,
    /// Whole percent.
    pub overlap_percent: Option<u64>,
    /// Whole percent.
    pub new_context_percent: Option<u64>,
    /// What is missing.
    pub missing: Option<String>,
}

/// When to look again, beside when something changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wake {
    /// At once: a decision was taken and is to be acted upon.
    Now,
    /// After so many seconds.
    After(u64),
    /// When something changes.
    OnChange,
}

/// Something that acting on a plan met.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// One word.
    pub reason: Reason,
    /// One sentence.
    pub message: String,
}

/// What shall be.
pub fn plan(input: &Input) -> Plan {
    let resolution = source::resolve(input);
    let mut state = input.state.clone();
    let rejections = if let Some(rebuilt) = recovery::rebuild(&input.identity, &input.state, &input.observed) {
        state = rebuilt;
        advance::absorb(&mut state, input, &resolution)
    } else {
        advance::settle(&mut state, input, &resolution);
        advance::open_revision(&mut state, input, &resolution);
        let rejections = advance::absorb(&mut state, input, &resolution);
        advance::climb(&mut state, input, &resolution);
        traffic::split(&mut state, input, &resolution);
        rejections
    };
    advance::forget(&mut state, input);
    state.candidate = children::candidate(&View {
        input,
        state: &state,
        resolution: &resolution,
    });

    let view = View {
        input,
        state: &state,
        resolution: &resolution,
    };
    let gates = gates::next_edge(state.stage, view.target())
        .map(|to| gates::evaluate(&view, to))
        .unwrap_or_default();
    let (scope, children) = match &input.spec {
        Ok(_) => (Scope::Follow, children::children(&view)),
        Err(_) => (Scope::LeaveAlone, children::Children::default()),
    };
    let conditions = conditions::conditions(&view, &gates);
    let profiles = conditions::profiles(&view);
    let next = words::next(&view, &gates);
    let wake = wake(&view, &gates);
    Plan {
        scope,
        jobs: children.jobs,
        obsolete_jobs: children.obsolete_jobs,
        executors: children.executors,
        rejections,
        gates,
        conditions,
        profiles,
        next,
        wake,
        state,
    }
}

impl Plan {
    /// The plan with what acting on it met: while anything serves, a fault stops only progress, and waiting is progress.
    #[must_use]
    pub fn with_fault(mut self, fault: &Fault) -> Self {
        let serves = self.condition(ConditionType::Ready).is_some_and(|ready| ready.truth == Truth::True);
        let waits = fault.reason == Reason::PredecessorEnding;
        if serves || waits {
            self.set(ConditionType::Progressing, if waits { Truth::True } else { Truth::False }, fault);
        }
        if !serves {
            self.set(ConditionType::Ready, Truth::False, fault);
            if fault.reason.is_for_the_user() {
                self.set(ConditionType::Stalled, Truth::True, fault);
            }
        }
        self.next.clone_from(&fault.message);
        self
    }

    /// One condition.
    pub fn condition(&self, kind: ConditionType) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    fn set(&mut self, kind: ConditionType, truth: Truth, fault: &Fault) {
        if let Some(condition) = self.conditions.iter_mut().find(|condition| condition.kind == kind) {
            *condition = Condition {
                kind,
                truth,
                reason: fault.reason,
                message: fault.message.clone(),
            };
        }
    }
}

/// Seconds between visits while the depot is waited for.
const ASK_SECONDS: u64 = 10;
/// Seconds between visits while profiles are collected; the count annotation usually wakes earlier.
const COLLECT_SECONDS: u64 = 30;
/// Seconds between visits while gateways are waited for; their reports usually wake earlier.
const SETTLE_SECONDS: u64 = 5;

fn wake(view: &View<'_>, gates: &[Report]) -> Wake {
    let decided = |state: &State| {
        (
            state.stage,
            state.revisions.clone(),
            state.stable.clone(),
            state.traffic.clone(),
            state.rejected.len(),
        )
    };
    if view.input.spec.is_ok() && decided(view.state) != decided(&view.input.state) {
        return Wake::Now;
    }
    let held = gates
        .iter()
        .filter(|report| !report.verdict.is_pass())
        .filter_map(|report| match report.verdict.finding().reason {
            Reason::Collecting | Reason::ProfilesRejected | Reason::ProfilesLost => Some(COLLECT_SECONDS),
            Reason::StoreUnavailable | Reason::ApiUnavailable | Reason::Tracing | Reason::MissingRegistration | Reason::Retrying => {
                Some(ASK_SECONDS)
            }
            Reason::Committing | Reason::TrafficSettling => Some(SETTLE_SECONDS),
            _ => None,
        });
    let resolving = match view.resolution.verdict.finding().reason {
        Reason::StoreUnavailable | Reason::ApiUnavailable | Reason::Retrying => Some(ASK_SECONDS),
        Reason::Committing => Some(SETTLE_SECONDS),
        _ => None,
    };
    let settling = (view.settling() != Settling::Settled).then_some(SETTLE_SECONDS);
    let retracing = retracing::pause(view.state, view.input);
    held.chain(resolving)
        .chain(settling)
        .chain(retracing)
        .min()
        .map_or(Wake::OnChange, Wake::After)
}

#[cfg(test)]
mod tests;
