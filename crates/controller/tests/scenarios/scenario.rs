//! One Function, an apiserver in memory, and a depot.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use anneal_api::v1alpha1::{Function, FunctionStatus};
use anneal_controller::{
    certificates::Certificates,
    checkpoint::Checkpoint,
    clock::Clock,
    config::Config,
    context::{Context, Failures, Gateways, Pace, Sources},
    depot::Depot,
    function,
    metrics::Metrics,
    reports::Registry,
    watch::GatewayPods,
};
use anneal_core::digest::Digest;
use anneal_protocol::{
    FunctionRef,
    depot::JarRecord,
    facts::{BuildFact, BuildRecord, MetadataFacts, ProfileFacts},
    gateway::{Counts, FunctionReport, GatewayReport},
    handler::{Contract, Handler, HandlerRequest},
};
use anneal_telemetry::Registry as Figures;
use anneal_testkit::Apiserver;
use anneal_tls::{Held, testing::Site};
use kube::{
    core::PartialObjectMeta,
    runtime::{controller::Action, reflector, watcher},
};
use serde_json::{Value, json};

use crate::depot::{self, Shelf};

pub(crate) const FUNCTION: &str = "/apis/anneal.dev/v1alpha1/namespaces/shop/functions/hello";
pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
pub(crate) const JOBS: &str = "/apis/batch/v1/namespaces/shop/jobs";
pub(crate) const PODS: &str = "/api/v1/namespaces/shop/pods";
pub(crate) const SERVICES: &str = "/api/v1/namespaces/shop/services";
pub(crate) const TRUST: &str = "/api/v1/namespaces/shop/configmaps/anneal-trust";
/// The authorities of every scene: a controller that starts again finds the same.
pub(crate) static SITE: LazyLock<Site> = LazyLock::new(Site::default);
const CONFIG_MAP: &str = "/api/v1/namespaces/shop/configmaps/hello-jar";
const JAR: &[u8] = b"a jar";

/// The whole scene.
pub(crate) struct Scene {
    pub(crate) apiserver: Apiserver,
    pub(crate) stored: Shelf,
    pub(crate) now: Arc<AtomicI64>,
    registry: Registry,
    depot: String,
    token: tempfile::NamedTempFile,
    context: Arc<Context>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let stored = Shelf::default();
        let depot = depot::serve(Arc::clone(&stored)).await;
        let apiserver = Apiserver::default();
        let token = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(token.path(), "token").expect("it is written");
        let (registry, now) = (Registry::default(), Arc::new(AtomicI64::new(1_800_000_000)));
        let context = context(&apiserver, &registry, &now, &depot, token.path().to_owned());
        apiserver.put(
            CONFIG_MAP,
            json!({"metadata": {"name": "hello-jar", "namespace": "shop"}, "data": {"app.jar": "a jar"}}),
        );
        apiserver.put(
            FUNCTION,
            json!({
                "apiVersion": "anneal.dev/v1alpha1",
                "kind": "Function",
                "metadata": {"name": "hello", "namespace": "shop", "uid": "uid-f", "generation": 1},
                "spec": {
                    "source": {"configMap": {"name": "hello-jar", "key": "app.jar"}},
                    "pipeline": {"profiles": {"min": 1, "minEvents": 1}},
                },
            }),
        );
        Self {
            apiserver,
            stored,
            now,
            registry,
            depot,
            token,
            context,
        }
    }

    /// Another process with the same cluster: nothing in memory survives.
    pub(crate) fn restart(&mut self) {
        self.registry = Registry::default();
        self.context = context(
            &self.apiserver,
            &self.registry,
            &self.now,
            &self.depot,
            self.token.path().to_owned(),
        );
    }

    /// One visit.
    pub(crate) async fn visit(&self) -> Result<Action, function::Error> {
        let object: PartialObjectMeta<Function> =
            serde_json::from_value(json!({"metadata": {"name": "hello", "namespace": "shop"}})).expect("metadata");
        function::reconcile(Arc::new(object), Arc::clone(&self.context)).await
    }

    /// Visits until one writes nothing.
    pub(crate) async fn settle(&self) {
        let mut rests = false;
        for _ in 0..30 {
            self.apiserver.take_writes();
            self.visit().await.expect("the visit succeeds");
            rests = self.apiserver.take_writes().is_empty();
            if rests {
                break;
            }
        }
        assert!(rests, "the visits do not come to rest");
    }

    /// The kubelets, the Deployment controller and the Job controller do their work; agents say that all went well.
    pub(crate) fn run(&self) {
        for path in self.apiserver.paths(&format!("{DEPLOYMENTS}/")) {
            self.run_deployment(&path);
        }
        for path in self.apiserver.paths(&format!("{JOBS}/")) {
            let job = self.apiserver.get(&path).expect("it is there");
            if job["status"].is_null() {
                self.run_job(&path, &job);
            }
        }
    }

    fn run_deployment(&self, path: &str) {
        let deployment = self.apiserver.get(path).expect("it is there");
        let name = deployment["metadata"]["name"].as_str().expect("a name").to_owned();
        let replicas = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
        for pod in self.apiserver.paths(&format!("{PODS}/{name}-")) {
            self.apiserver.remove(&pod);
        }
        for number in 0..replicas {
            let owner =
                json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{name}-rs"), "uid": "rs", "controller": true});
            let pod = json!({
                "metadata": {"name": format!("{name}-{number}"), "namespace": "shop", "labels": deployment["spec"]["template"]["metadata"]["labels"], "ownerReferences": [owner]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
            });
            self.apiserver.put(&format!("{PODS}/{name}-{number}"), pod);
        }
        self.apiserver.change(path, &json!({"status": {"replicas": replicas}}));
    }

    fn run_job(&self, path: &str, job: &Value) {
        let annotation = |name: &str| job["metadata"]["annotations"][name].as_str().unwrap_or_default().to_owned();
        let key = annotation("anneal.dev/build-key");
        let mut stored = self.stored.lock().expect("no test panics with it");
        if job["metadata"]["labels"]["anneal.dev/stage"] == "r" {
            stored.facts.jar = Some(record());
        } else {
            stored.facts.builds.insert(key.clone(), BuildFact::Committed(build(&key)));
        }
        let complete = json!({"type": "Complete", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        self.apiserver.change(path, &json!({"status": {"conditions": [complete]}}));
    }

    /// The tracer's metadata and one profile for every instrumented build are merged.
    pub(crate) fn collect(&self) {
        let status = self.status();
        let mut stored = self.stored.lock().expect("no test panics with it");
        stored.facts.metadata.get_or_insert_with(|| MetadataFacts {
            digest: digest(b"metadata"),
            windows: 1,
            missing: 0,
        });
        for artifact in status
            .artifacts
            .iter()
            .filter(|artifact| artifact.stage == anneal_api::v1alpha1::Stage::PgoInstrumented)
        {
            let profile = ProfileFacts {
                digest: digest(b"profile"),
                inputs: vec!["pod-0".to_owned()],
                events: 100,
                ..ProfileFacts::default()
            };
            stored.facts.profiles.insert(artifact.build_key.clone(), profile);
        }
    }

    /// The metadata of the jar is merged to this.
    pub(crate) fn merge(&self, metadata: MetadataFacts) {
        self.stored.lock().expect("no test panics with it").facts.metadata = Some(metadata);
    }

    /// What keeps the counts of this process.
    pub(crate) fn counts(&self) -> Checkpoint {
        Checkpoint::new(self.apiserver.client(), "anneal-system", self.context.gateways.clone())
    }

    /// The one gateway follows the routes that stand in status.
    pub(crate) fn acknowledge(&self) {
        self.report(BTreeMap::new());
    }

    /// The one gateway says which routes it follows and how many requests were answered with success, by Deployment.
    pub(crate) fn report(&self, answered: BTreeMap<String, u64>) {
        let function = FunctionRef {
            namespace: "shop".to_owned(),
            name: "hello".to_owned(),
            uid: "uid-f".to_owned(),
        };
        let generation = self.status().route_generation.unwrap_or_default();
        let report = FunctionReport {
            function,
            generation,
            deployments: answered.into_iter().map(|(name, answered)| (name, counts(answered))).collect(),
            unroutable: 0,
        };
        let report = GatewayReport {
            gateway: "gateway-0".to_owned(),
            boot: "1".to_owned(),
            functions: vec![report],
        };
        self.registry.take(report, tokio::time::Instant::now());
    }

    /// Everything goes well for a while.
    pub(crate) async fn go_on(&self) {
        self.settle().await;
        self.run();
        self.settle().await;
        self.collect();
        self.acknowledge();
        self.settle().await;
    }

    pub(crate) fn function(&self) -> Value {
        self.apiserver.get(FUNCTION).expect("the Function is there")
    }

    pub(crate) fn status(&self) -> FunctionStatus {
        serde_json::from_value(self.function()["status"].clone()).unwrap_or_default()
    }

    /// Status and reason of a condition.
    pub(crate) fn condition(&self, kind: &str) -> (String, String) {
        let condition = self
            .status()
            .conditions
            .into_iter()
            .find(|condition| condition.type_ == kind)
            .expect("every type is present");
        (condition.status, condition.reason)
    }
}

fn context(apiserver: &Apiserver, registry: &Registry, now: &Arc<AtomicI64>, depot: &str, token: PathBuf) -> Arc<Context> {
    let client = apiserver.client();
    let config = serde_json::from_value::<Config>(json!({
        "clusterDomain": "cluster.local",
        "gatewayService": {"name": "anneal-gateway", "namespace": "anneal-system", "port": 80},
        "gatewaySelector": {"app.kubernetes.io/component": "gateway"},
        "depotSelector": {"app.kubernetes.io/component": "depot"},
        "depotUrl": "https://depot:8081",
        "image": "anneal:1",
        "imagePullPolicy": "IfNotPresent",
        "defaultToolchain": "t",
        "toolchains": {"t": {"edition": "Oracle", "builder": "b", "tracerJvm": "t", "jvm": "j", "nativeBase": "n", "architecture": "amd64"}},
    }));
    let now = Arc::clone(now);
    let (held, clock) = (Held::default(), Clock::from_fn(move || now.load(Ordering::SeqCst)));
    held.set(SITE.authorities.clone());
    Arc::new(Context {
        depot: Depot::new(depot, token, held.clone()),
        certificates: Certificates::new(client.clone(), "anneal-system", clock.clone(), held),
        recorder: Context::recorder(client.clone(), "test"),
        client,
        config: config.expect("a configuration"),
        launcher: Digest::of(b"launcher"),
        clock,
        gateways: Gateways {
            pods: one_gateway(),
            registry: registry.clone(),
        },
        sources: Sources::default(),
        pace: Pace::default(),
        failures: Failures::default(),
        metrics: Metrics::new(&Figures::new()).expect("they are registered once"),
    })
}

fn counts(answered: u64) -> Counts {
    Counts {
        requests: answered,
        classes: [0, answered, 0, 0, 0],
        ..Counts::default()
    }
}

fn one_gateway() -> GatewayPods {
    let (store, mut writer) = reflector::store();
    let pod: PartialObjectMeta<k8s_openapi::api::core::v1::Pod> =
        serde_json::from_value(json!({"metadata": {"name": "gateway-0", "namespace": "anneal-system"}})).expect("metadata");
    writer.apply_watcher_event(&watcher::Event::Apply(pod));
    GatewayPods {
        store,
        listed: Arc::new(AtomicBool::new(true)),
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

fn record() -> JarRecord {
    let handler = Handler {
        class: "a.B".to_owned(),
        method: "main".to_owned(),
        contract: Contract::Map,
    };
    JarRecord {
        sha256: digest(JAR),
        bytes: 5,
        requested: HandlerRequest::default(),
        entry: Some(digest(b"entry")),
        handler,
    }
}

fn build(key: &str) -> BuildRecord {
    BuildRecord {
        attempt: "pod".to_owned(),
        sha256: digest(key.as_bytes()),
        bytes: 10,
        seconds: 20,
        peak_memory_bytes: None,
        pgo: vec!["user-provided".to_owned()],
        applicability_percent: Some(97.5),
        relevance_percent: None,
    }
}
