//! The watches against an apiserver that a test plays.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use anneal_telemetry::Registry;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use futures::stream;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::harness::{eventually, function, listen, slice};
use crate::{index::Index, metrics::Metrics, routes::Routes, watch};

const FUNCTIONS: &str = "functions";
const SLICES: &str = "endpointslices";

/// What the apiserver has and how it behaves.
#[derive(Clone, Default)]
struct Apiserver {
    inner: Arc<Mutex<Inner>>,
    lists: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Inner {
    objects: HashMap<&'static str, Vec<Value>>,
    /// Open watches: dropping one ends it.
    watches: HashMap<&'static str, UnboundedSender<Value>>,
    /// Every call is refused.
    is_down: bool,
    /// Watches do not start: 410 when the history is lost, 504 when the version is of the future.
    refuses_watches: Option<u16>,
    selectors: Vec<String>,
}

impl Apiserver {
    fn set(&self, resource: &'static str, objects: Vec<Value>) {
        self.lock().objects.insert(resource, objects);
    }

    fn send(&self, resource: &'static str, kind: &str, object: &impl serde::Serialize) {
        let event = json!({"type": kind, "object": versioned(object)});
        let inner = self.lock();
        let watch = inner.watches.get(resource).expect("it is watched");
        watch.send(event).expect("the gateway reads");
    }

    fn is_watched(&self) -> bool {
        let inner = self.lock();
        [FUNCTIONS, SLICES]
            .iter()
            .all(|resource| inner.watches.get(resource).is_some_and(|watch| !watch.is_closed()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panicked")
    }

    fn answer(&self, resource: &'static str, query: &HashMap<String, String>) -> Response {
        let mut inner = self.lock();
        inner.selectors.extend(query.get("labelSelector").cloned());
        if inner.is_down {
            return (StatusCode::SERVICE_UNAVAILABLE, "down").into_response();
        }
        if query.get("watch").is_some_and(|watch| watch == "true" || watch == "1") {
            if let Some(code) = inner.refuses_watches {
                let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Expired", "message": "no", "code": code});
                let code = StatusCode::from_u16(code).expect("it is a status");
                return (code, status.to_string()).into_response();
            }
            let (sender, events) = mpsc::unbounded_channel();
            inner.watches.insert(resource, sender);
            return Body::from_stream(lines(events)).into_response();
        }
        self.lists.fetch_add(1, SeqCst);
        let items = inner.objects.get(resource).cloned().unwrap_or_default();
        let kind = if resource == FUNCTIONS {
            "FunctionList"
        } else {
            "EndpointSliceList"
        };
        json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "10"}, "items": items})
            .to_string()
            .into_response()
    }
}

fn lines(events: UnboundedReceiver<Value>) -> impl futures::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::unfold(events, |mut events| async {
        let event = events.recv().await?;
        Some((Ok(Bytes::from(format!("{event}\n"))), events))
    })
}

fn versioned(object: &impl serde::Serialize) -> Value {
    let mut object = serde_json::to_value(object).expect("it can be encoded");
    object["metadata"]["resourceVersion"] = json!("11");
    object
}

async fn functions(State(server): State<Apiserver>, Query(query): Query<HashMap<String, String>>) -> Response {
    server.answer(FUNCTIONS, &query)
}

async fn slices(State(server): State<Apiserver>, Query(query): Query<HashMap<String, String>>) -> Response {
    server.answer(SLICES, &query)
}

async fn watched(server: &Apiserver) -> Arc<Routes> {
    let (listener, address) = listen().await;
    let router = Router::new()
        .route("/apis/anneal.dev/v1alpha1/functions", get(functions))
        .route("/apis/discovery.k8s.io/v1/endpointslices", get(slices))
        .with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let uri = format!("http://{address}").parse().expect("it is a URI");
    let client = watch::client(kube::Config::new(uri)).expect("it can be made");
    let routes = Arc::new(Routes::default());
    let metrics = Arc::new(Metrics::new(&Registry::new()).expect("names are unique"));
    let index = Index::new(Arc::clone(&routes), mpsc::unbounded_channel().0);
    tokio::spawn(watch::run(client, Vec::new(), index, Arc::clone(&routes), metrics));
    routes
}

fn is_open(routes: &Routes, key: &str) -> bool {
    routes
        .enter(key)
        .is_some_and(|passage| passage.route.is_open(tokio::time::Instant::now()))
}

/// `hello` with one executor.
fn stocked() -> Apiserver {
    let server = Apiserver::default();
    server.set(
        FUNCTIONS,
        vec![versioned(&function("shop", "hello", 1, &[("hello-1", 100, false)]))],
    );
    server.set(
        SLICES,
        vec![versioned(&slice("hello-1", 0, ([10, 0, 0, 1], 8080).into(), None, true))],
    );
    server
}

#[tokio::test]
async fn lists_make_the_routes_complete_and_events_keep_them_so() {
    let server = stocked();
    let routes = watched(&server).await;
    eventually("the routes are complete", || routes.is_complete() && server.is_watched()).await;
    assert!(is_open(&routes, "hello.shop"));
    assert!(server.lock().selectors.iter().any(|selector| selector == "anneal.dev/deployment"));

    server.send(FUNCTIONS, "ADDED", &function("shop", "second", 1, &[("hello-1", 100, false)]));
    eventually("the second function is routed", || is_open(&routes, "second.shop")).await;
    server.send(SLICES, "MODIFIED", &slice("hello-1", 0, ([10, 0, 0, 1], 8080).into(), None, false));
    eventually("the executor is closed", || !is_open(&routes, "hello.shop")).await;
    server.send(FUNCTIONS, "DELETED", &function("shop", "second", 1, &[]));
    eventually("the second function is gone", || routes.enter("second.shop").is_none()).await;
}

#[tokio::test]
async fn nothing_is_complete_before_both_lists_have_ended() {
    let server = Apiserver::default();
    server.lock().is_down = true;
    let routes = watched(&server).await;
    eventually("both lists were asked for", || server.lock().selectors.len() > 1).await;
    assert!(!routes.is_complete());
    server.lock().is_down = false;
    eventually("the routes are complete", || routes.is_complete()).await;
}

#[rstest]
#[case::history_is_lost(410)]
#[case::version_is_of_the_future(504)]
#[tokio::test]
async fn a_lost_apiserver_leaves_the_routes_and_is_found_again(#[case] refusal: u16) {
    let server = stocked();
    let routes = watched(&server).await;
    eventually("the routes are complete", || routes.is_complete() && server.is_watched()).await;
    {
        let mut inner = server.lock();
        inner.is_down = true;
        inner.watches.clear();
        inner.selectors.clear();
    }
    eventually("the gateway asks in vain", || !server.lock().selectors.is_empty()).await;
    assert!(is_open(&routes, "hello.shop") && routes.is_complete());
    // Meanwhile the function was replaced.
    server.set(
        FUNCTIONS,
        vec![versioned(&function("shop", "other", 1, &[("hello-1", 100, false)]))],
    );
    {
        let mut inner = server.lock();
        (inner.is_down, inner.refuses_watches) = (false, Some(refusal));
    }
    let lists = server.lists.load(SeqCst);
    eventually("it lists anew", || server.lists.load(SeqCst) >= lists + 2).await;
    server.lock().refuses_watches = None;
    eventually("the new function is routed", || is_open(&routes, "other.shop")).await;
    assert!(routes.enter("hello.shop").is_none());
}

#[tokio::test]
async fn a_function_that_cannot_be_read_keeps_its_route_and_harms_no_other() {
    let server = stocked();
    let routes = watched(&server).await;
    eventually("the routes are complete", || routes.is_complete() && server.is_watched()).await;
    let mut strange = versioned(&function("shop", "hello", 2, &[("hello-9", 100, false)]));
    strange["status"]["traffic"][0]["stage"] = json!("FromTheFuture");
    server.send(FUNCTIONS, "MODIFIED", &strange);
    server.send(FUNCTIONS, "ADDED", &function("shop", "second", 1, &[("hello-1", 100, false)]));
    eventually("the second function is routed", || is_open(&routes, "second.shop")).await;
    assert!(is_open(&routes, "hello.shop"));
}
