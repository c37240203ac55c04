//! Gates that wait for executors: ready means started, healthy and warmed up.

use crate::{
    facts::{CrashCause, Trouble},
    gates::Verdict,
    reason::Reason,
    stage::Stage,
    view::View,
};

/// Restarts after which a next stage's executors are given up on, until something about them changes.
const FAIL_RESTARTS: u32 = 5;

pub(super) fn first_ready(view: &View<'_>) -> Verdict {
    let (plain, traced) = (placed(view, Stage::Hotspot), placed(view, Stage::HotspotAgent));
    let ready = |name: &Option<String>| name.as_deref().is_some_and(|name| view.ready(name) > 0);
    if ready(&plain) || ready(&traced) {
        return Verdict::pass(Reason::ExecutorsReady, "An executor is ready.");
    }
    let trouble = [plain, traced].into_iter().flatten().find_map(|name| view.trouble(&name));
    match trouble {
        Some(trouble) => troubled(trouble, "JVM", Patience::Endless),
        None => Verdict::hold(Reason::Starting, "The first executors are starting."),
    }
}

pub(super) fn hotspot_ready(view: &View<'_>) -> Verdict {
    ready(view, Stage::Hotspot, "plain JVM", Patience::Endless)
}

pub(super) fn native_ready(view: &View<'_>) -> Verdict {
    ready(view, Stage::Native, "native", Patience::Bounded)
}

pub(super) fn instrumented_ready(view: &View<'_>) -> Verdict {
    let Some(name) = placed(view, Stage::PgoInstrumented) else {
        return not_placed("instrumented");
    };
    match (view.ready(&name), view.trouble(&name)) {
        (0, Some(trouble)) => troubled(trouble, "instrumented", Patience::Bounded),
        (0, None) => Verdict::hold(Reason::ExecutorsNotReady, "No instrumented executor is ready yet."),
        _ => Verdict::pass(Reason::ExecutorsReady, "An instrumented executor is ready."),
    }
}

pub(super) fn optimized_ready(view: &View<'_>) -> Verdict {
    ready(view, Stage::PgoOptimized, "optimized", Patience::Bounded)
}

/// Whether a crashing executor ends the climb.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Patience {
    Endless,
    Bounded,
}

fn placed(view: &View<'_>, stage: Stage) -> Option<String> {
    view.placement(stage).map(|placement| placement.deployment)
}

fn not_placed(what: &str) -> Verdict {
    Verdict::hold(
        Reason::NotStarted,
        format!("The {what} executors start when their build is in the store."),
    )
}

fn ready(view: &View<'_>, stage: Stage, what: &str, patience: Patience) -> Verdict {
    let Some(name) = placed(view, stage) else {
        return not_placed(what);
    };
    if stage.is_built() && view.key(stage).is_none_or(|key| view.state.artifact(&key).is_none()) {
        return not_placed(what);
    }
    let (ready, wanted) = (view.ready(&name), view.replicas(stage));
    if ready >= wanted {
        return Verdict::pass(Reason::ExecutorsReady, format!("The {what} executors are ready."));
    }
    match view.trouble(&name) {
        Some(trouble) => troubled(trouble, what, patience),
        None => Verdict::hold(
            Reason::ExecutorsNotReady,
            format!("{ready} of {wanted} {what} executors are ready."),
        ),
    }
}

fn troubled(trouble: Trouble, what: &str, patience: Patience) -> Verdict {
    let finding = describe(trouble, what);
    match trouble {
        Trouble::Crashing { restarts, .. } if patience == Patience::Bounded && restarts >= FAIL_RESTARTS => Verdict::Fail(finding),
        _ => Verdict::Hold(finding),
    }
}

/// A trouble as reason and sentence.
pub(crate) fn describe(trouble: Trouble, what: &str) -> super::Finding {
    let (reason, message) = match trouble {
        Trouble::Crashing { cause, .. } => (Reason::FunctionCrashes, crash_sentence(what, cause)),
        Trouble::ImageUnavailable => (
            Reason::ImageUnavailable,
            format!("The image of the {what} executors cannot be pulled."),
        ),
        Trouble::ConfigInvalid => (
            Reason::EnvironmentMissing,
            format!("The {what} executors cannot start: env names a Secret, ConfigMap or key that is missing."),
        ),
        Trouble::Unschedulable => (Reason::Unschedulable, format!("No node has room for the {what} executors.")),
        Trouble::InputUnavailable => (
            Reason::InputUnavailable,
            format!("The {what} executors cannot fetch what they need from the depot or the store."),
        ),
    };
    super::Finding { reason, message }
}

fn crash_sentence(what: &str, cause: CrashCause) -> String {
    match cause {
        CrashCause::Exited { exit } => format!("The function's process in the {what} executors ends by itself, with exit code {exit}."),
        CrashCause::NotHealthy => format!("The function in the {what} executors does not become healthy in time."),
        CrashCause::SmokeFailed => format!("The function in the {what} executors does not answer the warm-up requests with success."),
        CrashCause::OutOfMemory => {
            format!("The function in the {what} executors uses more memory than it may; raise resources.memoryMebibytes.")
        }
    }
}
