//! Termination messages, parsed as the closed enum they are, and what they mean for a Job or an executor.
//!
//! A tenant's code may write anything into its container's message: what does not parse says nothing, and the only text that
//! is kept (the candidates of an ambiguous jar) is cut and cleaned.

use anneal_core::facts::{CrashCause, Failure};
use anneal_protocol::termination::Termination;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};

/// Candidates that are told.
const MAX_CANDIDATES: usize = 8;
/// Longest candidate that is told, in characters.
const MAX_CANDIDATE: usize = 128;
/// What the kubelet says of a container that used more memory than it may.
const OUT_OF_MEMORY: &str = "OOMKilled";

/// How an executor's container ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// The function's fault.
    Crash(CrashCause),
    /// The depot's or the store's.
    Input,
    /// Nobody's in particular.
    Other,
}

/// Why the pod of a failed Job failed.
pub(super) fn failure(pod: &Pod) -> Option<Failure> {
    let status = pod.status.as_ref()?;
    let disrupted = status
        .conditions
        .iter()
        .flatten()
        .any(|condition| condition.type_ == "DisruptionTarget" && condition.status == "True");
    let ended = status
        .container_statuses
        .iter()
        .flatten()
        .find_map(|container| container.state.as_ref()?.terminated.as_ref());
    match ended {
        Some(terminated) if terminated.reason.as_deref() == Some(OUT_OF_MEMORY) => Some(Failure::OutOfMemory),
        Some(terminated) => {
            let said = terminated.message.as_deref().and_then(Termination::parse);
            Some(said.map_or(if disrupted { Failure::Disrupted } else { Failure::Fault }, |said| of_job(&said)))
        }
        None if disrupted => Some(Failure::Disrupted),
        None => None,
    }
}

fn of_job(termination: &Termination) -> Failure {
    match termination {
        Termination::SourceUnavailable => Failure::SourceUnavailable,
        Termination::SourceForbidden => Failure::SourceForbidden,
        Termination::DigestMismatch => Failure::DigestMismatch,
        Termination::JarInvalid => Failure::JarInvalid,
        Termination::NoHandler => Failure::NoHandler,
        Termination::AmbiguousHandler { candidates } => Failure::AmbiguousHandler {
            candidates: candidates.iter().take(MAX_CANDIDATES).map(|candidate| clean(candidate)).collect(),
        },
        Termination::HandlerNotFound => Failure::HandlerNotFound,
        Termination::BuildFailed { exit } => Failure::BuildFailed { exit: *exit },
        Termination::BuildOutOfMemory => Failure::OutOfMemory,
        Termination::BuildNoArtifact => Failure::NoArtifact,
        Termination::BuildTimeout => Failure::Timeout,
        Termination::PgoUnavailable => Failure::PgoUnavailable,
        Termination::PgoNotApplied => Failure::PgoNotApplied,
        Termination::ProfileRefused => Failure::ProfileRefused,
        Termination::InputUnavailable | Termination::DepotUnavailable => Failure::Unavailable,
        Termination::Done
        | Termination::ChildExited { .. }
        | Termination::NotHealthy
        | Termination::SmokeFailed
        | Termination::Gone
        | Termination::AgentFault => Failure::Fault,
    }
}

/// How an executor's container ended.
pub(super) fn end(terminated: &ContainerStateTerminated) -> End {
    if terminated.reason.as_deref() == Some(OUT_OF_MEMORY) {
        return End::Crash(CrashCause::OutOfMemory);
    }
    match terminated.message.as_deref().and_then(Termination::parse) {
        Some(Termination::ChildExited { exit }) => End::Crash(CrashCause::Exited { exit }),
        Some(Termination::NotHealthy) => End::Crash(CrashCause::NotHealthy),
        Some(Termination::SmokeFailed) => End::Crash(CrashCause::SmokeFailed),
        Some(Termination::InputUnavailable | Termination::DepotUnavailable | Termination::DigestMismatch) => End::Input,
        Some(_) | None => End::Other,
    }
}

/// What a class and a method name may look like; anything else becomes a question mark.
fn clean(candidate: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '#' | '(' | ')' | ' ' | '<' | '>' | '[' | ']');
    candidate
        .chars()
        .take(MAX_CANDIDATE)
        .map(|c| if allowed(c) { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, PodStatus};

    use super::*;

    fn terminated(message: &str, reason: &str) -> ContainerStateTerminated {
        ContainerStateTerminated {
            message: Some(message.to_owned()),
            reason: Some(reason.to_owned()),
            ..ContainerStateTerminated::default()
        }
    }

    fn pod(state: ContainerStateTerminated) -> Pod {
        let state = ContainerState {
            terminated: Some(state),
            ..ContainerState::default()
        };
        let container = ContainerStatus {
            state: Some(state),
            ..ContainerStatus::default()
        };
        Pod {
            status: Some(PodStatus {
                container_statuses: Some(vec![container]),
                ..PodStatus::default()
            }),
            ..Pod::default()
        }
    }

    #[test]
    fn a_job_fails_for_what_its_agent_says() {
        assert_eq!(
            failure(&pod(terminated(r#"{"code":"NoHandler"}"#, "Error"))),
            Some(Failure::NoHandler)
        );
        assert_eq!(
            failure(&pod(terminated(r#"{"code":"BuildFailed","exit":3}"#, "Error"))),
            Some(Failure::BuildFailed { exit: 3 })
        );
        assert_eq!(failure(&pod(terminated("", "OOMKilled"))), Some(Failure::OutOfMemory));
    }

    #[test]
    fn a_message_that_no_agent_writes_says_nothing() {
        for message in ["", "panic", r#"{"code":"Admin"}"#, "[[[[", &"x".repeat(5000)] {
            assert_eq!(failure(&pod(terminated(message, "Error"))), Some(Failure::Fault), "{message:.20}");
            assert_eq!(end(&terminated(message, "Error")), End::Other);
        }
        assert_eq!(failure(&Pod::default()), None);
    }

    #[test]
    fn candidates_are_cut_and_cleaned() {
        let message =
            serde_json::json!({"code": "AmbiguousHandler", "candidates": ["a.B#c (Map)", "\u{1b}[31m<script>\n", "x".repeat(500)]});
        let Some(Failure::AmbiguousHandler { candidates }) = failure(&pod(terminated(&message.to_string(), "Error"))) else {
            panic!("not ambiguous");
        };
        assert_eq!(candidates[0], "a.B#c (Map)");
        assert!(!candidates[1].contains(['\u{1b}', '\n']));
        assert_eq!(candidates[2].chars().count(), MAX_CANDIDATE);
    }

    #[test]
    fn an_executor_crashes_for_what_its_agent_says() {
        assert_eq!(
            end(&terminated(r#"{"code":"ChildExited","exit":7}"#, "Error")),
            End::Crash(CrashCause::Exited { exit: 7 })
        );
        assert_eq!(
            end(&terminated(r#"{"code":"SmokeFailed"}"#, "Error")),
            End::Crash(CrashCause::SmokeFailed)
        );
        assert_eq!(end(&terminated(r#"{"code":"DepotUnavailable"}"#, "Error")), End::Input);
        assert_eq!(end(&terminated("", "OOMKilled")), End::Crash(CrashCause::OutOfMemory));
    }
}
