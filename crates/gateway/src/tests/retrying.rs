//! Executors that refuse, close or stall: what is sent again, and what never is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use tokio::io::AsyncReadExt;

use super::{
    executors::{echo, named, read_head, refusing, scripted, write_answer},
    harness::{Stack, client, eventually, limits},
};

#[tokio::test]
async fn a_refused_connection_is_tried_elsewhere_with_the_body_untouched() {
    let mut stack = Stack::start().await;
    let executors = [refusing().await, refusing().await, echo().await];
    stack.list("hello-1", &executors);
    stack.route(1, &[("hello-1", 100, false)]);
    let body = Bytes::from(vec![3_u8; 500_000]);
    let mut retries = 0;
    for _ in 0..6 {
        let answer = stack.post_chunked(&client(), &body).send().await.expect("it is answered");
        assert_eq!(answer.status(), StatusCode::OK);
        retries += answer
            .headers()
            .get("x-anneal-retries")
            .and_then(|retries| retries.to_str().ok()?.parse::<u64>().ok())
            .unwrap_or(0);
        assert!(answer.bytes().await.expect("it is whole") == body);
    }
    let counts = stack.counts("hello-1");
    assert_eq!(
        (counts.requests, counts.classes[1], counts.failures, counts.retries),
        (6, 6, 0, retries)
    );
    assert!(retries >= 2, "both refusing executors were met: {retries}");
}

#[tokio::test]
async fn an_executor_that_refuses_is_left_alone_for_a_while() {
    let mut stack = Stack::start().await;
    let executors = [refusing().await, named("alive").await];
    stack.list("hello-1", &executors);
    stack.route(1, &[("hello-1", 100, false)]);
    let client = client();
    for _ in 0..50 {
        assert!(stack.get(&client).send().await.expect("it is answered").status().is_success());
    }
    let retries = stack.counts("hello-1").retries;
    assert!((1..10).contains(&retries), "it was tried {retries} times in 50 requests");
}

#[tokio::test]
async fn a_request_that_was_sent_is_not_sent_again() {
    let mut stack = Stack::start().await;
    let received = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&received);
    let (closing, _) = scripted(move |mut stream, _| {
        let received = Arc::clone(&counted);
        async move {
            if read_head(&mut stream).await {
                received.fetch_add(1, SeqCst);
            }
        }
    })
    .await;
    stack.list("hello-1", &[closing]);
    stack.route(1, &[("hello-1", 100, false)]);
    let answer = stack.get(&client()).body("x").send().await.expect("it is answered");
    assert_eq!(
        (answer.status(), &answer.headers()["x-anneal-reason"]),
        (StatusCode::BAD_GATEWAY, &http::HeaderValue::from_static("ExecutorFailed"))
    );
    assert_eq!(answer.headers()["x-anneal-stage"], "Native");
    assert_eq!(received.load(SeqCst), 1);
    let counts = stack.counts("hello-1");
    assert_eq!((counts.requests, counts.failures, counts.retries), (1, 1, 0));
}

#[tokio::test]
async fn an_idempotency_key_allows_it_to_be_sent_again() {
    let mut stack = Stack::start().await;
    let (closing, _) = scripted(|mut stream, _| async move {
        read_head(&mut stream).await;
    })
    .await;
    let executors = [closing, echo().await];
    stack.list("hello-1", &executors);
    stack.route(1, &[("hello-1", 100, false)]);
    for _ in 0..4 {
        let answer = stack
            .get(&client())
            .header("idempotency-key", "k1")
            .body("again")
            .send()
            .await
            .expect("it is answered");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.text().await.expect("it is whole"), "again");
    }
    assert!(stack.counts("hello-1").failures >= 1, "the closing executor was met");
    assert_eq!(stack.counts("hello-1").classes[1], 4);
}

#[tokio::test]
async fn a_kept_connection_that_its_executor_closed_costs_no_request() {
    let mut stack = Stack::start().await;
    let (closing, connections) = scripted(|mut stream, _| async move {
        if read_head(&mut stream).await {
            write_answer(&mut stream, "", "kept").await;
        }
        // Closed without a word, as an idle time-out does it.
    })
    .await;
    stack.list("hello-1", &[closing]);
    stack.route(1, &[("hello-1", 100, false)]);
    let (client, requests) = (client(), 20);
    for number in 1..=requests {
        let answer = stack.get(&client).body("x").send().await.expect("it is answered");
        assert_eq!(answer.status(), StatusCode::OK, "request {number}");
        let passage = stack.gateway.routes.enter("hello.shop").expect("it is routed");
        eventually("the close is noticed", || passage.route.targets[0].endpoints[0].pool.kept() == 0).await;
    }
    assert_eq!((connections.load(SeqCst), stack.counts("hello-1").failures), (requests, 0));
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let mut stack = Stack::start().await;
    let (keeping, connections) = scripted(|mut stream, _| async move {
        while read_head(&mut stream).await {
            write_answer(&mut stream, "", "kept").await;
        }
    })
    .await;
    stack.list("hello-1", &[keeping]);
    stack.route(1, &[("hello-1", 100, false)]);
    let client = client();
    for _ in 0..20 {
        assert!(stack.get(&client).send().await.expect("it is answered").status().is_success());
    }
    assert_eq!(connections.load(SeqCst), 1);
}

#[tokio::test]
async fn an_executor_that_announces_the_close_is_believed() {
    let mut stack = Stack::start().await;
    let (closing, connections) = scripted(|mut stream, _| async move {
        if read_head(&mut stream).await {
            write_answer(&mut stream, "connection: close\r\n", "once").await;
            // The socket stays open: only the header says it.
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
        }
    })
    .await;
    stack.list("hello-1", &[closing]);
    stack.route(1, &[("hello-1", 100, false)]);
    let client = client();
    for _ in 0..10 {
        let answer = stack.get(&client).send().await.expect("it is answered");
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(
            !answer.headers().contains_key("connection"),
            "it is about the executor's connection"
        );
    }
    assert_eq!(connections.load(SeqCst), 10);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_failure_and_not_an_answer() {
    let mut stack = Stack::start().await;
    let (breaking, _) = scripted(|mut stream, _| async move {
        if read_head(&mut stream).await {
            write_answer(&mut stream, "x-cut: 1\r\n", "whole").await;
        }
    })
    .await;
    let (cut, _) = scripted(|mut stream, _| async move {
        if read_head(&mut stream).await {
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")
                .await
                .expect("the gateway reads");
        }
    })
    .await;
    stack.list("hello-1", &[breaking]);
    stack.list("hello-2", &[cut]);
    stack.route(1, &[("hello-1", 50, false), ("hello-2", 50, false)]);
    let client = client();
    let (mut whole, mut broken) = (0, 0);
    for _ in 0..2 {
        match stack.get(&client).send().await.expect("its head comes").bytes().await {
            Ok(_) => whole += 1,
            Err(_) => broken += 1,
        }
    }
    assert_eq!((whole, broken), (1, 1));
    eventually("both are counted", || {
        stack.counts("hello-1").requests + stack.counts("hello-2").requests == 2
    })
    .await;
    assert_eq!((stack.counts("hello-2").failures, stack.counts("hello-2").classes), (1, [0; 5]));
}

#[tokio::test]
async fn a_slow_executor_runs_into_the_limit_of_the_whole_request() {
    let mut stack = Stack::with(crate::settings::Limits {
        total: Duration::from_millis(200),
        ..limits()
    })
    .await;
    let (slow, _) = scripted(|mut stream, _| async move {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
    })
    .await;
    stack.list("hello-1", &[slow]);
    stack.route(1, &[("hello-1", 100, false)]);
    let answer = stack.get(&client()).send().await.expect("it is answered");
    assert_eq!(
        (answer.status(), &answer.headers()["x-anneal-reason"]),
        (StatusCode::GATEWAY_TIMEOUT, &http::HeaderValue::from_static("Timeout"))
    );
    assert_eq!(stack.counts("hello-1").failures, 1);
}

#[tokio::test]
async fn an_executors_own_errors_pass() {
    let mut stack = Stack::start().await;
    let (failing, _) = scripted(|mut stream, _| async move {
        while read_head(&mut stream).await {
            tokio::io::AsyncWriteExt::write_all(
                &mut stream,
                b"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\nx-anneal-stage: forged\r\n\r\nbusy",
            )
            .await
            .expect("the gateway reads");
        }
    })
    .await;
    stack.list("hello-1", &[failing]);
    stack.route(1, &[("hello-1", 100, false)]);
    let answer = stack.get(&client()).send().await.expect("it is answered");
    assert_eq!(
        (answer.status(), &answer.headers()["x-anneal-stage"]),
        (StatusCode::SERVICE_UNAVAILABLE, &http::HeaderValue::from_static("Native"))
    );
    assert_eq!(answer.text().await.expect("it is whole"), "busy");
    assert_eq!(
        (stack.counts("hello-1").classes, stack.counts("hello-1").retries),
        ([0, 0, 0, 0, 1], 0)
    );
}
