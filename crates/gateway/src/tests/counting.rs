//! Every request is counted once, and an acked generation sends nothing any more.

use http::Response;
use http_body_util::Full;

use super::{
    executors::{Hold, executor, holding, named, read_head, refusing, scripted},
    harness::{Stack, client, eventually},
};

#[tokio::test]
async fn counts_are_conserved_whatever_happens_to_requests() {
    let mut stack = Stack::start().await;
    let mixed = executor(|request| async move {
        let status = request
            .headers()
            .get("x-want")
            .and_then(|want| want.to_str().ok()?.parse::<u16>().ok())
            .unwrap_or(200);
        Response::builder().status(status).body(Full::from("x")).expect("it is an answer")
    })
    .await;
    let (closing, _) = scripted(|mut stream, _| async move {
        read_head(&mut stream).await;
    })
    .await;
    let executors = [mixed, refusing().await];
    stack.list("hello-1", &executors);
    stack.list("hello-2", &[closing]);
    stack.route(1, &[("hello-1", 75, false), ("hello-2", 25, false)]);
    let client = client();
    let wanted = [200_u16, 204, 404, 500];
    let requests: Vec<_> = (0..400)
        .map(|number| tokio::spawn(stack.get(&client).header("x-want", wanted[number % 4].to_string()).send()))
        .collect();
    let mut answers = std::collections::BTreeMap::<u16, u64>::new();
    for request in requests {
        let status = request.await.expect("no panic").expect("it is answered").status().as_u16();
        *answers.entry(status).or_default() += 1;
    }
    eventually("nothing is in flight", || {
        stack.counts("hello-1").in_flight + stack.counts("hello-2").in_flight == 0
    })
    .await;
    let (first, second) = (stack.counts("hello-1"), stack.counts("hello-2"));
    assert_eq!(first.requests + second.requests + stack.report().unroutable, 400);
    assert_eq!((second.requests, second.failures, second.classes), (100, 100, [0; 5]));
    let answered = |status: u16| answers.get(&status).copied().unwrap_or(0);
    assert_eq!(first.classes, [0, answered(200) + answered(204), 0, answered(404), answered(500)]);
    assert_eq!(answered(502), 100);
    assert_eq!(first.latency.count(), first.requests);
}

#[tokio::test]
async fn a_client_that_goes_away_is_no_failure_of_the_executor() {
    let mut stack = Stack::start().await;
    let hold = Hold::default();
    let executor = holding("held", hold.clone()).await;
    stack.list("hello-1", &[executor]);
    stack.route(1, &[("hello-1", 100, false)]);
    let request = tokio::spawn(stack.get(&client()).send());
    eventually("the executor has it", || hold.held() == 1).await;
    assert_eq!(stack.counts("hello-1").in_flight, 1);
    request.abort();
    eventually("it is counted", || stack.counts("hello-1").cancelled == 1).await;
    let counts = stack.counts("hello-1");
    assert_eq!((counts.requests, counts.failures, counts.in_flight), (1, 0, 0));
}

#[tokio::test]
async fn a_generation_is_acked_when_nothing_older_is_in_flight() {
    let mut stack = Stack::start().await;
    let hold = Hold::default();
    let (old, new) = (holding("old", hold.clone()).await, named("new").await);
    stack.list("hello-1", &[old]);
    stack.list("hello-2", &[new]);
    stack.route(7, &[("hello-1", 100, false)]);
    assert_eq!(stack.report().generation, 7);
    let client = client();
    let request = tokio::spawn(stack.get(&client).send());
    eventually("the old executor has it", || hold.held() == 1).await;

    stack.route(8, &[("hello-2", 100, false)]);
    assert_eq!(stack.ask(&client).await, "new");
    stack.route(9, &[("hello-2", 100, false)]);
    assert_eq!(stack.report().generation, 7, "the first request still runs");
    hold.release_all();
    assert_eq!(
        request
            .await
            .expect("no panic")
            .expect("it is answered")
            .text()
            .await
            .expect("it is whole"),
        "old"
    );
    eventually("the newest is acked", || stack.report().generation == 9).await;
}

#[tokio::test]
async fn a_request_that_only_waits_holds_no_generation() {
    let mut stack = Stack::start().await;
    stack.route(1, &[("hello-1", 100, false)]);
    let request = tokio::spawn(stack.get(&client()).send());
    eventually("the request waits", || stack.gateway.metrics.waiting.get() == 1).await;
    let executor = named("second").await;
    stack.route(2, &[("hello-2", 100, false)]);
    eventually("the second generation is acked", || stack.report().generation == 2).await;
    stack.list("hello-2", &[executor]);
    assert_eq!(
        request
            .await
            .expect("no panic")
            .expect("it is answered")
            .text()
            .await
            .expect("it is whole"),
        "second"
    );
}
