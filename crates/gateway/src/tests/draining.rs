//! SIGTERM: nothing that was taken is lost.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    executors::{Hold, holding, named},
    harness::{PATIENCE, Stack, client, eventually, limits},
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
