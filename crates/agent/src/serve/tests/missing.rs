//! What an executable says that it lacks is stored as metadata of its jar.

use anneal_protocol::{
    agent::{MissingMode, MissingRegistrations, Program, Serve},
    depot::{Confirmation, FIRST_MISSING_DOCUMENT, Writable},
    problem::ProblemCode,
    termination::Termination,
};
use serde_json::{Value, json};

use super::case::{Case, binary};
use crate::testing::{Fault, sha256};

const JAR: &str = "j";

/// A script that prints the message for a class.
fn lacks(class: &str, stream: u8) -> String {
    format!(
        "cat >&{stream} <<'END'
x.MissingReflectionRegistrationError: Cannot access '{class}'. To allow this operation, add the following to the 'reflection' section of 'reachability-metadata.json' and rebuild the native image:

  {{
    \"type\": \"{class}\"
  }}

END
"
    )
}

fn exact(script: &str, mode: MissingMode) -> Serve {
    Serve {
        program: Program::Binary {
            sha256: sha256(script.as_bytes()),
            bytes: script.len() as u64,
            missing: Some(MissingRegistrations { jar: JAR.to_owned(), mode }),
        },
        ..binary(script, None)
    }
}

/// Prints at its start and when it ends.
fn script(at_start: &str, at_end: &str) -> String {
    format!(
        "#!/bin/sh
at_end() {{
  {at_end}
  exit 143
}}
trap at_end TERM
{at_start}
echo \"start $*\" >> starts
while :; do sleep 60 & wait $!; done
"
    )
}

fn document(case: &Case, number: u64) -> Value {
    let object = Writable::Metadata {
        jar: JAR.to_owned(),
        window: FIRST_MISSING_DOCUMENT + number,
    };
    serde_json::from_slice(&case.backend.written(&object).expect("it is stored")).unwrap()
}

#[tokio::test]
async fn each_element_is_stored_once_from_either_stream() {
    let at_start = [lacks("a.A", 2), lacks("a.A", 1), lacks("a.A", 2)].concat();
    let script = script(&at_start, &lacks("a.B", 1));
    let case = Case::start(exact(&script, MissingMode::Throw), &script).await;
    case.ready().await;
    let confirmed = case.backend.confirmed(1).await;
    let is_first =
        matches!(&confirmed[0], Confirmation::Metadata { jar, window, .. } if (jar.as_str(), *window) == (JAR, FIRST_MISSING_DOCUMENT));
    assert!(is_first, "{confirmed:?}");
    assert_eq!(document(&case, 0), json!({"reflection": [{"type": "a.A"}]}));
    assert_eq!(case.starts(), ["start "], "errors are thrown by themselves");

    case.ears.leave();
    let confirmed = case.backend.confirmed(2).await;
    assert_eq!(confirmed.len(), 2, "{confirmed:?}");
    assert_eq!(document(&case, 1), json!({"reflection": [{"type": "a.B"}]}));
    assert_eq!(case.ended().await.0, Ok(()));
}

#[tokio::test]
async fn a_program_with_a_server_of_its_own_is_asked_to_warn() {
    let script = script("", "");
    let case = Case::start(exact(&script, MissingMode::Warn), &script).await;
    case.started(1).await;
    assert_eq!(case.starts(), ["start -XX:MissingRegistrationReportingMode=Warn"]);
}

#[tokio::test]
async fn what_an_executable_lacked_that_crashed_is_stored() {
    let dying = format!("#!/bin/sh\n{}exit 1\n", lacks("a.A", 2));
    let case = Case::start(exact(&dying, MissingMode::Throw), &dying).await;
    case.backend.confirmed(1).await;
    assert_eq!(document(&case, 0), json!({"reflection": [{"type": "a.A"}]}));
    assert_eq!(case.ended().await.0, Err(Termination::ChildExited { exit: 1 }));
}

#[tokio::test]
async fn a_refused_document_is_dropped_and_is_no_lost_window() {
    let script = script("", &lacks("a.B", 2));
    let case = Case::start(exact(&script, MissingMode::Throw), &script).await;
    case.ready().await;
    case.started(1).await;
    case.backend.facts().grant_faults.push_back(Fault::Refuse(ProblemCode::TooLarge));
    case.ears.leave();
    let (ended, backend, _pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    let facts = backend.facts();
    assert!(
        facts.grant_faults.is_empty() && facts.confirmations.is_empty(),
        "{:?}",
        facts.confirmations
    );
}
