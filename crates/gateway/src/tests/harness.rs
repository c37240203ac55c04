//! A gateway on a loopback port, executors beside it and the objects that route to them.

use std::{
    collections::BTreeMap,
    io::Write,
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use anneal_api::v1alpha1::Function;
use anneal_protocol::gateway::Counts;
use anneal_telemetry::Registry;
use anneal_tls::testing::Site;
use bytes::Bytes;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    endpoint::Endpoint,
    gateway::Gateway,
    host::Hosts,
    index::Index,
    metrics::Metrics,
    peers::PeerClient,
    routes::Routes,
    server,
    settings::{Limits, Peers, Settings},
    windows,
};

/// Nothing in a test takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Who signs for the agents and controllers of all tests.
pub(crate) static SITE: LazyLock<Site> = LazyLock::new(Site::default);

/// A client that believes it.
pub(crate) fn trusting() -> PeerClient {
    let config = anneal_tls::config(&SITE.authorities.bundle()).expect("it is a bundle");
    PeerClient::new(tokio::sync::watch::channel(Some(config)).1)
}

/// A running gateway.
pub(crate) struct Stack {
    pub(crate) index: Index,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    _token: tempfile::NamedTempFile,
}

pub(crate) fn limits() -> Limits {
    Limits {
        hold: Duration::from_secs(5),
        replay: Duration::from_secs(15),
        hold_queue: 256,
        total: Duration::from_secs(30),
        body_bytes: 1 << 20,
        connect: Duration::from_secs(1),
        executor_idle: Duration::from_secs(10),
        client_idle: Duration::from_secs(30),
        connections: 1024,
        shutdown_delay: Duration::from_millis(50),
        drain: Duration::from_secs(10),
    }
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::with(limits()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        Self::configured(limits, None).await
    }

    pub(crate) async fn reporting(limits: Limits, controller: &str) -> Self {
        Self::configured(limits, Some(controller.to_owned())).await
    }

    async fn configured(limits: Limits, controller: Option<String>) -> Self {
        let mut token = tempfile::NamedTempFile::new().expect("a file can be made");
        token.write_all(b"the-token\n").expect("it can be written");
        let peers = Peers {
            gateway: "gateway-0".into(),
            controller,
            controller_token: token.path().into(),
            agent_token: token.path().into(),
        };
        let hosts = Hosts::new("cluster.local", &[], &[]);
        let settings = Settings {
            hosts,
            limits,
            peers,
            namespaces: Vec::new(),
            trusted_proxies: Vec::new(),
        };
        let (routes, metrics) = (
            Arc::new(Routes::default()),
            Arc::new(Metrics::new(&Registry::new()).expect("names are unique")),
        );
        routes.mark_complete();
        let gateway = Arc::new(Gateway::new(settings, Arc::clone(&routes), metrics));
        let (opened, windows) = mpsc::unbounded_channel::<Arc<Endpoint>>();
        tokio::spawn(windows::run(Arc::clone(&gateway), trusting(), windows));
        let (listener, address) = listen().await;
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server::serve(Arc::clone(&gateway), listener, async move {
            // A test that ends drops the sender, which stops the server too.
            drop(stopped.await);
        }));
        Self {
            index: Index::new(routes, opened),
            gateway,
            address,
            stop: Some(stop),
            server,
            _token: token,
        }
    }

    /// Routes `hello.shop` by `traffic`: (deployment, percent, windows); the first is `stable`.
    pub(crate) fn route(&mut self, generation: i64, traffic: &[(&str, i64, bool)]) {
        self.index.apply(&function("shop", "hello", generation, traffic));
    }

    /// Lists executors of a Deployment in `shop`.
    pub(crate) fn list(&mut self, deployment: &str, executors: &[SocketAddr]) {
        // One slice has one port for all: each executor of a test has a slice of its own.
        for (number, executor) in executors.iter().enumerate() {
            self.index.apply_slice(&slice(deployment, number, *executor, None, true));
        }
    }

    pub(crate) fn counts(&self, deployment: &str) -> Counts {
        let reports = self.gateway.routes.reports();
        let report = reports.iter().find(|report| report.function.name == "hello").expect("it is routed");
        report.deployments.get(deployment).cloned().unwrap_or_default()
    }

    pub(crate) fn report(&self) -> anneal_protocol::gateway::FunctionReport {
        self.gateway
            .routes
            .reports()
            .into_iter()
            .find(|report| report.function.name == "hello")
            .expect("it is routed")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request of `hello.shop`.
    pub(crate) fn get(&self, client: &reqwest::Client) -> reqwest::RequestBuilder {
        client.get(self.url("/")).header("host", "hello.shop").timeout(PATIENCE)
    }

    /// What `hello.shop` answers to it.
    pub(crate) async fn ask(&self, client: &reqwest::Client) -> String {
        let answer = self.get(client).send().await.expect("it is answered");
        answer.text().await.expect("it is whole")
    }

    /// A request of `hello.shop` with a body in pieces, whose length is not said before.
    pub(crate) fn post_chunked(&self, client: &reqwest::Client, body: &Bytes) -> reqwest::RequestBuilder {
        let pieces: Vec<Result<Bytes, std::convert::Infallible>> =
            body.chunks(9_999).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
        client.post(self.url("/")).header("host", "hello.shop").timeout(PATIENCE).body(body)
    }

    /// SIGTERM.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            assert!(stop.send(()).is_ok(), "the server runs");
        }
    }

    /// Until the server has ended.
    pub(crate) async fn stopped(&mut self) {
        timeout(PATIENCE, &mut self.server)
            .await
            .expect("it ends")
            .expect("it does not panic");
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("it can be made")
}

/// Until the condition holds.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waited = timeout(PATIENCE, async {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        while !condition() {
            ticks.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "{what} did not come true");
}

pub(crate) fn function(namespace: &str, name: &str, generation: i64, traffic: &[(&str, i64, bool)]) -> Function {
    let target = |(deployment, percent, windows): &(&str, i64, bool)| json!({"stage": if *windows { "PgoInstrumented" } else { "Native" }, "buildKey": "0123456789abcdef".repeat(4), "deployment": deployment, "percent": percent, "readyReplicas": 1, "windows": windows});
    let stable = traffic
        .first()
        .map(|(deployment, _, _)| json!({"stage": "Native", "buildKey": "0123456789abcdef".repeat(4), "deployment": deployment}));
    from_json(json!({
        "apiVersion": "anneal.dev/v1alpha1", "kind": "Function",
        "metadata": {"name": name, "namespace": namespace, "uid": format!("uid-{name}")},
        "spec": {"source": {"configMap": {"name": "jar", "key": "app.jar"}}},
        "status": {"routeGeneration": generation, "traffic": traffic.iter().map(target).collect::<Vec<_>>(), "stable": stable},
    }))
}

/// A slice in `shop` with one endpoint.
pub(crate) fn slice(deployment: &str, number: usize, executor: SocketAddr, agent: Option<SocketAddr>, ready: bool) -> EndpointSlice {
    let mut ports = vec![json!({"name": "http", "port": executor.port(), "protocol": "TCP"})];
    let mut labels = BTreeMap::from([("anneal.dev/deployment", deployment)]);
    if let Some(agent) = agent {
        ports.push(json!({"name": "agent", "port": agent.port(), "protocol": "TCP"}));
        labels.insert("anneal.dev/windows", "true");
    }
    from_json(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": format!("{deployment}-{number}"), "namespace": "shop", "labels": labels},
        "endpoints": [{"addresses": [executor.ip().to_string()], "conditions": {"ready": ready, "serving": true, "terminating": false}, "targetRef": {"kind": "Pod", "uid": format!("{deployment}-pod-{number}")}}],
        "ports": ports,
    }))
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the object has its shape")
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Sends bytes to the gateway and reads until it closes.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the gateway listens");
    stream.write_all(bytes).await.expect("the gateway reads");
    let mut answer = Vec::new();
    // A refused request may end in a reset: what was read until then counts.
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the gateway closes");
    drop(read);
    String::from_utf8_lossy(&answer).into_owned()
}
