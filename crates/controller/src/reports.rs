//! What the gateways say: a registry in memory of who follows which routes and what was counted, and the server that fills it.
//!
//! Gateways report cumulative figures every second to every controller; only the one that leads listens. Nothing here is a
//! decision: lose it, and within a second or two it is back. Totals that outlive a gateway are the ledger's.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anneal_protocol::{
    CONTROLLER_AUDIENCE, FunctionRef,
    gateway::{Counts, GatewayReply, GatewayReport, REPORTS_PATH},
    problem::{Problem, ProblemCode},
};
use anneal_tls::{Bounds, Identity};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::post,
};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use kube::{Api, Client, api::PostParams};
use tokio::{
    net::TcpListener,
    sync::{broadcast, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::ledger::Ledger;

/// Some gateways, each with a connection that it keeps.
const BOUNDS: Bounds = Bounds {
    connections: 512,
    headers: Duration::from_secs(60),
    life: Duration::from_secs(3600),
    drain: Duration::ZERO,
};
/// A report holds a few hundred bytes per function.
const MAX_REPORT_BYTES: usize = 32 << 20;
/// A reviewed token is not reviewed again for so long.
const REVIEW_KEPT: Duration = Duration::from_secs(60);
/// Reviews kept at most.
const MAX_REVIEWS: usize = 256;
/// A gateway that says nothing for so long is forgotten with its figures.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// What the gateways said last.
#[derive(Clone, Default)]
pub struct Registry {
    gateways: Arc<Mutex<BTreeMap<String, Heard>>>,
    /// Totals.
    pub ledger: Ledger,
}

struct Heard {
    boot: String,
    at: Instant,
    functions: HashMap<FunctionRef, (i64, BTreeMap<String, Counts>)>,
}

impl Registry {
    /// Takes a report; gives the Functions whose acknowledged generation changed.
    pub fn take(&self, report: GatewayReport, now: Instant) -> Vec<FunctionRef> {
        self.ledger.take(&report);
        let mut gateways = self.lock();
        gateways.retain(|_, heard| now.duration_since(heard.at) < FORGOTTEN_AFTER);
        let known = gateways.remove(&report.gateway).filter(|heard| heard.boot == report.boot);
        let before = |function: &FunctionRef| {
            known
                .as_ref()
                .and_then(|heard| heard.functions.get(function))
                .map(|(generation, _)| *generation)
        };
        let moved = report
            .functions
            .iter()
            .filter(|said| before(&said.function) != Some(said.generation))
            .map(|said| said.function.clone())
            .collect();
        let functions = report
            .functions
            .into_iter()
            .map(|said| (said.function, (said.generation, said.deployments)))
            .collect();
        gateways.insert(
            report.gateway,
            Heard {
                boot: report.boot,
                at: now,
                functions,
            },
        );
        moved
    }

    /// The generation that a gateway's pod follows for a Function; none when it has not said.
    pub fn generation(&self, gateway: &str, function: &FunctionRef) -> Option<i64> {
        self.lock().get(gateway)?.functions.get(function).map(|(generation, _)| *generation)
    }

    /// The boot of every gateway heard lately.
    pub fn boots(&self) -> BTreeMap<String, String> {
        self.lock()
            .iter()
            .map(|(gateway, heard)| (gateway.clone(), heard.boot.clone()))
            .collect()
    }

    /// Counts of every Deployment of a Function, over all gateways heard.
    pub fn counts(&self, function: &FunctionRef) -> BTreeMap<String, Counts> {
        let mut sums: BTreeMap<String, Counts> = BTreeMap::new();
        for heard in self.lock().values() {
            for (deployment, counts) in heard
                .functions
                .get(function)
                .map(|(_, deployments)| deployments)
                .into_iter()
                .flatten()
            {
                add(sums.entry(deployment.clone()).or_default(), counts);
            }
        }
        sums
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Heard>> {
        self.gateways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(sum: &mut Counts, counts: &Counts) {
    let Counts {
        requests,
        classes,
        retries,
        failures,
        cancelled,
        in_flight,
        latency,
    } = counts;
    sum.requests += requests;
    sum.classes.iter_mut().zip(classes).for_each(|(sum, class)| *sum += class);
    sum.retries += retries;
    sum.failures += failures;
    sum.cancelled += cancelled;
    sum.in_flight += in_flight;
    sum.latency.merge(latency);
}

/// Takes reports while this controller leads.
#[derive(Clone)]
pub struct Server {
    /// Where they go.
    pub registry: Registry,
    /// Reviews tokens.
    pub client: Client,
    /// `system:serviceaccount:<namespace>:<name>` of the gateways.
    pub gateway: String,
    /// Whether this controller leads.
    pub leads: watch::Receiver<bool>,
    /// Told which Functions to look at again.
    pub moved: broadcast::Sender<FunctionRef>,
    reviews: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Server {
    /// A server for this registry.
    pub fn new(
        registry: Registry,
        client: Client,
        gateway: String,
        leads: watch::Receiver<bool>,
        moved: broadcast::Sender<FunctionRef>,
    ) -> Self {
        Self {
            registry,
            client,
            gateway,
            leads,
            moved,
            reviews: Arc::default(),
        }
    }

    /// Serves until it is dropped; nobody is answered before there is a certificate.
    pub async fn serve(self, address: SocketAddr, identity: Identity) -> std::io::Result<()> {
        let listener = TcpListener::bind(address).await?;
        anneal_tls::serve(listener, self.router(), identity, BOUNDS, CancellationToken::new()).await;
        Ok(())
    }

    fn router(self) -> Router {
        Router::new()
            .route(REPORTS_PATH, post(report))
            .layer(DefaultBodyLimit::max(MAX_REPORT_BYTES))
            .with_state(self)
    }

    /// Whether a token is a gateway's.
    async fn is_gateway(&self, token: &str) -> Result<bool, kube::Error> {
        let now = Instant::now();
        if self.reviewed().get(token).is_some_and(|until| now < *until) {
            return Ok(true);
        }
        let spec = TokenReviewSpec {
            token: Some(token.to_owned()),
            audiences: Some(vec![CONTROLLER_AUDIENCE.to_owned()]),
        };
        let review = TokenReview {
            spec,
            ..TokenReview::default()
        };
        let answer = Api::<TokenReview>::all(self.client.clone())
            .create(&PostParams::default(), &review)
            .await?;
        let status = answer.status.unwrap_or_default();
        let audience = status
            .audiences
            .unwrap_or_default()
            .iter()
            .any(|audience| audience == CONTROLLER_AUDIENCE);
        let user = status.user.and_then(|user| user.username).unwrap_or_default();
        let accepted = status.authenticated == Some(true) && audience && user == self.gateway;
        if accepted {
            let mut reviews = self.reviewed();
            reviews.retain(|_, until| now < *until);
            if reviews.len() < MAX_REVIEWS {
                reviews.insert(token.to_owned(), now + REVIEW_KEPT);
            }
        }
        Ok(accepted)
    }

    fn reviewed(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.reviews.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller is proved before a byte of its report is read.
async fn report(State(server): State<Server>, headers: HeaderMap, request: Request) -> Response {
    if !*server.leads.borrow() {
        return (StatusCode::MISDIRECTED_REQUEST, "this controller does not lead\n").into_response();
    }
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    match server.is_gateway(token).await {
        Ok(true) => {}
        Ok(false) => return refuse(ProblemCode::Unauthenticated, "the token is not a gateway's"),
        Err(error) => {
            tracing::warn!(%error, "a gateway's token could not be reviewed");
            return refuse(ProblemCode::Unavailable, "the token could not be reviewed");
        }
    }
    let Ok(Json(report)) = Json::<GatewayReport>::from_request(request, &()).await else {
        return refuse(ProblemCode::Invalid, "the report cannot be read");
    };
    for function in server.registry.take(report, Instant::now()) {
        // Nobody listens while no reconciler runs.
        drop(server.moved.send(function));
    }
    Json(GatewayReply::default()).into_response()
}

fn refuse(code: ProblemCode, message: &str) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (
        status,
        Json(Problem {
            code,
            message: message.to_owned(),
        }),
    )
        .into_response()
}

#[cfg(test)]
mod tests;
