//! Which executor a request gets, and how it waits for one.

use std::{collections::HashMap, time::Duration};

use http::StatusCode;

use super::{
    executors::{Hold, holding, named, refusing},
    harness::{Stack, client, eventually, function, limits, slice},
};

#[tokio::test]
async fn the_split_is_exact_over_the_wire() {
    let mut stack = Stack::start().await;
    let (stable, canary) = (named("stable").await, named("canary").await);
    stack.list("hello-1", &[stable]);
    stack.list("hello-2", &[canary]);
    stack.route(1, &[("hello-1", 95, false), ("hello-2", 5, false)]);
    let (client, mut seen) = (client(), HashMap::new());
    for _ in 0..200 {
        *seen.entry(stack.ask(&client).await).or_insert(0) += 1;
    }
    assert_eq!((seen["stable"], seen["canary"]), (190, 10));
}

#[tokio::test]
async fn the_share_of_a_target_without_executors_goes_to_stable_and_is_not_made_up() {
    let mut stack = Stack::start().await;
    let (stable, canary) = (named("stable").await, named("canary").await);
    stack.list("hello-1", &[stable]);
    stack.route(1, &[("hello-1", 50, false), ("hello-2", 50, false)]);
    let client = client();
    for _ in 0..10 {
        assert_eq!(stack.ask(&client).await, "stable");
    }
    stack.list("hello-2", &[canary]);
    for _ in 0..10 {
        stack.get(&client).send().await.expect("it is answered");
    }
    assert_eq!((stack.counts("hello-1").requests, stack.counts("hello-2").requests), (15, 5));
}

#[tokio::test]
async fn the_least_busy_executor_is_chosen() {
    let mut stack = Stack::start().await;
    let (slow, quick) = (Hold::default(), Hold::default());
    let executors = [holding("slow", slow.clone()).await, holding("quick", quick.clone()).await];
    stack.list("hello-1", &executors);
    stack.route(1, &[("hello-1", 100, false)]);
    let client = client();
    let requests: Vec<_> = (0..6).map(|_| tokio::spawn(stack.get(&client).send())).collect();
    eventually("six requests are held", || slow.held() + quick.held() == 6).await;
    assert_eq!((slow.held(), quick.held()), (3, 3));
    slow.release_all();
    quick.release_all();
    for request in requests {
        assert!(request.await.expect("no panic").expect("it is answered").status().is_success());
    }
}

#[tokio::test]
async fn a_request_waits_until_an_executor_is_there() {
    let mut stack = Stack::start().await;
    stack.route(1, &[("hello-1", 100, false)]);
    let client = client();
    let request = tokio::spawn(stack.get(&client).send());
    eventually("the request waits", || stack.gateway.metrics.waiting.get() == 1).await;
    let executor = named("late").await;
    stack.index.apply_slice(&slice("hello-1", 0, executor, None, false));
    assert_eq!(
        stack.gateway.metrics.waiting.get(),
        1,
        "an executor that is not ready takes nothing"
    );
    stack.index.apply_slice(&slice("hello-1", 0, executor, None, true));
    let answer = request.await.expect("no panic").expect("it is answered");
    assert_eq!(answer.text().await.expect("it is whole"), "late");
    assert_eq!((stack.report().unroutable, stack.gateway.metrics.waiting.get()), (0, 0));
}

#[tokio::test]
async fn waiting_is_bounded_in_time_and_number() {
    let mut stack = Stack::with(crate::settings::Limits {
        hold: Duration::from_millis(300),
        hold_queue: 2,
        ..limits()
    })
    .await;
    stack.route(1, &[("hello-1", 100, false)]);
    let gone = refusing().await;
    stack.list("hello-1", &[gone]);
    let client = client();
    let waiting: Vec<_> = (0..2).map(|_| tokio::spawn(stack.get(&client).send())).collect();
    eventually("two requests wait", || stack.gateway.metrics.waiting.get() == 2).await;
    let third = stack.get(&client).send().await.expect("it is answered");
    assert_eq!(
        (third.status(), &third.headers()["x-anneal-reason"], &third.headers()["retry-after"]),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            &http::HeaderValue::from_static("QueueFull"),
            &http::HeaderValue::from_static("1")
        )
    );
    for request in waiting {
        let answer = request.await.expect("no panic").expect("it is answered");
        assert_eq!(
            (answer.status(), &answer.headers()["x-anneal-reason"]),
            (StatusCode::SERVICE_UNAVAILABLE, &http::HeaderValue::from_static("NoExecutor"))
        );
        assert!(answer.headers().contains_key("retry-after"));
    }
    assert_eq!(stack.report().unroutable, 3);
}

#[tokio::test]
async fn a_deleted_function_is_not_found_even_by_who_waits_for_it() {
    let mut stack = Stack::start().await;
    stack.index.apply(&function("shop", "hello", 1, &[]));
    let request = tokio::spawn(stack.get(&client()).send());
    eventually("the request waits", || stack.gateway.metrics.waiting.get() == 1).await;
    stack.index.remove("shop", "hello");
    assert_eq!(
        request.await.expect("no panic").expect("it is answered").status(),
        StatusCode::NOT_FOUND
    );
}
