//! SIGTERM: nothing that was taken is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    executors::{Hold, ending, holding, named},
    harness::{PATIENCE, Stack, client, eventually, limits, slice},
};

#[tokio::test]
async fn requests_in_flight_are_answered_after_sigterm() {
    let mut stack = Stack::start().await;
    let hold = Hold::default();
    let executor = holding("late", hold.clone()).await;
    stack.list("hello-1", &[executor]);
    stack.route(1, &[("hello-1", 100, false)]);
    let request = tokio::spawn(stack.get(&client()).send());
    eventually("the executor has it", || hold.held() == 1).await;
    assert!(stack.gateway.is_ready());
    stack.stop();
    eventually("it is not ready", || !stack.gateway.is_ready()).await;
    let address = stack.address;
    eventually("the door is closed", || std::net::TcpStream::connect(address).is_err()).await;
    hold.release_all();
    let answer = request.await.expect("no panic").expect("it is answered");
    assert_eq!(answer.headers()["connection"], "close");
    assert_eq!(answer.text().await.expect("it is whole"), "late");
    stack.stopped().await;
}

#[tokio::test]
async fn new_connections_are_served_until_endpoints_have_forgotten_the_pod() {
    let mut stack = Stack::with(crate::settings::Limits {
        shutdown_delay: PATIENCE,
        ..limits()
    })
    .await;
    let executor = named("served").await;
    stack.list("hello-1", &[executor]);
    stack.route(1, &[("hello-1", 100, false)]);
    stack.stop();
    eventually("it is not ready", || !stack.gateway.is_ready()).await;
    for _ in 0..3 {
        let answer = stack.get(&client()).send().await.expect("it is answered");
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["connection"]),
            (200, &http::HeaderValue::from_static("close"))
        );
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_does_not_hold_the_end_up() {
    let mut stack = Stack::start().await;
    let executor = named("served").await;
    stack.list("hello-1", &[executor]);
    stack.route(1, &[("hello-1", 100, false)]);
    let mut idle = TcpStream::connect(stack.address).await.expect("the gateway listens");
    idle.write_all(b"GET / HTTP/1.1\r\nhost: hello.shop\r\n\r\n")
        .await
        .expect("the gateway reads");
    let mut first = [0; 4096];
    assert!(idle.read(&mut first).await.expect("it is answered") > 0);
    stack.stop();
    let mut rest = Vec::new();
    timeout(PATIENCE, idle.read_to_end(&mut rest))
        .await
        .expect("it is closed")
        .expect("it is closed in order");
    stack.stopped().await;
}

#[tokio::test]
async fn executors_are_replaced_under_load_and_no_request_is_lost() {
    let mut stack = Stack::start().await;
    stack.route(1, &[("hello-1", 100, false)]);
    let mut executor = ending().await;
    stack.index.apply_slice(&slice("hello-1", 0, executor.address, None, true));
    let running = Arc::new(AtomicBool::new(true));
    let client = client();
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (client, url, running) = (client.clone(), stack.url("/"), Arc::clone(&running));
            tokio::spawn(async move {
                let mut answered = 0_u64;
                while running.load(SeqCst) {
                    let request = client.post(&url).header("host", "hello.shop").body("x");
                    let answer = request.send().await.expect("it is answered");
                    assert_eq!(answer.status().as_u16(), 200, "{:?}", answer.headers());
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    for round in 1..=10 {
        let before = stack.counts("hello-1").requests;
        eventually("it serves", || stack.counts("hello-1").requests >= before + 20).await;
        let next = ending().await;
        stack.index.apply_slice(&slice("hello-1", round, next.address, None, true));
        let passage = stack.gateway.routes.enter("hello.shop").expect("it is routed");
        let mut listed = passage.route.targets[0].endpoints.iter();
        let old = Arc::clone(
            listed
                .find(|endpoint| endpoint.id.address == executor.address)
                .expect("it is listed"),
        );
        drop(passage);
        // As it is with pods: first they leave the slices, then they finish what they have, then they end.
        stack.index.remove_slice(&slice("hello-1", round - 1, executor.address, None, true));
        eventually("the old one is quiet", || old.outstanding() == 0 && executor.busy.load(SeqCst) == 0).await;
        executor = next;
    }
    running.store(false, SeqCst);
    let mut answered = 0;
    for worker in load {
        answered += worker.await.expect("no request was lost");
    }
    let counts = stack.counts("hello-1");
    assert_eq!((counts.requests, counts.classes[1]), (answered, answered));
}

#[tokio::test]
async fn the_end_comes_even_when_an_executor_never_answers() {
    let mut stack = Stack::with(crate::settings::Limits {
        drain: Duration::from_millis(100),
        ..limits()
    })
    .await;
    let hold = Hold::default();
    let executor = holding("never", hold.clone()).await;
    stack.list("hello-1", &[executor]);
    stack.route(1, &[("hello-1", 100, false)]);
    let request = tokio::spawn(stack.get(&client()).send());
    eventually("the executor has it", || hold.held() == 1).await;
    stack.stop();
    stack.stopped().await;
    request.abort();
}
