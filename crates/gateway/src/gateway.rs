//! One request from the client's head to the answer's: finds the function, prepares the headers, dispatches.

use std::{
    collections::hash_map::RandomState,
    convert::Infallible,
    hash::{BuildHasher, Hasher},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderValue, Request, Response, Uri, Version, header, uri::PathAndQuery};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use crate::{
    body::{AnswerBody, Progress, RequestBody},
    dispatch::{self, Errand},
    forwarded::{self, Origin},
    host::{Destination, Misdirected},
    metrics::Metrics,
    pool::Connector,
    refusal::{Reason, Refusal},
    routes::Routes,
    settings::{RESEND_BYTES, Settings},
};

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) settings: Settings,
    pub(crate) routes: Arc<Routes>,
    pub(crate) metrics: Arc<Metrics>,
    /// Tells this process from an earlier one of the same pod.
    pub(crate) boot: String,
    /// Clients are asked to go elsewhere.
    leaving: AtomicBool,
    requests: AtomicU64,
}

impl Gateway {
    pub(crate) fn new(settings: Settings, routes: Arc<Routes>, metrics: Arc<Metrics>) -> Self {
        let boot = format!("{:016x}{:016x}", random(), random());
        Self {
            settings,
            routes,
            metrics,
            boot,
            leaving: AtomicBool::new(false),
            requests: AtomicU64::new(0),
        }
    }

    /// Should clients be sent here?
    pub(crate) fn is_ready(&self) -> bool {
        self.routes.is_complete() && !self.is_leaving()
    }

    /// From now on every answer asks its client to open no further request on the connection.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    pub(crate) const fn connector(&self) -> Connector {
        Connector {
            connect: self.settings.limits.connect,
            idle: self.settings.limits.executor_idle,
        }
    }

    /// Answers one request, whatever it is.
    pub(crate) async fn answer(self: Arc<Self>, peer: SocketAddr, request: Request<Incoming>) -> Result<Response<AnswerBody>, Infallible> {
        let version = request.version();
        let (result, id) = self.serve(peer, request).await;
        let mut answer = result.unwrap_or_else(|refusal| {
            self.metrics.refused(refusal.reason);
            refusal.answer()
        });
        if let Some(id) = id {
            answer.headers_mut().insert(forwarded::REQUEST_ID, id);
        }
        if self.is_leaving() && version < Version::HTTP_2 {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
    }

    async fn serve(&self, peer: SocketAddr, request: Request<Incoming>) -> (Result<Response<AnswerBody>, Refusal>, Option<HeaderValue>) {
        let deadline = Instant::now() + self.settings.limits.total;
        let (mut head, body) = request.into_parts();
        let route = match self.find(&head.uri, &head.headers).and_then(|found| {
            forwarded::check(&head.method, &head.uri, &head.headers).map_err(|error| Refusal::new(Reason::Invalid, error.to_string()))?;
            Ok(found)
        }) {
            Ok(route) => route,
            Err(refusal) => return (Err(refusal), None),
        };
        let origin = Origin {
            peer: peer.ip(),
            trusted: self.settings.trusted_proxies.iter().any(|network| network.contains(peer.ip())),
        };
        let may_be_repeated = forwarded::may_be_repeated(&head.headers) || self.routes.repeats(&route.key);
        let id = forwarded::prepare(&mut head.headers, &route.host, &route.prefix, origin, || self.fresh_id());
        head.uri = route.target;
        head.version = Version::HTTP_11;
        let result = async {
            let (body, progress) = self.body(body, may_be_repeated, deadline).await?;
            forwarded::frame(&mut head.headers, &body.size_hint());
            let errand = Errand {
                key: route.key,
                request: Request::from_parts(head, body),
                progress,
                may_be_repeated,
                deadline,
            };
            dispatch::dispatch(self, errand).await
        };
        (result.await, Some(id))
    }

    fn find(&self, uri: &Uri, headers: &HeaderMap) -> Result<Found, Refusal> {
        let host = forwarded::host(uri, headers).map_err(|error| Refusal::new(Reason::Invalid, error.to_string()))?;
        let Destination { key, prefix } = self
            .settings
            .hosts
            .resolve(host, uri.path())
            .map_err(|misdirected| match misdirected {
                Misdirected::Host(sentence) => Refusal::new(Reason::Misdirected, sentence),
                Misdirected::Path => Refusal::new(Reason::NotFound, "On this host a function is reached as /NAMESPACE/NAME/….\n"),
            })?;
        let target = forwarded::target(uri, prefix).map_err(|error| Refusal::new(Reason::Invalid, error.to_string()))?;
        let prefix = uri
            .path_and_query()
            .map_or("", PathAndQuery::as_str)
            .get(..prefix)
            .unwrap_or_default();
        Ok(Found {
            key: key.into_owned(),
            host: host.to_owned(),
            prefix: prefix.to_owned(),
            target,
        })
    }

    async fn body(&self, body: Incoming, may_be_repeated: bool, deadline: Instant) -> Result<(RequestBody, Progress), Refusal> {
        let limit = self.settings.limits.body_bytes;
        let size = body.size_hint();
        if size.lower() > limit {
            return Err(Reason::TooLarge.into());
        }
        if may_be_repeated && size.exact().is_some_and(|bytes| bytes <= RESEND_BYTES) {
            let collected = timeout_at(deadline, body.collect()).await;
            let Ok(Ok(collected)) = collected else {
                return Err(Reason::ClientGone.into());
            };
            return Ok(RequestBody::whole(collected.to_bytes()));
        }
        Ok(RequestBody::streamed(body, limit))
    }

    fn fresh_id(&self) -> HeaderValue {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{}-{number:x}", &self.boot[..16])).unwrap_or_else(|_| HeaderValue::from_static("none"))
    }
}

/// What the head of a request says.
struct Found {
    key: String,
    host: String,
    prefix: String,
    target: Uri,
}

/// The standard library seeds its hashers from the system's randomness.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
