//! Watches against an apiserver in memory that ends, forgets and falls silent. Time is the test's.

use anneal_testkit::{Apiserver, Ending};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, ResourceExt, runtime::watcher::watcher};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::*;

const MAPS: &str = "/api/v1/namespaces/shop/configmaps";

fn put(apiserver: &Apiserver, name: &str) {
    apiserver.put(
        &format!("{MAPS}/{name}"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}}),
    );
}

fn watched(apiserver: &Apiserver) -> BoxStream<'static, Event<ConfigMap>> {
    let api: Api<ConfigMap> = Api::namespaced(apiserver.client(), "shop");
    let make = move || watcher(api.clone(), watcher::Config::default().timeout(WATCH_SECONDS)).boxed();
    steady(make, |_| {}).boxed()
}

/// What the next event says.
async fn next(events: &mut BoxStream<'static, Event<ConfigMap>>) -> String {
    let event = timeout(Duration::from_secs(120), events.next())
        .await
        .expect("it comes")
        .expect("it never ends");
    match event {
        Event::Init => "list".to_owned(),
        Event::InitApply(map) => format!("listed {}", map.name_any()),
        Event::InitDone => "listed all".to_owned(),
        Event::Apply(map) => format!("changed {}", map.name_any()),
        Event::Delete(map) => format!("deleted {}", map.name_any()),
    }
}

async fn expect(events: &mut BoxStream<'static, Event<ConfigMap>>, expected: &[&str]) {
    for expected in expected {
        assert_eq!(next(events).await, *expected);
    }
}

/// A watch that has shown one object and is open.
async fn opened() -> (Apiserver, BoxStream<'static, Event<ConfigMap>>) {
    let apiserver = Apiserver::default();
    put(&apiserver, "a");
    let mut events = watched(&apiserver);
    expect(&mut events, &["list", "listed a", "listed all"]).await;
    // The event is waited for: then the watch is open.
    put(&apiserver, "b");
    expect(&mut events, &["changed b"]).await;
    (apiserver, events)
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_is_taken_up_where_it_was() {
    let (apiserver, mut events) = opened().await;
    apiserver.end_watches(Ending::Closed);
    put(&apiserver, "c");
    apiserver.remove(&format!("{MAPS}/a"));
    expect(&mut events, &["changed c", "deleted a"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_refused_with_410_lists_anew() {
    let (apiserver, mut events) = opened().await;
    apiserver.remove(&format!("{MAPS}/a"));
    expect(&mut events, &["deleted a"]).await;
    apiserver.end_watches(Ending::Closed);
    put(&apiserver, "c");
    apiserver.forget_history();
    expect(&mut events, &["list", "listed b", "listed c", "listed all"]).await;
    put(&apiserver, "d");
    expect(&mut events, &["changed d"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_410_inside_a_watch_lists_anew() {
    let (apiserver, mut events) = opened().await;
    apiserver.end_watches(Ending::Gone);
    expect(&mut events, &["list", "listed a", "listed b", "listed all"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_watch_is_given_up_after_thirty_seconds() {
    let (apiserver, mut events) = opened().await;
    apiserver.end_watches(Ending::Silent);
    put(&apiserver, "c");
    let started = Instant::now();
    expect(&mut events, &["changed c"]).await;
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(25) && waited <= Duration::from_secs(31), "{waited:?}");
}

#[test]
fn pauses_grow_to_a_bound_and_start_again_after_success() {
    let mut pauses = Pauses::default();
    for expected in [200, 400, 800, 1600, 3000, 3000] {
        let pause = pauses.next();
        assert!(
            pause >= Duration::from_millis(expected / 2) && pause <= Duration::from_millis(expected),
            "{pause:?}"
        );
    }
    pauses.reset();
    assert!(pauses.next() <= FIRST_PAUSE);
}
