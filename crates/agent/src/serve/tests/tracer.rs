//! The one window of a tracer.

use anneal_protocol::{
    agent::{AcceptState, Collects, JarInput, Program, Serve, Window, Work},
    depot::{Confirmation, LossCause, Readable},
    handler::{Contract, Handler},
};

use super::case::{Case, binary, function};
use crate::testing::{Backend, Pod, sha256};
/// A tracer: a script in the JVM's place.
async fn tracer(max_seconds: Option<u64>, at_end: &str) -> Case {
    let backend = Backend::start().await;
    for (object, bytes) in [
        (Readable::Jar { sha256: sha256(b"jar") }, b"jar".as_slice()),
        (Readable::Entry { sha256: sha256(b"entry") }, b"entry"),
    ] {
        backend.put(&object, bytes);
    }
    let handler = Handler {
        class: "shop.FileHash".to_owned(),
        method: "main".to_owned(),
        contract: Contract::Map,
    };
    let jar = JarInput {
        sha256: sha256(b"jar"),
        entry: Some(sha256(b"entry")),
        handler,
    };
    let serve = Serve {
        program: Program::Jvm {
            jar,
            options: vec!["-Xlog:disable".to_owned()],
        },
        window: Some(Window {
            collects: Collects::Metadata,
            requests: 10,
            max_seconds,
        }),
        ..binary("", None)
    };
    let mut pod = Pod::new(&backend, Work::Serve(serve));
    let java = pod.script("java", &function(at_end));
    java.to_str().unwrap().clone_into(&mut pod.settings.java);
    Case::start_in(backend, pod).await
}

const TRACED: &str = "mkdir -p metadata; echo {} > metadata/reachability-metadata.json; exit 143";

#[tokio::test]
async fn a_tracer_gives_its_metadata_and_then_stays_closed() {
    let case = tracer(None, TRACED).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 10;
    gateway.sees(AcceptState::Closed, 0).await;
    assert!(case.is_ready().await);
    let expected = Confirmation::Metadata {
        jar: sha256(b"jar"),
        window: 0,
        sha256: sha256(b"{}\n"),
        bytes: 3,
        requests: 10,
    };
    assert_eq!(case.backend.confirmed(1).await, [expected]);
    assert_eq!(*case.asked.lock().await, ["GET /healthz "]);
    let work = case.pod.settings.workspace.root().display().to_string();
    let launcher = case.pod.settings.launcher.display().to_string();
    let path = format!("{work}/inputs/app.jar:{work}/inputs/entry.jar:{launcher}");
    let start = format!("start -Xlog:disable -cp {path} anneal.Entry port=");
    assert!(case.starts()[0].starts_with(&start), "{:?}", case.starts());

    // A container that starts again does not trace again.
    case.ears.leave();
    let (ended, backend, pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    let case = Case::start_in(backend, pod).await;
    case.ready().await;
    case.gateway().sees(AcceptState::Closed, 0).await;
    assert_eq!(case.starts().len(), 2);
}

#[tokio::test]
async fn a_tracer_that_crashed_at_its_end_begins_anew() {
    let case = tracer(None, "exit 1").await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 10;
    gateway.sees(AcceptState::Accepting, 1).await;
    let confirmations = case.backend.confirmed(1).await;
    let is_lost = matches!(
        confirmations[0],
        Confirmation::Lost {
            cause: LossCause::Crashed,
            ..
        }
    );
    assert!(is_lost, "{confirmations:?}");
}

#[tokio::test]
async fn a_tracers_window_ends_by_time_without_a_request() {
    let case = tracer(Some(0), TRACED).await;
    case.gateway().sees(AcceptState::Closed, 0).await;
    let confirmations = case.backend.confirmed(1).await;
    assert!(matches!(confirmations[0], Confirmation::Metadata { requests: 0, .. }));
}
