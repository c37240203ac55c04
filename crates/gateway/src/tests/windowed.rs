//! Executors with windows, and an agent that opens and closes them.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use anneal_protocol::{
    agent::{AcceptState, TotalsReply, TotalsReport},
    pod_server_name,
};
use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use http::Response;
use http_body_util::Full;

use super::{
    executors::{Hold, executor, holding, named},
    harness::{SITE, Stack, client, eventually, listen, slice},
};

/// An agent whose state a test sets; it keeps the reports.
#[derive(Clone)]
struct Agent {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    state: AcceptState,
    window: u64,
    reports: Vec<TotalsReport>,
    tokens: Vec<String>,
}

impl Agent {
    async fn start(state: AcceptState) -> Self {
        // Whatever the pods of a test are called.
        Self::named(state, "*.pods.anneal.internal").await
    }

    /// An agent with a certificate of this name.
    async fn named(state: AcceptState, name: &str) -> Self {
        let (listener, address) = listen().await;
        let agent = Self {
            address,
            inner: Arc::new(Mutex::new(Inner {
                state,
                window: 0,
                reports: Vec::new(),
                tokens: Vec::new(),
            })),
        };
        let router = Router::new().route("/v1/totals", post(totals)).with_state(agent.clone());
        SITE.serve(listener, router, &[name]);
        agent
    }

    fn set(&self, state: AcceptState) {
        let mut inner = self.inner.lock().expect("nobody panicked");
        inner.state = state;
        inner.reports.clear();
    }

    fn last(&self) -> Option<TotalsReport> {
        self.inner.lock().expect("nobody panicked").reports.last().cloned()
    }

    /// The gateway has acked the drain.
    fn is_drained(&self) -> bool {
        self.last()
            .is_some_and(|report| report.seen == AcceptState::Draining && report.in_flight == 0)
    }
}

async fn totals(State(agent): State<Agent>, headers: HeaderMap, Json(report): Json<TotalsReport>) -> Json<TotalsReply> {
    let mut inner = agent.inner.lock().expect("nobody panicked");
    inner.reports.push(report);
    let token = headers
        .get("authorization")
        .and_then(|token| token.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    inner.tokens.push(token);
    Json(TotalsReply {
        state: inner.state,
        window: inner.window,
    })
}

#[tokio::test]
async fn an_executor_with_windows_takes_requests_only_while_its_agent_accepts() {
    let mut stack = Stack::start().await;
    let (plain, counting) = (named("plain").await, named("counting").await);
    let agent = Agent::start(AcceptState::Starting).await;
    stack.list("hello-1", &[plain]);
    stack.index.apply_slice(&slice("hello-2", 0, counting, Some(agent.address), true));
    stack.route(1, &[("hello-1", 50, false), ("hello-2", 50, true)]);
    let client = client();
    eventually("the agent got a report", || agent.last().is_some()).await;
    for _ in 0..4 {
        assert_eq!(stack.ask(&client).await, "plain");
    }
    agent.set(AcceptState::Accepting);
    eventually("the gateway saw it", || {
        agent.last().is_some_and(|report| report.seen == AcceptState::Accepting)
    })
    .await;
    for _ in 0..4 {
        stack.get(&client).send().await.expect("it is answered");
    }
    assert_eq!((stack.counts("hello-1").requests, stack.counts("hello-2").requests), (6, 2));
    eventually("the agent is told the total", || {
        agent.last().is_some_and(|report| report.requests == 2 && report.in_flight == 0)
    })
    .await;
    assert!(
        agent
            .inner
            .lock()
            .expect("nobody panicked")
            .tokens
            .iter()
            .all(|token| token == "Bearer the-token")
    );
    agent.set(AcceptState::Closed);
    eventually("the gateway saw it", || {
        agent.last().is_some_and(|report| report.seen == AcceptState::Closed)
    })
    .await;
    for _ in 0..4 {
        assert_eq!(stack.ask(&client).await, "plain");
    }
}

#[tokio::test]
async fn a_drain_is_acked_only_when_the_last_answer_is_out() {
    let mut stack = Stack::start().await;
    let hold = Hold::default();
    let (plain, counting) = (named("plain").await, holding("counting", hold.clone()).await);
    let agent = Agent::start(AcceptState::Accepting).await;
    stack.list("hello-1", &[plain]);
    stack.index.apply_slice(&slice("hello-2", 0, counting, Some(agent.address), true));
    stack.route(1, &[("hello-1", 0, false), ("hello-2", 100, true)]);
    let client = client();
    eventually("the gateway saw it", || {
        agent.last().is_some_and(|report| report.seen == AcceptState::Accepting)
    })
    .await;
    let request = tokio::spawn(stack.get(&client).send());
    eventually("the executor has it", || hold.held() == 1).await;

    agent.set(AcceptState::Draining);
    eventually("the drain is seen", || {
        agent.last().is_some_and(|report| report.seen == AcceptState::Draining)
    })
    .await;
    assert!(!agent.is_drained(), "one request is in flight");
    assert_eq!(stack.ask(&client).await, "plain");
    assert!(!agent.is_drained(), "one request is in flight");
    hold.release_all();
    assert_eq!(
        request
            .await
            .expect("no panic")
            .expect("it is answered")
            .text()
            .await
            .expect("it is whole"),
        "counting"
    );
    eventually("the drain is acked", || agent.is_drained()).await;
    assert_eq!(agent.last().map(|report| report.requests), Some(1));
}

#[tokio::test]
async fn windows_come_and_go_under_load_and_no_request_meets_a_closed_one() {
    let mut stack = Stack::start().await;
    let (running, late) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(0)));
    let (alive, missed) = (Arc::clone(&running), Arc::clone(&late));
    // Stands for a child that is gone between windows: whatever arrives then would be lost.
    let counting = executor(move |_| {
        if alive.load(SeqCst) == 0 {
            missed.fetch_add(1, SeqCst);
        }
        async { Response::new(Full::from("counting")) }
    })
    .await;
    let plain = named("plain").await;
    let agent = Agent::start(AcceptState::Accepting).await;
    stack.list("hello-1", &[plain]);
    stack.index.apply_slice(&slice("hello-2", 0, counting, Some(agent.address), true));
    stack.route(1, &[("hello-1", 50, false), ("hello-2", 50, true)]);
    let client = client();
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (client, url, running) = (client.clone(), stack.url("/"), Arc::clone(&running));
            tokio::spawn(async move {
                let mut answered = 0_u64;
                while running.load(SeqCst) < 2 {
                    let answer = client.get(&url).header("host", "hello.shop").send().await.expect("it is answered");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    for _ in 0..5 {
        let before = stack.counts("hello-2").requests;
        eventually("the window serves", || stack.counts("hello-2").requests > before + 20).await;
        agent.set(AcceptState::Draining);
        eventually("the drain is acked", || agent.is_drained()).await;
        running.store(0, SeqCst);
        let plain = stack.counts("hello-1").requests;
        eventually("the others serve on", || stack.counts("hello-1").requests > plain + 20).await;
        running.store(1, SeqCst);
        agent.set(AcceptState::Accepting);
    }
    running.store(2, SeqCst);
    let mut answered = 0;
    for worker in load {
        answered += worker.await.expect("no request failed");
    }
    assert_eq!(late.load(SeqCst), 0);
    assert_eq!(stack.counts("hello-1").requests + stack.counts("hello-2").requests, answered);
}

#[tokio::test]
async fn a_pod_that_comes_back_into_the_slices_keeps_its_totals() {
    let mut stack = Stack::start().await;
    let counting = named("counting").await;
    let agent = Agent::start(AcceptState::Accepting).await;
    let listed = slice("hello-1", 0, counting, Some(agent.address), true);
    stack.index.apply_slice(&listed);
    stack.route(1, &[("hello-1", 100, true)]);
    let client = client();
    for _ in 0..3 {
        assert!(stack.get(&client).send().await.expect("it is answered").status().is_success());
    }
    eventually("the agent is told", || {
        agent.last().is_some_and(|report| report.requests == 3 && report.in_flight == 0)
    })
    .await;
    stack.index.remove_slice(&listed);
    agent.set(AcceptState::Accepting);
    stack.index.apply_slice(&listed);
    for _ in 0..2 {
        assert!(stack.get(&client).send().await.expect("it is answered").status().is_success());
    }
    eventually("the agent is told", || {
        agent.last().is_some_and(|report| report.requests == 5 && report.in_flight == 0)
    })
    .await;
}

#[tokio::test]
async fn a_pod_that_has_the_address_of_another_one_is_told_nothing() {
    let mut stack = Stack::start().await;
    let (plain, counting) = (named("plain").await, named("counting").await);
    let stranger = Agent::named(AcceptState::Accepting, &pod_server_name("hello-2-pod-9")).await;
    let own = Agent::named(AcceptState::Accepting, &pod_server_name("hello-3-pod-0")).await;
    stack.list("hello-1", &[plain]);
    stack
        .index
        .apply_slice(&slice("hello-2", 0, counting, Some(stranger.address), true));
    stack.index.apply_slice(&slice("hello-3", 0, counting, Some(own.address), true));
    stack.route(1, &[("hello-1", 40, false), ("hello-2", 30, true), ("hello-3", 30, true)]);
    eventually("the agent that is meant got reports", || {
        own.last().is_some_and(|report| report.seen == AcceptState::Accepting)
    })
    .await;
    let client = client();
    for _ in 0..10 {
        stack.get(&client).send().await.expect("it is answered");
    }
    assert!(stranger.last().is_none());
    assert_eq!(stack.counts("hello-2").requests, 0);
}
