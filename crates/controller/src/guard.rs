//! Between this process and the apiserver: nothing is written once the lease may be somebody else's, and no call waits for ever.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Method, Request, Response};
use kube::client::Body;
use tower::{BoxError, Layer, Service};

use crate::lease::Leadership;

/// Longest a call may wait for its answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// Longest a write may wait: it ends before a lease that could not be renewed may be somebody else's.
pub(crate) const WRITE_DEADLINE: Duration = Duration::from_millis(2500);
/// Calls that are no writes of a leader: asking for the lease itself, and asking whose token it is.
const OPEN_PATHS: [&str; 2] = ["/apis/coordination.k8s.io/", "/apis/authentication.k8s.io/"];

/// Puts the guard around a client.
#[derive(Clone)]
pub struct GuardLayer(pub Leadership);

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard {
            inner,
            leadership: self.0.clone(),
        }
    }
}

/// A client that refuses to write without the lease.
#[derive(Clone)]
pub struct Guard<S> {
    inner: S,
    leadership: Leadership,
}

type Answer<B> = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

impl<S, B> Service<Request<Body>> for Guard<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
    B: 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Answer<B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let writes = is_write(&request);
        if writes && !self.leadership.holds() {
            return Box::pin(async { Err("this controller does not lead and writes nothing".into()) });
        }
        // The answer to a watch begins at once; what follows in it is the watch's own to wait for.
        let answer = self.inner.call(request);
        let deadline = if writes { WRITE_DEADLINE } else { DEADLINE };
        Box::pin(async move { tokio::time::timeout(deadline, answer).await? })
    }
}

fn is_write<B>(request: &Request<B>) -> bool {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    !reads && !OPEN_PATHS.iter().any(|path| request.uri().path().starts_with(path))
}

#[cfg(test)]
mod tests {
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    fn guarded(leadership: &Leadership) -> impl Service<Request<Body>, Response = Response<()>, Error = BoxError> {
        GuardLayer(leadership.clone()).layer(service_fn(async |_: Request<Body>| Ok::<_, BoxError>(Response::new(()))))
    }

    fn request(method: Method, path: &str) -> Request<Body> {
        Request::builder().method(method).uri(path).body(Body::empty()).expect("a request")
    }

    #[tokio::test]
    async fn nothing_is_written_without_the_lease() {
        let leadership = Leadership::default();
        let patch = || request(Method::PATCH, "/apis/anneal.dev/v1alpha1/namespaces/n/functions/f/status");
        assert!(guarded(&leadership).oneshot(patch()).await.is_err());
        assert!(guarded(&leadership).oneshot(request(Method::GET, "/api/v1/pods")).await.is_ok());
        assert!(
            guarded(&leadership)
                .oneshot(request(Method::POST, "/apis/authentication.k8s.io/v1/tokenreviews"))
                .await
                .is_ok()
        );
        leadership.confirm();
        assert!(guarded(&leadership).oneshot(patch()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_confirmation_holds_no_longer_than_the_renew_deadline() {
        let leadership = Leadership::default();
        leadership.confirm();
        tokio::time::advance(crate::lease::RENEW_DEADLINE + Duration::from_millis(1)).await;
        assert!(!leadership.holds());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_not_answered_ends() {
        let silent = service_fn(async |_: Request<Body>| std::future::pending::<Result<Response<()>, BoxError>>().await);
        let answer = GuardLayer(Leadership::default())
            .layer(silent)
            .oneshot(request(Method::GET, "/api/v1/pods"))
            .await;
        assert!(answer.is_err());
    }
}
