use std::{sync::Arc, time::Duration};

use anneal_protocol::{
    agent::{AcceptState, TotalsReply, TotalsReport},
    problem::ProblemCode,
};
use reqwest::{Client, Response};
use tokio::net::TcpListener;

use super::{REPORT_BYTES, Reviews, Shared, listen, router, serve};
use crate::{
    depot::tests::some_work,
    state::{Machine, Rules},
    testing::{Backend, Fault, Pod},
};

struct Port {
    backend: Backend,
    _pod: Pod,
    shared: Arc<Shared>,
    base: String,
    client: Client,
}

impl Port {
    async fn open() -> Self {
        let backend = Backend::start().await;
        backend.facts().gateways.push("gateway".to_owned());
        let pod = Pod::new(&backend, some_work());
        let rules = Rules {
            window: None,
            drain: Duration::ZERO,
            settle: Duration::ZERO,
        };
        let shared = Arc::new(Shared::new(Machine::new(rules)));
        let reviews = Reviews::new(pod.transfer().depot().clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://{}", listener.local_addr().unwrap());
        let routes = router(Arc::clone(&shared), reviews);
        tokio::spawn(serve(listener, routes, backend.site.identity(&["127.0.0.1"])));
        let client = backend.client();
        Self {
            backend,
            _pod: pod,
            shared,
            base,
            client,
        }
    }

    async fn post(&self, token: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.client.post(format!("{}/v1/totals", self.base));
        request.bearer_auth(token).body(body).send().await.unwrap()
    }

    async fn report(&self, token: &str) -> u16 {
        self.post(token, serde_json::to_vec(&report()).unwrap()).await.status().as_u16()
    }
}

fn report() -> TotalsReport {
    TotalsReport {
        gateway: "gateway-0".to_owned(),
        boot: "1".to_owned(),
        requests: 0,
        in_flight: 0,
        seen: AcceptState::Starting,
    }
}

#[tokio::test]
async fn readiness_is_what_the_agent_says() {
    let port = Port::open().await;
    let readyz = async || {
        let answer = port.client.get(format!("{}/readyz", port.base)).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(readyz().await, 503);
    port.shared.become_ready();
    assert_eq!(readyz().await, 200);
    port.shared.become_unready();
    assert_eq!(readyz().await, 503);
}

#[tokio::test]
async fn a_gateways_report_is_taken_and_answered() {
    let port = Port::open().await;
    port.shared.machine().start(5);
    let body = serde_json::to_vec(&report()).unwrap();
    let reply = port.post("gateway", body).await;
    let reply: TotalsReply = reply.json().await.unwrap();
    assert_eq!(
        reply,
        TotalsReply {
            state: AcceptState::Starting,
            window: 5
        }
    );
    port.shared.reported.notified().await;
}

#[tokio::test]
async fn nobody_but_a_gateway_is_heard() {
    let port = Port::open().await;
    assert_eq!(port.report("somebody").await, 403);
    assert_eq!(port.report("").await, 401);
    assert_eq!(port.report(&"x".repeat(17 << 10)).await, 403);
    let anonymous = port.client.post(format!("{}/v1/totals", port.base)).send().await.unwrap();
    assert_eq!(anonymous.status().as_u16(), 401);
    assert_eq!(port.backend.facts().reviews, 1);
}

#[tokio::test]
async fn the_depots_word_is_remembered() {
    let port = Port::open().await;
    for _ in 0..5 {
        assert_eq!(port.report("gateway").await, 200);
        assert_eq!(port.report("somebody").await, 403);
    }
    assert_eq!(port.backend.facts().reviews, 2);
}

#[tokio::test]
async fn a_depot_that_is_away_makes_nobody_a_gateway() {
    let port = Port::open().await;
    port.backend
        .facts()
        .review_faults
        .push_back(Fault::Refuse(ProblemCode::Unavailable));
    assert_eq!(port.report("gateway").await, 503);
    assert_eq!(port.report("gateway").await, 200);
}

#[tokio::test]
async fn a_report_that_is_none_is_refused() {
    let port = Port::open().await;
    assert_eq!(port.post("gateway", "{}").await.status().as_u16(), 400);
    let long = " ".repeat(REPORT_BYTES + 1);
    assert_eq!(port.post("gateway", long).await.status().as_u16(), 400);
    let deep = "[".repeat(REPORT_BYTES);
    assert_eq!(port.post("gateway", deep).await.status().as_u16(), 400);
}

#[tokio::test]
async fn the_port_can_be_opened() {
    let listener = listen(0).await.unwrap();
    assert_ne!(listener.local_addr().unwrap().port(), 0);
}
