//! A pod that serves, with a script as its function and the test as its gateway.

use std::{path::PathBuf, sync::Arc};

use anneal_protocol::{
    agent::{AcceptState, Collects, Program, Serve, TotalsReply, TotalsReport, Window, Work},
    depot::{Readable, Writable},
    termination::Termination,
};
use axum::{
    Router,
    body::Bytes,
    http::{Method, StatusCode, Uri},
    routing::any,
};
use reqwest::Client;
use tokio::{net::TcpListener, sync::Mutex, task::JoinHandle};

use crate::{
    serve::serve_on,
    signals::{Ears, Signals},
    testing::{Backend, Pod, eventually, lines, profile, sha256, soon},
};
/// A function that notes its start, waits for SIGTERM and then does `at_end`.
pub(crate) fn function(at_end: &str) -> String {
    format!(
        "#!/bin/sh
for argument in \"$@\"; do
  case \"$argument\" in -XX:ProfilesDumpFile=*) dump=\"${{argument#*=}}\" ;; esac
done
at_end() {{
  echo end >> starts
  {at_end}
}}
trap at_end TERM
trap 'exit 9' USR1
echo \"start $* port=$PORT config=$ANNEAL_AGENT_CONFIG\" >> starts
while :; do sleep 60 & wait $!; done
"
    )
}

pub(crate) fn dumping() -> String {
    function(&format!("printf %s '{}' > \"$dump\"; exit 143", profile(12)))
}

/// A pod whose function answers by way of the test, on the port where the agent looks for it.
pub(crate) struct Case {
    pub(crate) backend: Backend,
    pub(crate) pod: Pod,
    pub(crate) control: String,
    pub(crate) ears: Ears,
    agent: JoinHandle<Result<(), Termination>>,
    pub(crate) client: Client,
    /// Requests the function got, from the agent's own warm-up.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Case {
    pub(crate) async fn start(serve: Serve, script: &str) -> Self {
        let backend = Backend::start().await;
        let object = Readable::Artifact {
            build_key: serve.build_key.clone(),
        };
        backend.put(&object, script.as_bytes());
        let pod = Pod::new(&backend, Work::Serve(serve));
        Self::start_in(backend, pod).await
    }

    pub(crate) async fn start_in(backend: Backend, mut pod: Pod) -> Self {
        backend.facts().gateways.push("gateway".to_owned());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        pod.settings.function_port = answer(Arc::clone(&asked)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let control = format!("https://{}", listener.local_addr().unwrap());
        let (ears, signals) = Signals::pair();
        let (settings, transfer) = (pod.settings.clone(), pod.transfer());
        let agent = tokio::spawn(async move {
            let Work::Serve(serve) = settings.config.work.clone() else {
                panic!()
            };
            let served = serve_on(listener, &settings, &serve, transfer, signals).await;
            served.map_err(|error| error.termination())
        });
        let client = backend.client();
        Self {
            backend,
            pod,
            control,
            ears,
            agent,
            client,
            asked,
        }
    }

    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.client.get(format!("{}/readyz", self.control)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    pub(crate) async fn ready(&self) {
        eventually(async || self.is_ready().await.then_some(())).await;
    }

    /// The end of the agent.
    pub(crate) async fn ended(self) -> (Result<(), Termination>, Backend, Pod) {
        let ended = soon(self.agent).await.unwrap();
        (ended, self.backend, self.pod)
    }

    pub(crate) fn starts(&self) -> Vec<String> {
        lines(&self.starts_file())
    }

    pub(crate) fn starts_file(&self) -> PathBuf {
        self.pod.settings.workspace.root().join("starts")
    }

    /// Waits until this many functions have started, and know what to do at their end.
    pub(crate) async fn started(&self, count: usize) {
        let is_start = |line: &&String| line.starts_with("start ");
        eventually(async || (self.starts().iter().filter(is_start).count() >= count).then_some(())).await;
    }

    pub(crate) fn gateway(&self) -> Gateway<'_> {
        Gateway {
            case: self,
            requests: 0,
            seen: AcceptState::Starting,
            window: 0,
        }
    }
}

/// Answers for the function: `/bad…` with 500, everything else with 200.
async fn answer(asked: Arc<Mutex<Vec<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let respond = move |method: Method, uri: Uri, body: Bytes| async move {
        let is_bad = uri.path().starts_with("/bad");
        let body = String::from_utf8_lossy(&body).into_owned();
        asked.lock().await.push(format!("{method} {uri} {body}"));
        if is_bad {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::OK
        }
    };
    let routes = Router::new().fallback(any(respond));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    port
}

pub(crate) struct Gateway<'a> {
    case: &'a Case,
    pub(crate) requests: u64,
    seen: AcceptState,
    window: u64,
}

impl Gateway<'_> {
    pub(crate) async fn report(&mut self) -> Option<AcceptState> {
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
    pub(crate) async fn sees(&mut self, state: AcceptState, window: u64) {
        eventually(async || {
            self.report().await;
            ((self.seen, self.window) == (state, window)).then_some(())
        })
        .await;
    }

    /// Reports until the pod does not answer any more.
    pub(crate) async fn says_goodbye(&mut self) {
        eventually(async || self.report().await.is_none().then_some(())).await;
    }
}

pub(crate) fn binary(script: &str, window: impl Into<Option<Window>>) -> Serve {
    Serve {
        build_key: "key".to_owned(),
        program: Program::Binary {
            sha256: sha256(script.as_bytes()),
            bytes: script.len() as u64,
            missing: None,
        },
        window: window.into(),
        health_path: None,
        start_seconds: 60,
        warmup: Vec::new(),
        drain_seconds: 60,
        stop_seconds: 60,
    }
}

pub(crate) fn profiles() -> Window {
    Window {
        collects: Collects::Profile,
        requests: 1000,
        max_seconds: None,
    }
}

pub(crate) fn object(window: u64) -> Writable {
    Writable::Profile {
        build_key: "key".to_owned(),
        window,
    }
}
