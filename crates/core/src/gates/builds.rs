//! Gates that wait for a build to be committed.

use crate::{
    attempt::Progress,
    facts::Failure,
    gates::Verdict,
    reason::Reason,
    stage::Stage,
    view::{Build, View, build_reason},
};

pub(super) fn native_built(view: &View<'_>) -> Verdict {
    built(view, Stage::Native, "native")
}

pub(super) fn instrumented_built(view: &View<'_>) -> Verdict {
    built(view, Stage::PgoInstrumented, "instrumented")
}

pub(super) fn optimized_built(view: &View<'_>) -> Verdict {
    built(view, Stage::PgoOptimized, "optimized")
}

pub(super) fn pgo_available(view: &View<'_>) -> Verdict {
    if view.has_pgo() {
        Verdict::pass(Reason::PGOAvailable, "The toolchain has profile-guided optimization.")
    } else {
        Verdict::fail(
            Reason::PGOUnavailable,
            "The toolchain's edition has no profile-guided optimization; the function stays at Native.",
        )
    }
}

fn built(view: &View<'_>, stage: Stage, what: &str) -> Verdict {
    match view.build(stage) {
        Build::NotDue => Verdict::hold(Reason::NotStarted, format!("The {what} build starts when its inputs are known.")),
        Build::Committed(_) => Verdict::pass(Reason::Committed, format!("The {what} build is in the store.")),
        Build::Unknown => Verdict::hold(
            Reason::StoreUnavailable,
            format!("The depot does not say whether the {what} build is in the store."),
        ),
        Build::Rejected(reason) => Verdict::fail(reason, rejected_sentence(what, reason)),
        Build::Attempt(Progress::Running { .. } | Progress::Start { .. }) => {
            Verdict::hold(Reason::Building, format!("The {what} build is running."))
        }
        Build::Attempt(Progress::Waiting { .. }) => Verdict::hold(
            Reason::Building,
            format!("The {what} build waits for a node: none has room for its pod, or the pod may not be made."),
        ),
        Build::Attempt(Progress::Succeeded { .. }) => Verdict::hold(
            Reason::Committing,
            format!("The {what} build has ended well and its commit is awaited."),
        ),
        Build::Attempt(Progress::Pause { failure, .. }) => Verdict::hold(
            Reason::Retrying,
            format!("The {what} build is repeated after a pause: {}.", failure_sentence(&failure)),
        ),
        Build::Attempt(Progress::GivenUp { failure, memory_mebibytes }) => {
            let advice = match failure {
                Failure::OutOfMemory => format!(" with {memory_mebibytes} MiB; raise build.memoryMebibytes"),
                Failure::Timeout => "; raise build.timeoutSeconds".to_owned(),
                _ => String::new(),
            };
            Verdict::fail(
                build_reason(&failure),
                format!("The {what} build is given up: {}{advice}.", failure_sentence(&failure)),
            )
        }
    }
}

fn rejected_sentence(what: &str, reason: Reason) -> String {
    match reason {
        Reason::BuildFailed => format!("The {what} build failed; its log is in the store, and it is not repeated with the same inputs."),
        Reason::BuildNoArtifact => format!("The compiler of the {what} build ended well and left no executable."),
        Reason::PGOUnavailable => "The compiler says that this edition has no profile-guided optimization.".to_owned(),
        Reason::PGONotApplied => format!("The compiler of the {what} build does not say that it applied the profile."),
        Reason::ProfileRefused => "The compiler refused the merged profile.".to_owned(),
        other => format!("The {what} build is not repeated with the same inputs: {}", other.meaning()),
    }
}

/// What happened, as the middle of a sentence.
pub fn failure_sentence(failure: &Failure) -> String {
    match failure {
        Failure::SourceUnavailable => "the source could not be fetched".to_owned(),
        Failure::SourceForbidden => "the operator does not allow this source".to_owned(),
        Failure::DigestMismatch => "the bytes are not those that sha256 names".to_owned(),
        Failure::JarInvalid => "the bytes are not a jar that can be read".to_owned(),
        Failure::NoHandler => "nothing in the jar can be called".to_owned(),
        Failure::AmbiguousHandler { candidates } => format!("more than one thing in the jar can be called: {}", candidates.join(", ")),
        Failure::HandlerNotFound => "the handler that the spec names is not in the jar".to_owned(),
        Failure::BuildFailed { exit } => format!("the compiler ended with exit code {exit}"),
        Failure::OutOfMemory => "it ran out of memory".to_owned(),
        Failure::NoArtifact => "no executable was left".to_owned(),
        Failure::Timeout => "it did not end in time".to_owned(),
        Failure::PgoUnavailable => "this edition has no profile-guided optimization".to_owned(),
        Failure::PgoNotApplied => "the profile was not applied".to_owned(),
        Failure::ProfileRefused => "the compiler refused the profile".to_owned(),
        Failure::Unavailable => "the depot, the store or an input did not answer".to_owned(),
        Failure::Disrupted => "its pod was lost".to_owned(),
        Failure::NotStarted => "its pod could not be started".to_owned(),
        Failure::Fault => "its pod ended with an unknown fault".to_owned(),
    }
}
