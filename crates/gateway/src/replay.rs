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

/// Whether an executor's answer says that it lacks a registration.
pub(crate) fn is_lacking<B>(deployment: &Deployment, response: &Response<B>) -> bool {
    deployment.is_built() && response.headers().contains_key(&MISSING)
}

/// An answer as far as it has come, whole in memory: its executor is free.
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

/// The JVM's answer; none if no JVM took the request in time, or the one that did gave no answer.
pub(crate) async fn replay(
    gateway: &Gateway,
    key: &str,
    mut request: Request<RequestBody>,
    deadline: Instant,
) -> Option<Response<AnswerBody>> {
    let mut tried = Vec::new();
    let mut until = None;
    loop {
        let passage = gateway.routes.enter(key)?;
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
            let wait = Wait::begin(gateway, Arc::clone(&state), until).ok()?;
            // Over the time is noticed above.
            drop(wait.for_change(key, None, Route::has_jvm).await);
            continue;
        };
        let exchange = Exchange::new(passage, lease, deployment, Arc::clone(&gateway.metrics));
        match attempt(gateway, exchange, request, deadline).await {
            Attempt::Answered(response, connection, exchange) => {
                gateway.metrics.replays.with_label_values(&["answered"]).inc();
                return Some(answer(response, connection, exchange, Progress::ended(), deadline, 1));
            }
            Attempt::Unsent(back, exchange) => {
                request = back;
                tried.push(Arc::clone(exchange.endpoint()));
            }
            Attempt::Broken(mut exchange) | Attempt::Overdue(mut exchange) => {
                exchange.fail();
                gateway.metrics.replays.with_label_values(&["failed"]).inc();
                return None;
            }
        }
    }
    gateway.metrics.replays.with_label_values(&["unplaced"]).inc();
    None
}
