//! From the source that is wanted to a jar that is stored and whose handler is known.

use crate::{
    attempt::{self, Budget, Mismatch, Progress},
    digest::{BuildKey, Digest, Encoder},
    facts::{Failure, JarFact, Known, Observed, Questions},
    gates::{Verdict, failure_sentence},
    names,
    plan::{Input, JobWish, JobWork},
    reason::Reason,
    recovery,
    spec::{Identity, Refusal, Source, Wanted},
    stage::{Code, Stage},
    state::State,
};

/// Memory of a resolve pod.
const MEMORY_MEBIBYTES: u64 = 256;
/// Seconds that a resolve pod may take.
const TIMEOUT_SECONDS: u64 = 600;

/// What became of the source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolution {
    /// Whether the jar is stored and its handler known, in words.
    pub verdict: Verdict,
    /// The jar as the depot knows it.
    pub jar: Option<JarFact>,
    /// Key of the resolve Job for the present source, if the source is known.
    pub key: Option<BuildKey>,
    /// The Job to be made.
    pub job: Option<JobWish>,
}

impl Resolution {
    fn only(verdict: Verdict) -> Self {
        Self {
            verdict,
            jar: None,
            key: None,
            job: None,
        }
    }
}

/// What the depot is to be asked before a plan is made.
pub fn questions(identity: &Identity, wanted: Option<&Wanted>, state: &State, observed: &Observed) -> Questions {
    let config_map = &observed.config_map;
    let rebuilt = recovery::rebuild(identity, state, observed);
    let state = rebuilt.as_ref().unwrap_or(state);
    let jar = wanted.and_then(|wanted| Some((source_digest(&wanted.source, config_map).ok()?, wanted.handler.clone())));
    let newest = state.revision();
    let builds = newest
        .into_iter()
        .flat_map(|revision| revision.keys(&identity.uid))
        .filter(|(stage, _)| stage.is_built());
    let instrumented = newest.and_then(|revision| revision.key(&identity.uid, Stage::PgoInstrumented));
    Questions {
        jar,
        builds: builds.map(|(_, key)| key).collect(),
        profiles: instrumented.filter(|_| state.stage >= Some(Stage::Native)).into_iter().collect(),
        // Also when it is frozen: what executables lack is told by it.
        metadata: newest.map(|revision| revision.inputs.jar.clone()),
    }
}

/// The digest that the source has or must have.
fn source_digest(source: &Source, config_map: &Known<Option<Digest>>) -> Result<Digest, Verdict> {
    match source {
        Source::Http { sha256, .. } | Source::S3 { sha256, .. } => Ok(sha256.clone()),
        Source::ConfigMap { name, key, sha256 } => match config_map {
            Known::Unknown => Err(Verdict::hold(
                Reason::ApiUnavailable,
                format!("ConfigMap {name} cannot be read at the moment."),
            )),
            Known::Known(None) => Err(Verdict::fail(
                Reason::SourceMissing,
                format!("There is no ConfigMap {name} with the key {key}."),
            )),
            Known::Known(Some(found)) if sha256.as_ref().is_some_and(|demanded| demanded != found) => Err(Verdict::fail(
                Reason::DigestMismatch,
                format!("The key {key} of ConfigMap {name} has the digest {found}, not the one that sha256 names."),
            )),
            Known::Known(Some(found)) => Ok(found.clone()),
        },
    }
}

/// What became of the source.
pub(super) fn resolve(input: &Input) -> Resolution {
    let wanted = match &input.spec {
        Ok(wanted) => wanted,
        Err(Refusal::Invalid { message }) => return Resolution::only(Verdict::fail(Reason::InvalidSpec, message.clone())),
        Err(Refusal::ToolchainUnknown { name }) => {
            return Resolution::only(Verdict::fail(
                Reason::ToolchainUnknown,
                format!("The operator's configuration has no toolchain named {name}."),
            ));
        }
    };
    let digest = match source_digest(&wanted.source, &input.observed.config_map) {
        Ok(digest) => digest,
        Err(verdict) => return Resolution::only(verdict),
    };
    let key = resolve_key(input, wanted, &digest);
    let resolved = || Verdict::pass(Reason::Resolved, "The jar is stored and its handler is known.");
    match &input.observed.jar {
        Known::Known(Some(jar)) if jar.jar == digest => Resolution {
            verdict: resolved(),
            jar: Some(jar.clone()),
            key: Some(key),
            job: None,
        },
        Known::Known(_) => attempt_resolution(input, wanted, digest, key),
        Known::Unknown if is_resolved_by(input, &digest) => Resolution {
            verdict: resolved(),
            jar: None,
            key: Some(key),
            job: None,
        },
        Known::Unknown => Resolution {
            verdict: Verdict::hold(Reason::StoreUnavailable, "The depot does not say whether the jar is stored."),
            jar: None,
            key: Some(key),
            job: None,
        },
    }
}

/// Whether the newest revision was opened by this very spec and source, so that the depot need not be asked.
fn is_resolved_by(input: &Input, digest: &Digest) -> bool {
    input
        .state
        .revision()
        .is_some_and(|revision| revision.generation == input.identity.generation && revision.inputs.jar == *digest)
}

fn attempt_resolution(input: &Input, wanted: &Wanted, digest: Digest, key: BuildKey) -> Resolution {
    let jobs: Vec<_> = input
        .observed
        .jobs
        .iter()
        .filter(|job| job.code == Code::Resolve && job.key == key)
        .collect();
    let mismatch = match wanted.source {
        Source::ConfigMap { .. } => Mismatch::Passing,
        Source::Http { .. } | Source::S3 { .. } => Mismatch::Final,
    };
    let budget = Budget {
        now: input.now,
        epoch: u64::try_from(input.identity.generation).unwrap_or(1),
        memory_mebibytes: MEMORY_MEBIBYTES,
        timeout_seconds: TIMEOUT_SECONDS,
        mismatch,
    };
    let progress = attempt::progress(&jobs, budget);
    let job = match progress {
        Progress::Start { attempt, memory_mebibytes } => Some(JobWish {
            name: names::job(&input.identity.name, Code::Resolve, &key, attempt),
            code: Code::Resolve,
            key: key.clone(),
            attempt,
            memory_mebibytes,
            work: JobWork::Resolve {
                source: wanted.source.clone(),
                sha256: digest,
            },
        }),
        _ => None,
    };
    Resolution {
        verdict: verdict(&progress),
        jar: None,
        key: Some(key),
        job,
    }
}

fn verdict(progress: &Progress) -> Verdict {
    match progress {
        Progress::Running { .. } | Progress::Start { .. } => Verdict::hold(Reason::Resolving, "The jar is being fetched and searched."),
        Progress::Waiting { .. } => Verdict::hold(
            Reason::Resolving,
            "The jar is fetched when a pod for it has a node: none has room, or the pod may not be made.",
        ),
        Progress::Succeeded { .. } => Verdict::hold(Reason::Committing, "The jar was fetched; the depot's word of it is awaited."),
        Progress::Pause { failure, .. } => Verdict::hold(
            Reason::Retrying,
            format!("The jar is fetched again after a pause: {}.", failure_sentence(failure)),
        ),
        Progress::GivenUp { failure, .. } => {
            Verdict::fail(reason(failure), format!("The jar cannot be used: {}.", failure_sentence(failure)))
        }
    }
}

const fn reason(failure: &Failure) -> Reason {
    match failure {
        Failure::SourceUnavailable => Reason::SourceUnavailable,
        Failure::SourceForbidden => Reason::SourceForbidden,
        Failure::DigestMismatch => Reason::DigestMismatch,
        Failure::JarInvalid => Reason::JarInvalid,
        Failure::NoHandler => Reason::NoHandler,
        Failure::AmbiguousHandler { .. } => Reason::AmbiguousHandler,
        Failure::HandlerNotFound => Reason::HandlerNotFound,
        Failure::Unavailable => Reason::StoreUnavailable,
        Failure::BuildFailed { .. }
        | Failure::OutOfMemory
        | Failure::NoArtifact
        | Failure::Timeout
        | Failure::PgoUnavailable
        | Failure::PgoNotApplied
        | Failure::ProfileRefused
        | Failure::Disrupted
        | Failure::NotStarted
        | Failure::Fault => Reason::ResolveFailed,
    }
}

fn resolve_key(input: &Input, wanted: &Wanted, digest: &Digest) -> BuildKey {
    let handler = &wanted.handler;
    let encoder = Encoder::new("resolve").text("function", &input.identity.uid);
    let encoder = wanted
        .source
        .encode(encoder)
        .text("sha256", digest.as_str())
        .option("class", handler.class.as_deref())
        .option("method", handler.method.as_deref())
        .option("contract", handler.contract.map(crate::spec::RequestedContract::as_str));
    BuildKey::new(encoder.finish())
}
