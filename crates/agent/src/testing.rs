//! A depot with its store, in memory, for this crate's tests; and the settings and files that most of them need.

mod jar;
mod pod;

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anneal_protocol::{
    depot::{
        CERTIFICATES_PATH, CONFIRMATIONS_PATH, CertificateReply, CertificateRequest, Confirmation, Confirmed, GRANTS_PATH, Grant,
        GrantRequest, REVIEWS_PATH, Readable, TokenReviewReply, TokenReviewRequest, Writable,
    },
    problem::{Problem, ProblemCode},
};
use anneal_tls::testing::{Site, now};
use axum::{
    Json, Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use reqwest::{Certificate, Client};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};

pub(crate) use jar::{jar, map_class};
pub(crate) use pod::{PACE, Pod};

use crate::digest;

/// No wait of a test is longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for something that must happen.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(DEADLINE, what).await.expect("it should have happened by now")
}

/// Looks again and again until something is there.
pub(crate) async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut period = tokio::time::interval(Duration::from_millis(5));
    soon(async {
        loop {
            period.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    })
    .await
}

/// What goes wrong, once, at the next request of a kind.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The depot refuses.
    Refuse(ProblemCode),
    /// The store answers with this status.
    Status(u16),
    /// The store takes the object and loses the answer.
    TakeAndFail,
    /// The store sends a part of the object.
    Cut,
}

#[derive(Default)]
pub(crate) struct Facts {
    /// Objects by the JSON of what names them.
    pub(crate) objects: HashMap<String, Vec<u8>>,
    pub(crate) grants: Vec<GrantRequest>,
    pub(crate) confirmations: Vec<Confirmation>,
    /// Tokens that came with calls.
    pub(crate) tokens: Vec<String>,
    pub(crate) grant_faults: VecDeque<Fault>,
    pub(crate) confirm_faults: VecDeque<Fault>,
    pub(crate) review_faults: VecDeque<Fault>,
    pub(crate) store_faults: VecDeque<Fault>,
    pub(crate) gateways: Vec<String>,
    pub(crate) reviews: usize,
    pub(crate) certificate_faults: VecDeque<Fault>,
    /// Keys that certificates were asked for.
    pub(crate) keys: Vec<String>,
}

/// The depot and its store.
pub(crate) struct Backend {
    pub(crate) base: String,
    pub(crate) site: Site,
    facts: Arc<Mutex<Facts>>,
    task: JoinHandle<()>,
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Shared {
    base: String,
    site: Site,
    facts: Arc<Mutex<Facts>>,
}

impl Shared {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_token(&self, headers: &HeaderMap) {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.facts().tokens.push(token.unwrap_or_default().to_owned());
    }
}

impl Backend {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://{}", listener.local_addr().unwrap());
        let (facts, site) = (Arc::<Mutex<Facts>>::default(), Site::default());
        let shared = Shared {
            base: base.clone(),
            site: site.clone(),
            facts: Arc::clone(&facts),
        };
        let routes = Router::new()
            .route(GRANTS_PATH, post(grant))
            .route(CONFIRMATIONS_PATH, post(confirm))
            .route(REVIEWS_PATH, post(review))
            .route(CERTIFICATES_PATH, post(certificate))
            .route("/store/{key}", any(object))
            .with_state(shared);
        let task = site.serve(listener, routes, &["127.0.0.1"]);
        Self { base, site, facts, task }
    }

    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client of whatever this one's authority signed.
    pub(crate) fn client(&self) -> Client {
        let bundle = Certificate::from_pem_bundle(self.site.authorities.bundle().as_bytes()).unwrap();
        Client::builder().no_proxy().tls_certs_only(bundle).build().unwrap()
    }

    /// Puts an object where a read finds it.
    pub(crate) fn put(&self, object: &Readable, bytes: &[u8]) {
        self.facts().objects.insert(read_key(object), bytes.to_vec());
    }

    /// What was written.
    pub(crate) fn written(&self, object: &Writable) -> Option<Vec<u8>> {
        self.facts().objects.get(&write_key(object)).cloned()
    }

    /// Waits until the depot was told this many things.
    pub(crate) async fn confirmed(&self, count: usize) -> Vec<Confirmation> {
        eventually(async || {
            let facts = self.facts();
            (facts.confirmations.len() >= count).then(|| facts.confirmations.clone())
        })
        .await
    }
}

fn read_key(object: &Readable) -> String {
    digest::hex(serde_json::to_string(object).unwrap().as_bytes())
}

fn write_key(object: &Writable) -> String {
    format!("w{}", digest::hex(serde_json::to_string(object).unwrap().as_bytes()))
}

async fn grant(State(shared): State<Shared>, headers: HeaderMap, Json(request): Json<GrantRequest>) -> Response {
    shared.note_token(&headers);
    let mut facts = shared.facts();
    facts.grants.push(request.clone());
    if let Some(Fault::Refuse(code)) = facts.grant_faults.pop_front() {
        return refuse(code);
    }
    let (method, key, mut headers) = match &request {
        GrantRequest::Get { object } => ("GET", read_key(object), HashMap::new()),
        GrantRequest::Put { object, bytes, sha256 } => {
            let bytes = bytes.to_string();
            let signed = [("content-length", bytes.as_str()), ("x-sum", sha256)];
            let signed = signed.map(|(name, value)| (name.to_owned(), value.to_owned()));
            ("PUT", write_key(object), HashMap::from(signed))
        }
    };
    headers.insert("x-signed".to_owned(), "yes".to_owned());
    let grant = Grant {
        method: method.to_owned(),
        url: format!("{}/store/{key}?signature=secret", shared.base),
        headers: headers.into_iter().collect(),
        expires_seconds: 300,
        ca: Some(shared.site.authorities.bundle()),
    };
    Json(grant).into_response()
}

async fn confirm(State(shared): State<Shared>, headers: HeaderMap, Json(confirmation): Json<Confirmation>) -> Response {
    shared.note_token(&headers);
    let mut facts = shared.facts();
    if let Some(Fault::Refuse(code)) = facts.confirm_faults.pop_front() {
        return refuse(code);
    }
    facts.confirmations.push(confirmation);
    Json(Confirmed {}).into_response()
}

async fn review(State(shared): State<Shared>, Json(request): Json<TokenReviewRequest>) -> Response {
    let mut facts = shared.facts();
    facts.reviews += 1;
    if let Some(Fault::Refuse(code)) = facts.review_faults.pop_front() {
        return refuse(code);
    }
    let gateway = facts.gateways.contains(&request.token);
    Json(TokenReviewReply {
        gateway,
        cache_seconds: 60,
    })
    .into_response()
}

async fn certificate(State(shared): State<Shared>, Json(request): Json<CertificateRequest>) -> Response {
    let mut facts = shared.facts();
    if let Some(Fault::Refuse(code)) = facts.certificate_faults.pop_front() {
        return refuse(code);
    }
    let key = request.public_key.parse().expect("a public key");
    facts.keys.push(request.public_key);
    // Tests reach the pod by its address.
    let names = ["127.0.0.1".to_owned()];
    let chain = shared.site.authorities.signer(now()).sign(&key, &names, now()).unwrap();
    let renew_seconds = 57_600;
    Json(CertificateReply { chain, renew_seconds }).into_response()
}

async fn object(State(shared): State<Shared>, request: Request) -> Response {
    let key = request.uri().path().trim_start_matches("/store/").to_owned();
    let (parts, body) = request.into_parts();
    assert_eq!(parts.headers["x-signed"], "yes", "a grant's headers are sent as they are");
    assert!(!parts.headers.contains_key(header::AUTHORIZATION), "the store gets no token");
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let fault = shared.facts().store_faults.pop_front();
    if let Some(Fault::Status(status)) = fault {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    match parts.method {
        Method::GET => match shared.facts().objects.get(&key) {
            Some(bytes) if matches!(fault, Some(Fault::Cut)) => bytes[..bytes.len() / 2].to_vec().into_response(),
            Some(bytes) => bytes.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::PUT => take(&shared, key, &parts.headers, &body, fault.as_ref()),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn take(shared: &Shared, key: String, headers: &HeaderMap, body: &Bytes, fault: Option<&Fault>) -> Response {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    assert_eq!(length, Some(body.len().to_string().as_str()), "the length is declared");
    assert!(!headers.contains_key(header::TRANSFER_ENCODING), "a store takes no chunks");
    let mut facts = shared.facts();
    if facts.objects.contains_key(&key) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    if headers["x-sum"] != digest::of_bytes(body).sha256 {
        return StatusCode::BAD_REQUEST.into_response();
    }
    facts.objects.insert(key, body.to_vec());
    match fault {
        Some(Fault::TakeAndFail) => StatusCode::BAD_GATEWAY.into_response(),
        _ => StatusCode::OK.into_response(),
    }
}

fn refuse(code: ProblemCode) -> Response {
    let problem = Problem {
        code,
        message: "as the test wants".to_owned(),
    };
    (StatusCode::from_u16(code.status()).unwrap(), Json(problem)).into_response()
}

/// A valid profile with this call count.
pub(crate) fn profile(count: u64) -> String {
    format!(
        concat!(
            "{{\"version\":\"1.0.0\",",
            "\"types\":[{{\"id\":0,\"name\":\"int\"}},{{\"id\":1,\"name\":\"Fn\"}}],",
            "\"methods\":[{{\"id\":7,\"name\":\"f\",\"signature\":[1,0]}}],",
            "\"callCountProfiles\":[{{\"ctx\":\"7:0\",\"records\":[{}]}}]}}"
        ),
        count
    )
}

/// The digest of a file's content.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest::of_bytes(bytes).sha256
}

/// The lines of a file that may not be there yet.
pub(crate) fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
