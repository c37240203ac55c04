//! The HTTP API: who may call what, and nothing else. Every call is a `POST` of JSON with a bearer token.

use std::{sync::Arc, time::Duration};

use anneal_protocol::{
    depot::{
        CERTIFICATES_PATH, CONFIRMATIONS_PATH, CertificateReply, CertificateRequest, Confirmation, Confirmed, FACTS_PATH, GRANTS_PATH,
        Grant, GrantRequest, PURGES_PATH, PurgeReply, PurgeRequest, REJECTIONS_PATH, REVIEWS_PATH, RejectionRequest, TokenReviewReply,
        TokenReviewRequest,
    },
    facts::{Facts, FactsRequest},
    problem::ProblemCode,
};
use anneal_store::{Clock, MemoryStore, OBJECTS_PATH, ObjectStore};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    annotate::PodNames,
    args::Limits,
    authentication::Authenticator,
    builds,
    caller::{Caller, PodCaller},
    certificates::Certificates,
    cluster::Cluster,
    facts,
    fold::Folders,
    grants, jars,
    metrics::Metrics,
    purge,
    queue::FoldQueue,
    refusal::{Refusal, Result},
    verifier::Verifier,
    windows,
};

/// The largest body of a call.
const BODY: usize = 256 << 10;
/// For a whole call.
const DEADLINE: Duration = Duration::from_mins(2);

/// Everything that calls need.
pub(crate) struct Depot {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) cluster: Cluster,
    pub(crate) authenticator: Authenticator,
    pub(crate) queue: FoldQueue,
    pub(crate) folders: Arc<dyn Folders>,
    pub(crate) verifier: Verifier,
    pub(crate) limits: Limits,
    pub(crate) certificates: Certificates,
    pub(crate) pod_names: PodNames,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
}

/// The routes of the API.
pub(crate) fn router(depot: Arc<Depot>) -> Router {
    Router::new()
        .route(GRANTS_PATH, post(call::<GrantRequest>))
        .route(CONFIRMATIONS_PATH, post(call::<Confirmation>))
        .route(REVIEWS_PATH, post(call::<TokenReviewRequest>))
        .route(CERTIFICATES_PATH, post(call::<CertificateRequest>))
        .route(FACTS_PATH, post(call::<FactsRequest>))
        .route(REJECTIONS_PATH, post(call::<RejectionRequest>))
        .route(PURGES_PATH, post(call::<PurgeRequest>))
        .fallback(async || Refusal::not_found("there is no such call"))
        .with_state(depot)
}

/// The route by which grants of a store in memory are used.
pub(crate) fn memory_router(store: Arc<MemoryStore>) -> Router {
    Router::new()
        .route(&format!("{OBJECTS_PATH}{{*key}}"), any(redeem))
        .with_state(store)
}

/// A question and its answer.
trait Call: DeserializeOwned + Send {
    /// Its name in metrics.
    const NAME: &'static str;
    /// What is answered.
    type Answer: Serialize + Send;

    /// Answers a proven caller.
    fn answer(self, depot: &Depot, caller: Caller) -> impl Future<Output = Result<Self::Answer>> + Send;
}

async fn call<C: Call>(State(depot): State<Arc<Depot>>, request: Request) -> Response {
    let timer = depot.metrics.request_seconds.with_label_values(&[C::NAME]).start_timer();
    let handled = async {
        let (parts, body) = request.into_parts();
        // Before the body: a stranger's is not read.
        let caller = depot.authenticator.authenticate(bearer(&parts.headers)?).await?;
        read::<C>(body).await?.answer(&depot, caller).await
    };
    let result = tokio::time::timeout(DEADLINE, handled).await;
    let result = result.unwrap_or_else(|_| Err(Refusal::unavailable("the call took too long")));
    timer.observe_duration();
    let outcome = result.as_ref().map_or_else(|refusal| outcome(refusal.code), |_| "ok");
    depot.metrics.requests.with_label_values(&[C::NAME, outcome]).inc();
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => {
            tracing::debug!(call = C::NAME, code = ?refusal.code, message = refusal.message, "refused");
            refusal.into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer "));
    token.ok_or_else(|| Refusal::unauthenticated("there is no bearer token"))
}

async fn read<T: DeserializeOwned>(body: Body) -> Result<T> {
    let body = to_bytes(body, BODY)
        .await
        .map_err(|_| Refusal::too_large("the body is too large or was cut"))?;
    serde_json::from_slice(&body).map_err(|error| Refusal::invalid(format!("the body is not understood: {error}")))
}

const fn outcome(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::Unauthenticated => "unauthenticated",
        ProblemCode::Forbidden => "forbidden",
        ProblemCode::NotFound => "not-found",
        ProblemCode::Gone => "gone",
        ProblemCode::Conflict => "conflict",
        ProblemCode::Invalid => "invalid",
        ProblemCode::TooLarge => "too-large",
        ProblemCode::Unavailable => "unavailable",
        ProblemCode::Unknown => "unknown",
    }
}

fn pod(caller: Caller) -> Result<PodCaller> {
    match caller {
        Caller::Pod(pod) => Ok(pod),
        Caller::Controller => Err(Refusal::forbidden("this call is for pods of Functions")),
    }
}

fn controller(caller: &Caller) -> Result<()> {
    match caller {
        Caller::Controller => Ok(()),
        Caller::Pod(_) => Err(Refusal::forbidden("this call is for the controller")),
    }
}

impl Call for GrantRequest {
    const NAME: &'static str = "grants";
    type Answer = Grant;

    async fn answer(self, depot: &Depot, caller: Caller) -> Result<Grant> {
        grants::grant(depot, &pod(caller)?, &self).await
    }
}

impl Call for Confirmation {
    const NAME: &'static str = "confirmations";
    type Answer = Confirmed;

    async fn answer(self, depot: &Depot, caller: Caller) -> Result<Confirmed> {
        let caller = pod(caller)?;
        match &self {
            Self::Jar(record) => jars::confirm(depot, &caller, record).await?,
            Self::Build {
                build_key,
                sha256,
                bytes,
                seconds,
            } => {
                builds::confirm(
                    depot,
                    &caller,
                    &builds::Claim {
                        build_key,
                        sha256,
                        bytes: *bytes,
                        seconds: *seconds,
                    },
                )
                .await?;
            }
            Self::Profile(sidecar) => windows::confirm_profile(depot, &caller, sidecar).await?,
            Self::Metadata {
                jar,
                window,
                sha256,
                bytes,
                requests: _,
            } => {
                windows::confirm_metadata(
                    depot,
                    &caller,
                    jar,
                    &windows::Upload {
                        window: *window,
                        sha256,
                        bytes: *bytes,
                    },
                )
                .await?;
            }
            Self::Lost { build_key, window, cause } => windows::record_loss(depot, &caller, build_key, *window, *cause).await?,
        }
        Ok(Confirmed {})
    }
}

impl Call for TokenReviewRequest {
    const NAME: &'static str = "reviews";
    type Answer = TokenReviewReply;

    async fn answer(self, depot: &Depot, caller: Caller) -> Result<TokenReviewReply> {
        pod(caller)?;
        let (gateway, cache_seconds) = depot.authenticator.is_gateway(&self.token).await?;
        Ok(TokenReviewReply { gateway, cache_seconds })
    }
}

impl Call for CertificateRequest {
    const NAME: &'static str = "certificates";
    type Answer = CertificateReply;

    async fn answer(self, depot: &Depot, caller: Caller) -> Result<CertificateReply> {
        depot.certificates.issue(&pod(caller)?, &self, depot.clock.now().as_second())
    }
}

impl Call for FactsRequest {
    const NAME: &'static str = "facts";
    type Answer = Facts;

    async fn answer(self, depot: &Depot, caller: Caller) -> Result<Facts> {
        controller(&caller)?;
        facts::facts(depot, &self).await
    }
}

impl Call for RejectionRequest {
    const NAME: &'static str = "rejections";
    type Answer = Confirmed;

    async fn answer(self, depot: &Depot, caller: Caller) -> Result<Confirmed> {
        controller(&caller)?;
        facts::reject(depot, &self).await?;
        Ok(Confirmed {})
    }
}

impl Call for PurgeRequest {
    const NAME: &'static str = "purges";
    type Answer = PurgeReply;

    async fn answer(self, depot: &Depot, caller: Caller) -> Result<PurgeReply> {
        controller(&caller)?;
        let reply = purge::purge(&*depot.store, &self.function).await?;
        depot.metrics.removed.with_label_values(&["purge"]).inc_by(reply.deleted);
        Ok(reply)
    }
}

async fn redeem(State(store): State<Arc<MemoryStore>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let admitted = match store.admit(&parts.method, target, &parts.headers) {
        Ok(admitted) => admitted,
        Err(status) => return status.into_response(),
    };
    let limit = usize::try_from(admitted.bytes()).unwrap_or(usize::MAX);
    match to_bytes(body, limit).await {
        Ok(body) => store.redeem(&admitted, body).into_response(),
        Err(_) => StatusCode::FORBIDDEN.into_response(),
    }
}
