//! From a route to an answer: chooses executors, waits for one, and sends again only what cannot have reached any.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    body::{AnswerBody, ExecutorBody, Progress, RequestBody},
    endpoint::Endpoint,
    exchange::Exchange,
    forwarded,
    gateway::Gateway,
    pool::{Connection, Wanted},
    refusal::{Reason, Refusal},
    replay,
    routes::{Deployment, FunctionState, Passage, Route},
    settings::MAX_EXECUTORS,
};

/// So many kept connections may turn out closed before a new one is opened.
const MAX_STALE: usize = 2;
/// Between two rounds of trying as many executors as are tried at once.
const PAUSE: Duration = Duration::from_millis(100);

/// One request, ready to be sent.
#[derive(Debug)]
pub(crate) struct Errand {
    /// `NAME.NAMESPACE`.
    pub(crate) key: String,
    pub(crate) request: Request<RequestBody>,
    pub(crate) progress: Progress,
    /// The client allows that it reaches executors more than once.
    pub(crate) may_be_repeated: bool,
    pub(crate) deadline: Instant,
}

/// How one executor took it.
pub(crate) enum Attempt {
    Answered(Response<Incoming>, Connection, Exchange),
    /// No byte has left: anybody else may have it.
    Unsent(Request<RequestBody>, Exchange),
    /// It left, and no answer came.
    Broken(Exchange),
    Overdue(Exchange),
}

/// Sends the request to an executor of its function.
pub(crate) async fn dispatch(gateway: &Gateway, errand: Errand) -> Result<Response<AnswerBody>, Refusal> {
    let Errand {
        key,
        mut request,
        progress,
        may_be_repeated,
        deadline,
    } = errand;
    let mut choice = Choice::default();
    let mut until = None;
    loop {
        let Some(passage) = gateway.routes.enter(&key) else {
            return Err(no_route(gateway));
        };
        let state = Arc::clone(&passage.route.state);
        let Some(exchange) = choice.exchange(gateway, passage) else {
            // However often it has to wait, it waits no longer than this.
            let until = *until.get_or_insert_with(|| Instant::now() + gateway.settings.limits.hold);
            let waited = async {
                Wait::begin(gateway, &state, until)?
                    .for_change(&key, choice.pause(), Route::is_open)
                    .await
            };
            waited.await.inspect_err(|_| {
                state.unroutable.fetch_add(1, SeqCst);
            })?;
            choice.tried.clear();
            continue;
        };
        let copy = repeatable(&request, may_be_repeated);
        match attempt(gateway, exchange, request, deadline).await {
            Attempt::Answered(response, connection, exchange) => {
                let deployment = Arc::clone(exchange.deployment());
                let is_lacking = replay::is_lacking(gateway, &deployment, &response);
                let response = answer(response, connection, exchange, progress, deadline, choice.retries);
                let Some(copy) = copy.filter(|_| is_lacking) else {
                    return Ok(response);
                };
                let kept = replay::keep(response, &deployment, deadline).await;
                return match replay::replay(gateway, &key, &deployment, copy, deadline).await {
                    Some(answer) => Ok(answer),
                    None => kept,
                };
            }
            Attempt::Unsent(back, exchange) => {
                request = back;
                choice.retry(&exchange);
            }
            Attempt::Broken(mut exchange) => match copy {
                Some(copy) if choice.repeats + 1 < MAX_EXECUTORS => {
                    exchange.fail();
                    request = copy;
                    choice.repeats += 1;
                    choice.retry(&exchange);
                }
                _ => return Err(broken(exchange, &progress)),
            },
            Attempt::Overdue(mut exchange) => {
                exchange.fail();
                return Err(Refusal::of(Reason::Timeout, exchange.deployment()));
            }
        }
    }
}

/// Whose fault it is that there is no answer.
fn broken(mut exchange: Exchange, progress: &Progress) -> Refusal {
    let reason = if progress.is_too_large() {
        Reason::TooLarge
    } else if progress.is_broken() {
        Reason::ClientGone
    } else {
        exchange.fail();
        Reason::ExecutorFailed
    };
    Refusal::of(reason, exchange.deployment())
}

fn no_route(gateway: &Gateway) -> Refusal {
    if gateway.routes.is_complete() {
        Reason::NotFound.into()
    } else {
        Reason::NotReady.into()
    }
}

/// Which executors a request was given to.
#[derive(Default)]
struct Choice {
    /// The Deployment whose turn it was: a request takes one turn, however often it is sent.
    deployment: Option<Arc<Deployment>>,
    tried: Vec<Arc<Endpoint>>,
    /// Sendings after the first.
    retries: u32,
    /// Those of them after a sending that may have reached its executor.
    repeats: usize,
}

impl Choice {
    fn exchange(&mut self, gateway: &Gateway, passage: Passage) -> Option<Exchange> {
        if self.tried.len() >= MAX_EXECUTORS {
            return None;
        }
        let route = &passage.route;
        let chosen = self
            .deployment
            .as_ref()
            .and_then(|chosen| route.targets.iter().position(|target| Arc::ptr_eq(&target.deployment, chosen)));
        let wanted = chosen.or_else(|| {
            let turn = route.turn()?;
            self.deployment = route.targets.get(turn).map(|target| Arc::clone(&target.deployment));
            Some(turn)
        });
        let (deployment, lease) = route.lease(wanted, &self.tried, Instant::now())?;
        Some(Exchange::new(passage, lease, deployment, Arc::clone(&gateway.metrics)))
    }

    /// After so many executors the next one is not tried at once.
    fn pause(&self) -> Option<Duration> {
        (self.tried.len() >= MAX_EXECUTORS).then_some(PAUSE)
    }

    fn retry(&mut self, exchange: &Exchange) {
        exchange.retried();
        self.retries += 1;
        self.tried.push(Arc::clone(exchange.endpoint()));
    }
}

/// A place in the function's queue. What follows from an error is the business of who waits.
pub(crate) struct Wait<'a> {
    gateway: &'a Gateway,
    state: Arc<FunctionState>,
    until: Instant,
}

impl<'a> Wait<'a> {
    pub(crate) fn begin(gateway: &'a Gateway, state: &Arc<FunctionState>, until: Instant) -> Result<Self, Refusal> {
        if state.waiting.fetch_add(1, SeqCst) >= gateway.settings.limits.hold_queue {
            state.waiting.fetch_sub(1, SeqCst);
            return Err(Reason::QueueFull.into());
        }
        gateway.metrics.waiting.inc();
        Ok(Self {
            gateway,
            state: Arc::clone(state),
            until,
        })
    }

    /// Until an executor may accept of those that `is_open` looks at, or at least for `pause`; an error when nothing more can be
    /// hoped for.
    pub(crate) async fn for_change(
        self,
        key: &str,
        pause: Option<Duration>,
        is_open: impl Fn(&Route, Instant) -> bool,
    ) -> Result<(), Refusal> {
        let routes = &self.gateway.routes;
        let (mut changed, mut accepting) = (pin!(self.state.changed.notified()), pin!(routes.accepting.notified()));
        changed.as_mut().enable();
        accepting.as_mut().enable();
        let now = Instant::now();
        if now >= self.until {
            return Err(Reason::NoExecutor.into());
        }
        if let Some(pause) = pause {
            sleep_until(self.until.min(now + pause)).await;
            return Ok(());
        }
        // Looked at only now, so that no change falls between looking and listening.
        let Some(route) = routes.enter(key).map(|passage| Arc::clone(&passage.route)) else {
            return Ok(());
        };
        if is_open(&route, now) {
            return Ok(());
        }
        let next = route.next_try(now).map_or(self.until, |next| next.min(self.until));
        tokio::select! {
            () = changed => {}
            () = accepting => {}
            () = sleep_until(next) => {}
        }
        Ok(())
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.state.waiting.fetch_sub(1, SeqCst);
        self.gateway.metrics.waiting.dec();
    }
}

/// A copy for a second sending, where the client allows one and the body is in memory.
fn repeatable(request: &Request<RequestBody>, may_be_repeated: bool) -> Option<Request<RequestBody>> {
    let RequestBody::Whole(bytes) = request.body() else {
        return None;
    };
    may_be_repeated.then(|| {
        let mut copy = Request::new(RequestBody::Whole(bytes.clone()));
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    })
}

pub(crate) async fn attempt(gateway: &Gateway, mut exchange: Exchange, mut request: Request<RequestBody>, deadline: Instant) -> Attempt {
    let endpoint = Arc::clone(exchange.endpoint());
    let mut stale = 0;
    loop {
        let wanted = if stale < MAX_STALE { Wanted::KeptOrNew } else { Wanted::New };
        let mut connection = match endpoint.pool.checkout(endpoint.id.address, gateway.connector(), wanted).await {
            Ok(connection) => connection,
            Err(error) => {
                endpoint.pause(Instant::now());
                tracing::debug!(%error, address = %endpoint.id.address, "an executor takes no connection");
                return Attempt::Unsent(request, exchange);
            }
        };
        exchange.sent();
        let sent = timeout_at(deadline, connection.send(request)).await;
        match sent {
            Ok(Ok(response)) => {
                endpoint.healthy();
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    // No upgrade was asked for.
                    return Attempt::Broken(exchange);
                }
                exchange.answered(response.status().as_u16());
                return Attempt::Answered(response, connection, exchange);
            }
            Ok(Err(mut error)) => {
                let Some(back) = error.take_message() else {
                    tracing::debug!(error = %error.error(), address = %endpoint.id.address, "an executor gave no answer");
                    return Attempt::Broken(exchange);
                };
                exchange.withdrawn();
                request = back;
                if !connection.kept {
                    endpoint.pause(Instant::now());
                    return Attempt::Unsent(request, exchange);
                }
                stale += 1;
            }
            Err(_) => return Attempt::Overdue(exchange),
        }
    }
}

pub(crate) fn answer(
    response: Response<Incoming>,
    connection: Connection,
    exchange: Exchange,
    progress: Progress,
    deadline: Instant,
    retries: u32,
) -> Response<AnswerBody> {
    let (mut head, body) = response.into_parts();
    forwarded::strip_answer(&mut head.headers);
    let deployment = exchange.deployment();
    head.headers.insert(forwarded::STAGE, deployment.stage_header.clone());
    head.headers.insert(forwarded::BUILD, deployment.build_header.clone());
    if retries > 0 {
        head.headers.insert(forwarded::RETRIES, HeaderValue::from(retries));
    }
    head.version = http::Version::default();
    head.extensions.clear();
    Response::from_parts(
        head,
        AnswerBody::Executor(Box::new(ExecutorBody::new(body, exchange, connection, progress, deadline))),
    )
}
