use std::{path::PathBuf, sync::Arc};

use anneal_protocol::{
    agent::{
        AcceptState, Collects, Program, Serve, TotalsReply, TotalsReport, WarmupRequest, Window,
        Work,
    },
    depot::{Confirmation, LossCause, Readable, Writable},
    handler::{Contract, Handler},
    problem::ProblemCode,
    termination::Termination,
};
use axum::{Router, body::Bytes, http::StatusCode, routing::any};
use reqwest::Client;
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use super::serve_on;
use crate::{
    client,
    signals::{Ears, Signals},
    testing::{Backend, Fault, Pod, eventually, lines, profile, sha256, soon},
};

/// A function that notes its start, waits for SIGTERM and then does `at_end`.
fn function(at_end: &str) -> String {
    format!(
        "#!/bin/sh
for argument in \"$@\"; do
  case \"$argument\" in -XX:ProfilesDumpFile=*) dump=\"${{argument#*=}}\" ;; esac
done
trap 'echo end >> starts; {at_end}' TERM
trap 'exit 9' USR1
echo \"start $* port=$PORT config=$ANNEAL_AGENT_CONFIG\" >> starts
while :; do sleep 60 & wait $!; done
"
    )
}

fn dumping() -> String {
    function(&format!("printf %s '{}' > \"$dump\"; exit 143", profile(12)))
}

/// A pod whose function answers by way of the test, on the port where the agent looks for it.
struct Case {
    backend: Backend,
    pod: Pod,
    control: String,
    ears: Ears,
    agent: JoinHandle<Result<(), Termination>>,
    client: Client,
    /// Requests the function got, from the agent's own warm-up.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Case {
    async fn start(serve: Serve, script: &str) -> Self {
        let backend = Backend::start().await;
        let object = Readable::Artifact { build_key: serve.build_key.clone() };
        backend.put(&object, script.as_bytes());
        let pod = Pod::new(&backend, Work::Serve(serve));
        Self::start_in(backend, pod).await
    }

    async fn start_in(backend: Backend, mut pod: Pod) -> Self {
        backend.facts().gateways.push("gateway".to_owned());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        pod.settings.function_port = answer(Arc::clone(&asked)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let control = format!("http://{}", listener.local_addr().unwrap());
        let (ears, signals) = Signals::pair();
        let (settings, transfer) = (pod.settings.clone(), pod.transfer());
        let agent = tokio::spawn(async move {
            let Work::Serve(serve) = settings.config.work.clone() else { panic!() };
            let served = serve_on(listener, &settings, &serve, transfer, signals).await;
            served.map_err(|error| error.termination())
        });
        let client = client::plain().unwrap();
        Self { backend, pod, control, ears, agent, client, asked }
    }

    async fn is_ready(&self) -> bool {
        let answer = self.client.get(format!("{}/readyz", self.control)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn ready(&self) {
        eventually(async || self.is_ready().await.then_some(())).await;
    }

    /// The end of the agent.
    async fn ended(self) -> (Result<(), Termination>, Backend, Pod) {
        let ended = soon(self.agent).await.unwrap();
        (ended, self.backend, self.pod)
    }

    fn starts(&self) -> Vec<String> {
        lines(&self.starts_file())
    }

    fn starts_file(&self) -> PathBuf {
        self.pod.settings.workspace.root().join("starts")
    }

    /// Waits until this many functions have started, and know what to do at their end.
    async fn started(&self, count: usize) {
        let is_start = |line: &&String| line.starts_with("start ");
        eventually(async || {
            (self.starts().iter().filter(is_start).count() >= count).then_some(())
        })
        .await;
    }

    fn gateway(&self) -> Gateway<'_> {
        Gateway { case: self, requests: 0, seen: AcceptState::Starting, window: 0 }
    }
}

/// Answers for the function: `/bad…` with 500, everything else with 200.
async fn answer(asked: Arc<Mutex<Vec<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let respond = move |method: axum::http::Method, uri: axum::http::Uri, body: Bytes| async move {
        let is_bad = uri.path().starts_with("/bad");
        let body = String::from_utf8_lossy(&body).into_owned();
        asked.lock().await.push(format!("{method} {uri} {body}"));
        if is_bad { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
    };
    let routes = Router::new().fallback(any(respond));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    port
}

struct Gateway<'a> {
    case: &'a Case,
    requests: u64,
    seen: AcceptState,
    window: u64,
}

impl Gateway<'_> {
    async fn report(&mut self) -> Option<AcceptState> {
        let report = TotalsReport {
            gateway: "gateway-0".to_owned(),
            boot: "1".to_owned(),
            requests: self.requests,
            in_flight: 0,
            seen: self.seen,
        };
        let request = self.case.client.post(format!("{}/v1/totals", self.case.control));
        let answer = request.bearer_auth("gateway").json(&report).send().await.ok()?;
        let reply: TotalsReply = answer.json().await.ok()?;
        (self.seen, self.window) = (reply.state, reply.window);
        Some(self.seen)
    }

    /// Reports until the pod is in this state.
    async fn sees(&mut self, state: AcceptState, window: u64) {
        eventually(async || {
            self.report().await;
            ((self.seen, self.window) == (state, window)).then_some(())
        })
        .await;
    }

    /// Reports until the pod does not answer any more.
    async fn says_goodbye(&mut self) {
        eventually(async || self.report().await.is_none().then_some(())).await;
    }
}

fn binary(script: &str, window: Option<Window>) -> Serve {
    Serve {
        build_key: "key".to_owned(),
        program: Program::Binary {
            sha256: sha256(script.as_bytes()),
            bytes: script.len() as u64,
        },
        window,
        health_path: None,
        start_seconds: 60,
        warmup: Vec::new(),
        drain_seconds: 60,
        stop_seconds: 60,
    }
}

fn profiles() -> Option<Window> {
    Some(Window { collects: Collects::Profile, requests: 1000, max_seconds: None })
}

fn object(window: u64) -> Writable {
    Writable::Profile { build_key: "key".to_owned(), window }
}

#[tokio::test]
async fn a_window_is_rotated_and_its_profile_stored() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 5000;
    gateway.sees(AcceptState::Draining, 0).await;
    assert!(case.is_ready().await, "readiness lasts through a rotation");
    gateway.sees(AcceptState::Accepting, 1).await;
    case.started(2).await;
    let confirmations = case.backend.confirmed(1).await;
    let Confirmation::Profile(sidecar) = &confirmations[0] else { panic!("{confirmations:?}") };
    assert_eq!((sidecar.window, sidecar.requests, sidecar.exit), (0, 5000, 143));
    assert!(case.backend.written(&object(0)).is_some());

    gateway.requests += 7;
    gateway.report().await;
    case.ears.leave();
    gateway.says_goodbye().await;
    let starts = case.starts();
    let (ended, backend, pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    let Confirmation::Profile(sidecar) = &backend.facts().confirmations[1] else { panic!() };
    assert_eq!((sidecar.window, sidecar.requests), (1, 7));
    let dump = pod.settings.workspace.profile(0);
    let port = pod.settings.function_port;
    let first = format!("start -XX:ProfilesDumpFile={} port={port} config=", dump.display());
    assert_eq!(starts[0], first);
    assert_eq!(starts.len(), 4, "{starts:?}");
}

#[tokio::test]
async fn a_child_that_leaves_no_profile_costs_its_window() {
    let script = function("exit 0");
    let case = Case::start(binary(&script, profiles()), &script).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 5000;
    gateway.sees(AcceptState::Accepting, 1).await;
    let lost = Confirmation::Lost {
        build_key: "key".to_owned(),
        window: 0,
        cause: LossCause::NoProfile,
    };
    assert_eq!(case.backend.confirmed(1).await, [lost]);
}

#[tokio::test]
async fn a_child_that_does_not_end_is_killed() {
    let script = function("true");
    let serve = Serve { stop_seconds: 0, ..binary(&script, profiles()) };
    let case = Case::start(serve, &script).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    gateway.requests = 5000;
    gateway.sees(AcceptState::Accepting, 1).await;
    let confirmations = case.backend.confirmed(1).await;
    let is_killed = matches!(
        confirmations[0],
        Confirmation::Lost { cause: LossCause::Killed, window: 0, .. }
    );
    assert!(is_killed, "{confirmations:?}");
}

#[tokio::test]
async fn a_crash_ends_the_container_and_loses_the_window() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    case.ready().await;
    case.started(1).await;
    case.ears.forward(rustix::process::Signal::USR1);
    let (ended, backend, pod) = case.ended().await;
    assert_eq!(ended, Err(Termination::ChildExited { exit: 9 }));
    let lost = |window| Confirmation::Lost {
        build_key: "key".to_owned(),
        window,
        cause: LossCause::Crashed,
    };
    assert_eq!(backend.facts().confirmations, [lost(0)]);

    // The next container of the pod needs no store, and goes on with the next window.
    backend.facts().objects.clear();
    let case = Case::start_in(backend, pod).await;
    case.gateway().sees(AcceptState::Accepting, 1).await;
    assert_eq!(case.backend.facts().grants.len(), 1);
}

#[tokio::test]
async fn a_window_the_agent_did_not_see_the_end_of_is_lost() {
    let backend = Backend::start().await;
    let script = dumping();
    let pod = Pod::new(&backend, Work::Serve(binary(&script, profiles())));
    backend.put(&Readable::Artifact { build_key: "key".to_owned() }, script.as_bytes());
    let ledger = "{\"next\": 8, \"open\": 7, \"closed\": false}";
    std::fs::write(pod.settings.workspace.ledger(), ledger).unwrap();
    let case = Case::start_in(backend, pod).await;
    case.gateway().sees(AcceptState::Accepting, 8).await;
    let confirmations = case.backend.confirmed(1).await;
    let is_lost = matches!(
        confirmations[0],
        Confirmation::Lost { cause: LossCause::Crashed, window: 7, .. }
    );
    assert!(is_lost, "{confirmations:?}");
}

#[tokio::test]
async fn a_pod_without_windows_ends_its_child_and_itself() {
    let script = function("exit 143");
    let serve = Serve { drain_seconds: 0, ..binary(&script, None) };
    let case = Case::start(serve, &script).await;
    case.ready().await;
    case.started(1).await;
    case.ears.leave();
    let file = case.starts_file();
    let (ended, backend, _pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    assert!(backend.facts().confirmations.is_empty());
    assert_eq!(lines(&file).last().unwrap(), "end");
}

#[tokio::test]
async fn a_deleted_function_ends_the_pod_at_once() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    case.backend.facts().grant_faults.push_back(Fault::Refuse(ProblemCode::Gone));
    gateway.requests = 5000;
    gateway.says_goodbye().await;
    let (ended, backend, _pod) = case.ended().await;
    assert_eq!(ended, Err(Termination::Gone));
    assert!(backend.facts().confirmations.is_empty());
}

#[tokio::test]
async fn the_first_child_is_warmed_up_and_no_other() {
    let requests = [("/a?x=1", None), ("/b", Some("{}")), ("c", Some("text"))];
    let warmup = requests.map(|(path, body)| WarmupRequest {
        path: path.to_owned(),
        body: body.map(str::to_owned),
    });
    let serve = Serve {
        warmup: warmup.to_vec(),
        health_path: Some("/up".to_owned()),
        ..binary(&dumping(), profiles())
    };
    let case = Case::start(serve, &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    case.started(1).await;
    let asked = ["GET /up ", "GET /a?x=1 ", "POST /b {}", "POST /c text"];
    assert_eq!(*case.asked.lock().await, asked);
    gateway.requests = 5000;
    gateway.sees(AcceptState::Accepting, 1).await;
    assert_eq!(case.asked.lock().await[4..], ["GET /up "]);
}

#[tokio::test]
async fn a_start_that_fails_has_its_word() {
    let bad = WarmupRequest { path: "/bad".to_owned(), body: None };
    let script = function("exit 0");
    let whole = binary(&script, profiles());
    for (serve, expected) in [
        (Serve { warmup: vec![bad], ..whole.clone() }, Termination::SmokeFailed),
        (
            Serve { health_path: Some("/bad".to_owned()), start_seconds: 0, ..whole.clone() },
            Termination::NotHealthy,
        ),
    ] {
        let case = Case::start(serve, &script).await;
        let (ended, backend, _pod) = case.ended().await;
        assert_eq!(ended, Err(expected));
        assert!(backend.facts().confirmations.is_empty(), "a window that never opened is not lost");
    }

    let crashing = "#!/bin/sh\nexit 5\n";
    let serve =
        Serve { health_path: Some("/bad".to_owned()), ..binary(crashing, profiles()) };
    let (ended, _backend, _pod) = Case::start(serve, crashing).await.ended().await;
    assert_eq!(ended, Err(Termination::ChildExited { exit: 5 }));

    let other = binary("other", profiles());
    let (ended, _backend, _pod) = Case::start(other, &script).await.ended().await;
    assert_eq!(ended, Err(Termination::InputUnavailable));
}

#[tokio::test]
async fn a_pod_may_go_while_its_child_starts() {
    let script = function("exit 0");
    let serve = Serve { health_path: Some("/bad".to_owned()), ..binary(&script, profiles()) };
    let case = Case::start(serve, &script).await;
    case.started(1).await;
    case.ears.leave();
    let (ended, backend, _pod) = case.ended().await;
    assert_eq!(ended, Ok(()));
    assert!(backend.facts().confirmations.is_empty());
}

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
    let jar = anneal_protocol::agent::JarInput {
        sha256: sha256(b"jar"),
        entry: Some(sha256(b"entry")),
        handler,
    };
    let serve = Serve {
        program: Program::Jvm { jar, options: vec!["-Xlog:disable".to_owned()] },
        window: Some(Window { collects: Collects::Metadata, requests: 10, max_seconds }),
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
    let is_lost =
        matches!(confirmations[0], Confirmation::Lost { cause: LossCause::Crashed, .. });
    assert!(is_lost, "{confirmations:?}");
}

#[tokio::test]
async fn a_tracers_window_ends_by_time_without_a_request() {
    let case = tracer(Some(0), TRACED).await;
    case.gateway().sees(AcceptState::Closed, 0).await;
    let confirmations = case.backend.confirmed(1).await;
    assert!(matches!(confirmations[0], Confirmation::Metadata { requests: 0, .. }));
}

#[tokio::test]
async fn an_absent_store_does_not_hold_the_next_window() {
    let case = Case::start(binary(&dumping(), profiles()), &dumping()).await;
    let mut gateway = case.gateway();
    gateway.sees(AcceptState::Accepting, 0).await;
    let away = std::iter::repeat_n(Fault::Status(503), 1_000_000);
    case.backend.facts().store_faults.extend(away);
    for window in 0..2 {
        case.started(usize::try_from(window).unwrap() + 1).await;
        gateway.requests += 5000;
        gateway.sees(AcceptState::Accepting, window + 1).await;
    }
    assert!(case.backend.facts().confirmations.is_empty());
    case.backend.facts().store_faults.clear();
    case.backend.confirmed(2).await;
}
