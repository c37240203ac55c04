//! The agent's own port: readiness for the kubelet, totals from the gateways. Decides nothing but who may speak.
//!
//! It speaks TLS only: before there is a certificate nobody is answered, so the pod is not ready.

mod port;
mod reviews;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anneal_protocol::{
    agent::{TOTALS_PATH, TotalsReport},
    problem::{Problem, ProblemCode},
};
use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{sync::Notify, time::timeout};

pub(crate) use port::{listen, serve};
pub(crate) use reviews::Reviews;
use reviews::Verdict;

use crate::state::Machine;

/// The longest report: names and a few numbers.
const REPORT_BYTES: usize = 16 << 10;
/// The longest a report may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(5);

/// What the control port shares with [`crate::serve`].
pub(crate) struct Shared {
    machine: Mutex<Machine>,
    ready: AtomicBool,
    /// A report came, so the machine may have something to do.
    pub(crate) reported: Notify,
}

impl Shared {
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            machine: Mutex::new(machine),
            ready: AtomicBool::new(false),
            reported: Notify::new(),
        }
    }

    pub(crate) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(crate) fn become_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub(crate) fn become_unready(&self) {
        self.ready.store(false, Ordering::Release);
    }
}

/// The routes.
pub(crate) fn router(shared: Arc<Shared>, reviews: Reviews) -> Router {
    Router::new()
        .route("/readyz", get(readyz))
        .route(TOTALS_PATH, post(totals))
        .with_state(Control { shared, reviews })
}

#[derive(Clone)]
struct Control {
    shared: Arc<Shared>,
    reviews: Reviews,
}

async fn readyz(State(control): State<Control>) -> (StatusCode, &'static str) {
    if control.shared.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn totals(State(control): State<Control>, request: Request) -> Response {
    // The caller is checked before a byte of the body is read.
    let Some(token) = bearer(request.headers()) else {
        return refuse(ProblemCode::Unauthenticated, "a bearer token is needed");
    };
    match control.reviews.judge(token).await {
        Verdict::Gateway => {}
        Verdict::Stranger => return refuse(ProblemCode::Forbidden, "the caller is not a gateway"),
        Verdict::Unknown => return refuse(ProblemCode::Unavailable, "the depot does not answer"),
    }
    let Ok(Ok(body)) = timeout(ARRIVAL, to_bytes(request.into_body(), REPORT_BYTES)).await else {
        return refuse(ProblemCode::Invalid, "the report did not arrive whole");
    };
    let Ok(report) = serde_json::from_slice::<TotalsReport>(&body) else {
        return refuse(ProblemCode::Invalid, "the report is not understood");
    };
    let reply = control.shared.machine().report(Instant::now(), &report);
    control.shared.reported.notify_one();
    Json(reply).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
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
