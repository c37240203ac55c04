//! A request that a native executable could not answer, because something it reaches was not registered when it was built, is
//! sent once more: to the JVM, where nothing has to be registered. The controller brings one up when it hears of such an answer,
//! so the request waits for it.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, Request, Response};
use http_body_util::{BodyExt, Limited};
use tokio::time::{Instant, timeout_at};

use crate::{
    body::{AnswerBody, Progress, RequestBody},
    dispatch::{Attempt, Wait, answer, attempt},
    exchange::Exchange,
    gateway::Gateway,
    refusal::{Reason, Refusal},
    routes::{Deployment, Route},
    settings::MAX_EXECUTORS,
};

/// By it the launcher says what was missing.
const MISSING: HeaderName = HeaderName::from_static("x-anneal-missing-registration");
/// The launcher's answer is a few hundred bytes.
const ANSWER_BYTES: usize = 64 << 10;
/// How long requests of a function do not wait again after one that waited in vain, unless its routes change.
pub(crate) const VAIN: Duration = Duration::from_mins(1);

/// Whether an executor's answer says that it lacks a registration; counts those that do.
pub(crate) fn is_lacking<B>(gateway: &Gateway, deployment: &Deployment, response: &Response<B>) -> bool {
    let is_lacking = deployment.is_built() && response.headers().contains_key(&MISSING);
    if is_lacking {
        gateway.metrics.missing_registrations.inc();
    }
    is_lacking
}

/// The answer whole in memory, for the client if the JVM gives none: its executor is free. One that is longer than the launcher's
/// or breaks off is a refusal then.
pub(crate) async fn keep(
    response: Response<AnswerBody>,
    deployment: &Arc<Deployment>,
    deadline: Instant,
) -> Result<Response<AnswerBody>, Refusal> {
    let (head, body) = response.into_parts();
    let body = timeout_at(deadline, Limited::new(body, ANSWER_BYTES).collect()).await;
    match body {
        Ok(Ok(body)) => Ok(Response::from_parts(head, AnswerBody::Own(body.to_bytes()))),
        Ok(Err(_)) => Err(Refusal::of(Reason::ExecutorFailed, deployment)),
        Err(_) => Err(Refusal::of(Reason::Timeout, deployment)),
    }
}

/// The JVM's answer to what an executor of `lacking` could not answer; none if no JVM took the request in time, or the one that
/// did gave no answer.
///
/// What the executable answered was counted as any answer of it, and so is the JVM's. A request that was sent on is one retry of
/// the executable's Deployment; one that was not is none, and is not unroutable either: its client has an answer.
pub(crate) async fn replay(
    gateway: &Gateway,
    key: &str,
    lacking: &Deployment,
    mut request: Request<RequestBody>,
    deadline: Instant,
) -> Option<Response<AnswerBody>> {
    let mut tried = Vec::new();
    let mut until = None;
    loop {
        let Some(passage) = gateway.routes.enter(key) else {
            break;
        };
        let (state, generation) = (Arc::clone(&passage.route.state), passage.route.generation.number);
        let now = Instant::now();
        let found = passage.route.lease_jvm(&tried, now).filter(|_| tried.len() < MAX_EXECUTORS);
        let Some((deployment, lease)) = found else {
            drop(passage);
            if until.is_none() && state.waited_in_vain(generation, now) {
                break;
            }
            let until = *until.get_or_insert_with(|| deadline.min(now + gateway.settings.limits.replay));
            if now >= until {
                state.wait_in_vain(generation, now + VAIN);
                break;
            }
            tried.clear();
            let Ok(wait) = Wait::begin(gateway, &state, until) else {
                break;
            };
            // Over the time is noticed above.
            drop(wait.for_change(key, None, Route::has_jvm).await);
            continue;
        };
        let exchange = Exchange::new(passage, lease, deployment, Arc::clone(&gateway.metrics));
        match attempt(gateway, exchange, request, deadline).await {
            Attempt::Answered(response, connection, exchange) => {
                sent_again(gateway, lacking, "answered");
                return Some(answer(response, connection, exchange, Progress::ended(), deadline, 1));
            }
            Attempt::Unsent(back, exchange) => {
                request = back;
                tried.push(Arc::clone(exchange.endpoint()));
            }
            Attempt::Broken(mut exchange) | Attempt::Overdue(mut exchange) => {
                exchange.fail();
                sent_again(gateway, lacking, "failed");
                return None;
            }
        }
    }
    gateway.metrics.replays.with_label_values(&["unplaced"]).inc();
    None
}

fn sent_again(gateway: &Gateway, lacking: &Deployment, outcome: &str) {
    lacking.tally.retried();
    gateway.metrics.retries.inc();
    gateway.metrics.replays.with_label_values(&[outcome]).inc();
}
