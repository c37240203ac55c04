//! A depot with its router, called like by its callers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anneal_protocol::{
    FunctionRef,
    depot::{CONFIRMATIONS_PATH, Confirmation, FACTS_PATH, GRANTS_PATH, Grant, GrantRequest, Readable, Writable},
    facts::{Facts, FactsRequest},
    problem::{Problem, ProblemCode},
};
use anneal_store::{Clock, MemorySettings, MemoryStore, OBJECTS_PATH, ObjectKey, ObjectStore, Sha256Digest};
use anneal_telemetry::Registry;
use anneal_tls::{Held, testing::Site};
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tower::ServiceExt;

use super::cluster::FakeCluster;
use crate::{
    annotate::PodNames,
    api::{self, Depot},
    args::{Accounts, Limits},
    authentication::Authenticator,
    certificates::{Certificates, StoreAuthority},
    cluster::Cluster,
    fold::{FoldLimits, tests::InProcess},
    metrics::Metrics,
    queue::{self, FoldQueue},
    retention::Retention,
    verifier::Verifier,
};

pub(crate) const CONTROLLER: &str = "controller-token";
pub(crate) const GATEWAY: &str = "gateway-token";

pub(crate) struct Harness {
    pub(crate) cluster: FakeCluster,
    pub(crate) memory: Arc<MemoryStore>,
    pub(crate) depot: Arc<Depot>,
    pub(crate) router: Router,
    now: Arc<AtomicI64>,
}

pub(crate) fn function() -> FunctionRef {
    FunctionRef {
        namespace: "shop".into(),
        name: "hello".into(),
        uid: "f-1".into(),
    }
}

/// A build key that begins with the digits of the Jobs here.
pub(crate) fn build_key() -> String {
    format!("0123456789{}", "ab".repeat(27))
}

pub(crate) const RESOLVE: &str = "hello-r-0123456789-1";
pub(crate) const BUILD: &str = "hello-n-0123456789-1";
pub(crate) const OPTIMIZE: &str = "hello-o-0123456789-1";
pub(crate) const EXECUTOR: &str = "hello-executor";

impl Harness {
    pub(crate) fn new() -> Self {
        Self::over(|memory| memory)
    }

    /// A depot whose store wraps the one in memory.
    pub(crate) fn over(wrap: impl FnOnce(Arc<MemoryStore>) -> Arc<dyn ObjectStore>) -> Self {
        let now = Arc::new(AtomicI64::new(1_700_000_000));
        let held = Arc::clone(&now);
        let clock = Clock::from_fn(move || Timestamp::from_second(held.load(Ordering::SeqCst)).unwrap_or_default());
        let settings = MemorySettings {
            tenant_endpoint: "http://depot.test:8081".parse().unwrap(),
            clock: clock.clone(),
        };
        let memory = Arc::new(MemoryStore::new(settings).unwrap());
        let cluster = FakeCluster::default();
        let accounts = Accounts {
            controller: "anneal/controller".parse().unwrap(),
            gateway: Some("anneal/gateway".parse().unwrap()),
        };
        cluster.token(
            CONTROLLER,
            "anneal-depot",
            "system:serviceaccount:anneal:controller",
            Some(("c", "c-uid")),
        );
        cluster.token(
            GATEWAY,
            "anneal-agent",
            "system:serviceaccount:anneal:gateway",
            Some(("g", "g-uid")),
        );
        cluster.function(&function());
        for job in [RESOLVE, BUILD, OPTIMIZE] {
            cluster.job(&function(), job);
        }
        cluster.executor(&function(), EXECUTOR, &build_key());
        let certificates = Certificates {
            held: Held::default(),
            store: StoreAuthority::Depot,
        };
        certificates.held.set(Site::default().authorities);
        let metrics = Metrics::register(&Registry::new()).unwrap();
        let depot = Arc::new(Depot {
            store: wrap(Arc::clone(&memory)),
            cluster: Cluster::new(cluster.client()),
            authenticator: Authenticator::new(Cluster::new(cluster.client()), accounts, clock.clone()),
            queue: FoldQueue::new(metrics.queue.clone()),
            folders: Arc::new(InProcess::default()),
            verifier: Verifier::default(),
            limits: Limits {
                grant_life: Duration::from_mins(5),
                max_profiles: 100,
                fold: FoldLimits::default(),
                retention: Retention::default(),
            },
            certificates,
            pod_names: PodNames::default(),
            clock,
            metrics,
        });
        let router = api::router(Arc::clone(&depot)).merge(api::memory_router(Arc::clone(&memory)));
        Self {
            cluster,
            memory,
            depot,
            router,
            now,
        }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn call<A: DeserializeOwned>(&self, path: &str, token: &str, question: &impl Serialize) -> Result<A, ProblemCode> {
        let request = Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::from(serde_json::to_vec(question).unwrap())).unwrap();
        let (status, body) = self.send(request).await;
        if status.is_success() {
            return Ok(serde_json::from_slice(&body).unwrap());
        }
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem.code.status(), status.as_u16(), "{}", problem.message);
        Err(problem.code)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Bytes) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap())
    }

    /// Uses a grant as an agent does.
    pub(crate) async fn redeem(&self, grant: &Grant, body: &[u8]) -> (StatusCode, Bytes) {
        let target = grant.url.strip_prefix("http://depot.test:8081").unwrap();
        assert!(target.starts_with(OBJECTS_PATH));
        let mut request = Request::builder().method(grant.method.as_str()).uri(target);
        for (name, value) in &grant.headers {
            request = request.header(name, value);
        }
        self.send(request.body(Body::from(body.to_vec())).unwrap()).await
    }

    pub(crate) async fn read(&self, token: &str, object: Readable) -> Result<Bytes, ProblemCode> {
        let grant: Grant = self.call(GRANTS_PATH, token, &GrantRequest::Get { object }).await?;
        let (status, body) = self.redeem(&grant, b"").await;
        if status == StatusCode::OK {
            Ok(body)
        } else {
            Err(ProblemCode::NotFound)
        }
    }

    pub(crate) async fn write(&self, token: &str, object: Writable, body: &[u8]) -> Result<StatusCode, ProblemCode> {
        let put = GrantRequest::Put {
            object,
            bytes: body.len() as u64,
            sha256: Sha256Digest::of(body).to_string(),
        };
        let grant: Grant = self.call(GRANTS_PATH, token, &put).await?;
        Ok(self.redeem(&grant, body).await.0)
    }

    pub(crate) async fn confirm(&self, token: &str, confirmation: &Confirmation) -> Result<(), ProblemCode> {
        self.call::<anneal_protocol::depot::Confirmed>(CONFIRMATIONS_PATH, token, confirmation)
            .await
            .map(|_| ())
    }

    pub(crate) async fn facts(&self, edit: impl FnOnce(&mut FactsRequest)) -> Facts {
        let mut request = FactsRequest {
            function: function(),
            jar: None,
            builds: Vec::new(),
            profiles: Vec::new(),
            metadata: None,
            references: None,
        };
        edit(&mut request);
        self.try_facts(&request).await.unwrap()
    }

    pub(crate) async fn try_facts(&self, request: &FactsRequest) -> Result<Facts, ProblemCode> {
        self.call(FACTS_PATH, CONTROLLER, request).await
    }

    /// Runs the folds that wait now, as the worker does.
    pub(crate) async fn fold(&self) -> usize {
        let mut folds = 0;
        while self.depot.metrics.queue.get() > 0 {
            let key = self.depot.queue.next().await.unwrap();
            let outcome = queue::run(&self.depot, &key).await.unwrap();
            crate::annotate::raise(&self.depot, &key, &outcome).await;
            self.depot.queue.finish(key);
            folds += 1;
        }
        folds
    }

    pub(crate) async fn keys(&self, prefix: &str) -> Vec<ObjectKey> {
        let page = self
            .memory
            .list(&prefix.parse().unwrap(), anneal_store::Depth::All, None)
            .await
            .unwrap();
        page.objects.into_iter().map(|object| object.key).collect()
    }
}
