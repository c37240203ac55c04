//! Reports to controllers, leader or not.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use anneal_protocol::gateway::{GatewayReply, GatewayReport};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{
    executors::named,
    harness::{SITE, Stack, client, eventually, limits, listen, trusting},
};
use crate::report;

/// A controller that keeps what it is told.
#[derive(Clone)]
struct Controller {
    leads: Arc<Mutex<bool>>,
    reports: Arc<Mutex<Vec<(String, GatewayReport)>>>,
    address: SocketAddr,
}

impl Controller {
    async fn start() -> Self {
        let (listener, address) = listen().await;
        let controller = Self {
            leads: Arc::default(),
            reports: Arc::default(),
            address,
        };
        let router = Router::new()
            .route("/v1/gateway-reports", post(take))
            .with_state(controller.clone());
        SITE.serve(listener, router, &["127.0.0.1"]);
        controller
    }

    fn last(&self) -> Option<(String, GatewayReport)> {
        self.reports.lock().expect("nobody panicked").last().cloned()
    }
}

async fn take(State(controller): State<Controller>, headers: HeaderMap, Json(report): Json<GatewayReport>) -> Response {
    if !*controller.leads.lock().expect("nobody panicked") {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let token = headers
        .get("authorization")
        .and_then(|token| token.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    controller.reports.lock().expect("nobody panicked").push((token, report));
    Json(GatewayReply {}).into_response()
}

#[tokio::test]
async fn the_leader_is_told_counts_and_generation_and_others_are_passed_over() {
    let controller = Controller::start().await;
    let mut stack = Stack::reporting(limits(), &controller.address.to_string()).await;
    let executor = named("counted").await;
    stack.list("hello-1", &[executor]);
    stack.route(4, &[("hello-1", 100, false)]);
    for _ in 0..3 {
        assert!(stack.get(&client()).send().await.expect("it is answered").status().is_success());
    }
    let task = tokio::spawn(report::run(Arc::clone(&stack.gateway), trusting()));
    let outcomes = |outcome: &str| stack.gateway.metrics.reports.with_label_values(&[outcome]).get();
    eventually("it is told that nobody leads here", || outcomes("notLeader") > 0).await;
    assert!(controller.last().is_none());
    *controller.leads.lock().expect("nobody panicked") = true;
    eventually("the report was taken", || controller.last().is_some()).await;
    let (token, report) = controller.last().expect("it was taken");
    assert_eq!(
        (token.as_str(), report.gateway.as_str(), report.boot == stack.gateway.boot),
        ("Bearer the-token", "gateway-0", true)
    );
    let function = &report.functions[0];
    assert_eq!(
        (
            function.function.uid.as_str(),
            function.generation,
            function.deployments["hello-1"].requests
        ),
        ("uid-hello", 4, 3)
    );
    task.abort();
}

#[tokio::test]
async fn the_last_report_holds_everything_that_was_served() {
    let controller = Controller::start().await;
    *controller.leads.lock().expect("nobody panicked") = true;
    let mut stack = Stack::reporting(limits(), &controller.address.to_string()).await;
    let executor = named("counted").await;
    stack.list("hello-1", &[executor]);
    stack.route(4, &[("hello-1", 100, false)]);
    assert!(stack.get(&client()).send().await.expect("it is answered").status().is_success());
    let gateway = Arc::clone(&stack.gateway);
    stack.stop();
    stack.stopped().await;
    report::last(&gateway, &trusting()).await;
    let (_, report) = controller.last().expect("it was taken");
    let counts = &report.functions[0].deployments["hello-1"];
    assert_eq!((counts.requests, counts.in_flight), (1, 0));
}
