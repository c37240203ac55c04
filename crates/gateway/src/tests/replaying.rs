//! Answers of native executables that lack a registration: what is sent again to the JVM, and what is not.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{
    executors::{Hold, echo, executor, named, read_head, scripted, write_answer},
    harness::{Stack, client, eventually, from_json, limits},
};
use crate::settings::Limits;

/// A native executable that was built without something.
async fn lacking() -> std::net::SocketAddr {
    executor(|_| async {
        Response::builder()
            .status(500)
            .header("x-anneal-missing-registration", "a.B")
            .body(Full::new(Bytes::from_static(b"{\"error\":\"missing registration\"}")))
            .expect("it is an answer")
    })
    .await
}

/// Routes `hello.shop` by (deployment, stage, percent); the first is `stable`.
fn route(stack: &mut Stack, generation: i64, retry: &str, traffic: &[(&str, &str, i64)]) {
    let target = |(deployment, stage, percent): &(&str, &str, i64)| json!({"stage": stage, "buildKey": "0", "deployment": deployment, "percent": percent, "readyReplicas": 1});
    let targets: Vec<Value> = traffic.iter().map(target).collect();
    stack.index.apply(&from_json(json!({
        "apiVersion": "anneal.dev/v1alpha1", "kind": "Function",
        "metadata": {"name": "hello", "namespace": "shop", "uid": "uid-hello"},
        "spec": {"source": {"configMap": {"name": "jar", "key": "app.jar"}}, "handler": {"retry": retry}},
        "status": {
            "routeGeneration": generation,
            "traffic": targets,
            "stable": {"stage": traffic[0].1, "buildKey": "0", "deployment": traffic[0].0},
        },
    })));
}

/// A function whose native executable lacks something.
async fn stack(replay: Duration) -> Stack {
    let mut stack = Stack::with(Limits { replay, ..limits() }).await;
    stack.list("native", &[lacking().await]);
    stack
}

/// How many ended so.
fn replays(stack: &Stack, outcome: &str) -> u64 {
    stack.gateway.metrics.replays.with_label_values(&[outcome]).get()
}

const NATIVE: (&str, &str, i64) = ("native", "Native", 100);
const TRACER: (&str, &str, i64) = ("tracer", "HotspotAgent", 0);
/// Long enough for whatever a test brings up.
const LONG: Duration = Duration::from_secs(15);
/// Long enough to be told from no wait at all.
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn without_leave_the_answer_is_the_executables_own() {
    let mut stack = stack(LONG).await;
    stack.list("tracer", &[named("jvm").await]);
    route(&mut stack, 1, "Never", &[NATIVE, TRACER]);
    let answer = stack.get(&client()).send().await.expect("it is answered");
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        (
            &answer.headers()["x-anneal-stage"],
            &answer.headers()["x-anneal-missing-registration"]
        ),
        (&"Native".parse().unwrap(), &"a.B".parse().unwrap())
    );
    assert_eq!(answer.text().await.expect("it is whole"), "{\"error\":\"missing registration\"}");
    assert_eq!(stack.counts("tracer").requests, 0);
    assert_eq!(stack.gateway.metrics.missing_registrations.get(), 1);
}

#[tokio::test]
async fn the_very_request_is_sent_to_the_tracer() {
    let mut stack = stack(LONG).await;
    stack.list("tracer", &[echo().await]);
    stack.list("plain", &[named("plain").await]);
    route(&mut stack, 1, "Never", &[NATIVE, ("plain", "Hotspot", 0), TRACER]);
    let request = stack.get(&client()).header("idempotency-key", "k").body("rare");
    let answer = request.send().await.expect("it is answered");
    assert_eq!(
        (answer.status(), &answer.headers()["x-anneal-stage"]),
        (StatusCode::OK, &"HotspotAgent".parse().unwrap())
    );
    assert_eq!(answer.headers()["x-anneal-retries"], "1");
    assert_eq!(answer.text().await.expect("it is whole"), "rare");
    let (native, tracer) = (stack.counts("native"), stack.counts("tracer"));
    assert_eq!((native.requests, native.classes[4], native.retries), (1, 1, 1));
    assert_eq!((tracer.requests, tracer.classes[1]), (1, 1));
    assert_eq!(stack.counts("plain").requests, 0);
}

#[tokio::test]
async fn a_function_may_allow_it_for_every_request() {
    let mut stack = stack(LONG).await;
    stack.list("plain", &[echo().await]);
    route(&mut stack, 1, "Idempotent", &[NATIVE, ("plain", "Hotspot", 0)]);
    let answer = stack.get(&client()).body("rare").send().await.expect("it is answered");
    assert_eq!(answer.headers()["x-anneal-stage"], "Hotspot");
    assert_eq!(answer.text().await.expect("it is whole"), "rare");
}

#[tokio::test]
async fn it_waits_for_the_jvm_that_is_brought_up() {
    let mut stack = stack(LONG).await;
    route(&mut stack, 1, "Idempotent", &[NATIVE]);
    let waiting = tokio::spawn(stack.get(&client()).body("rare").send());
    eventually("it waits", || stack.gateway.metrics.waiting.get() == 1).await;
    let counts = stack.counts("native");
    assert_eq!((counts.requests, counts.in_flight), (1, 0), "the executable is free meanwhile");
    route(&mut stack, 2, "Idempotent", &[NATIVE, TRACER]);
    stack.list("tracer", &[echo().await]);
    let answer = waiting.await.expect("it does not panic").expect("it is answered");
    assert_eq!(
        (answer.status(), &answer.headers()["x-anneal-stage"]),
        (StatusCode::OK, &"HotspotAgent".parse().unwrap())
    );
}

#[tokio::test]
async fn where_none_comes_the_answer_is_the_executables_own_and_the_next_does_not_wait() {
    let mut stack = stack(SHORT).await;
    route(&mut stack, 1, "Idempotent", &[NATIVE]);
    let client = client();
    for waits in [true, false] {
        let start = tokio::time::Instant::now();
        let answer = stack.get(&client).send().await.expect("it is answered");
        assert_eq!(
            (answer.status(), &answer.headers()["x-anneal-stage"]),
            (StatusCode::INTERNAL_SERVER_ERROR, &"Native".parse().unwrap())
        );
        assert_eq!(answer.text().await.expect("it is whole"), "{\"error\":\"missing registration\"}");
        assert!(!waits || start.elapsed() >= SHORT, "the first waits");
    }
    assert_eq!(replays(&stack, "unplaced"), 2);
    assert_eq!(stack.gateway.metrics.missing_registrations.get(), 2);
    let counts = stack.counts("native");
    assert_eq!(
        (counts.requests, counts.classes[4], counts.retries),
        (2, 2, 0),
        "nothing was sent again"
    );
    assert_eq!(stack.report().unroutable, 0, "both were answered");
    let state = std::sync::Arc::clone(&stack.gateway.routes.enter("hello.shop").expect("it is routed").route.state);
    let now = tokio::time::Instant::now();
    assert!(
        state.waited_in_vain(1, now) && !state.waited_in_vain(2, now),
        "other routes are another matter"
    );
    assert!(!state.waited_in_vain(1, now + crate::replay::VAIN));
}

#[tokio::test]
async fn where_too_many_wait_the_answer_is_the_executables_own() {
    let mut stack = Stack::with(Limits {
        replay: LONG,
        hold_queue: 1,
        ..limits()
    })
    .await;
    stack.list("native", &[lacking().await]);
    route(&mut stack, 1, "Idempotent", &[NATIVE]);
    let waiting = tokio::spawn(stack.get(&client()).body("rare").send());
    eventually("it waits", || stack.gateway.metrics.waiting.get() == 1).await;
    let answer = stack.get(&client()).send().await.expect("it is answered");
    assert_eq!(
        (answer.status(), &answer.headers()["x-anneal-missing-registration"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &"a.B".parse().unwrap())
    );
    assert_eq!((replays(&stack, "unplaced"), stack.report().unroutable), (1, 0));
    route(&mut stack, 2, "Idempotent", &[NATIVE, TRACER]);
    stack.list("tracer", &[echo().await]);
    let answer = waiting.await.expect("it does not panic").expect("it is answered");
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_is_not_in_memory_is_not_sent_again() {
    let mut stack = stack(LONG).await;
    stack.list("tracer", &[echo().await]);
    route(&mut stack, 1, "Idempotent", &[NATIVE, TRACER]);
    let answer = stack.post_chunked(&client(), &Bytes::from_static(b"rare")).send().await;
    let answer = answer.expect("it is answered");
    assert_eq!(
        (answer.status(), &answer.headers()["x-anneal-stage"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &"Native".parse().unwrap())
    );
    assert_eq!(stack.counts("tracer").requests, 0);
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_sent_again_all_the_same() {
    const HEAD: &str = "HTTP/1.1 500 Internal Server Error\r\nx-anneal-missing-registration: a.B\r\n";
    let (broken, _) = scripted(|mut stream, _| async move {
        if read_head(&mut stream).await {
            let answer = format!("{HEAD}content-length: 100\r\n\r\nless");
            stream.write_all(answer.as_bytes()).await.expect("the gateway reads");
        }
    })
    .await;
    let (long, _) = scripted(|mut stream, _| async move {
        if read_head(&mut stream).await {
            let answer = format!("{HEAD}content-length: 200000\r\n\r\n{}", "x".repeat(200_000));
            // The gateway closes when it has seen enough.
            drop(stream.write_all(answer.as_bytes()).await);
        }
    })
    .await;
    for executable in [broken, long] {
        let mut stack = Stack::start().await;
        stack.list("native", &[executable]);
        stack.list("tracer", &[echo().await]);
        route(&mut stack, 1, "Idempotent", &[NATIVE, TRACER]);
        let answer = stack.get(&client()).body("rare").send().await.expect("it is answered");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.text().await.expect("it is whole"), "rare");
    }
}

#[tokio::test]
async fn the_jvms_answer_is_passed_on_as_it_comes() {
    let (mut stack, hold) = (stack(LONG).await, Hold::default());
    let held = hold.clone();
    let (slow, _) = scripted(move |mut stream, _| {
        let hold = held.clone();
        async move {
            if read_head(&mut stream).await {
                let begun = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab").await;
                begun.expect("the gateway reads");
                hold.wait().await;
                stream.write_all(b"cd").await.expect("the gateway reads");
            }
        }
    })
    .await;
    stack.list("tracer", &[slow]);
    route(&mut stack, 1, "Idempotent", &[NATIVE, TRACER]);
    let mut answer = stack.get(&client()).send().await.expect("it is answered");
    assert_eq!(answer.chunk().await.expect("it begins").as_deref(), Some(&b"ab"[..]));
    eventually("the JVM holds the rest", || hold.held() == 1).await;
    hold.release_all();
    assert_eq!(answer.chunk().await.expect("it goes on").as_deref(), Some(&b"cd"[..]));
    assert_eq!(answer.chunk().await.expect("it ends"), None);
}

#[tokio::test]
async fn where_the_jvm_gives_no_answer_it_is_the_executables_own() {
    let mut stack = stack(LONG).await;
    let (closing, connections) = scripted(|mut stream, number| async move {
        // A second sending would be answered.
        if read_head(&mut stream).await && number > 0 {
            write_answer(&mut stream, "", "twice").await;
        }
    })
    .await;
    stack.list("tracer", &[closing]);
    route(&mut stack, 1, "Idempotent", &[NATIVE, TRACER]);
    let answer = stack.get(&client()).body("rare").send().await.expect("it is answered");
    assert_eq!(answer.text().await.expect("it is whole"), "{\"error\":\"missing registration\"}");
    assert_eq!(
        (replays(&stack, "failed"), connections.load(std::sync::atomic::Ordering::SeqCst)),
        (1, 1)
    );
    assert_eq!((stack.counts("tracer").failures, stack.counts("native").retries), (1, 1));
}

#[tokio::test]
async fn a_jvm_that_lacks_something_is_believed() {
    let mut stack = stack(LONG).await;
    stack.list("tracer", &[lacking().await]);
    route(&mut stack, 1, "Idempotent", &[("tracer", "HotspotAgent", 100)]);
    let answer = stack.get(&client()).send().await.expect("it is answered");
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(stack.counts("tracer").requests, 1);
}

#[tokio::test]
async fn a_target_without_a_share_gets_no_request_while_others_accept() {
    let mut stack = Stack::start().await;
    stack.list("native", &[named("native").await]);
    stack.list("tracer", &[named("jvm").await]);
    route(&mut stack, 1, "Idempotent", &[NATIVE, TRACER]);
    let client = client();
    for _ in 0..200 {
        assert_eq!(stack.ask(&client).await, "native");
    }
    assert_eq!(stack.counts("tracer").requests, 0);
}
