//! What wakes the reconciler still does after the apiserver lost its history.

use std::time::Duration;

use anneal_testkit::{Apiserver, Ending};
use serde_json::json;
use tokio::time::timeout;

use super::*;

const FUNCTIONS: &str = "/apis/anneal.dev/v1alpha1/namespaces/shop/functions";
const PODS: &str = "/api/v1/namespaces/anneal-system/pods";

fn config() -> Config {
    serde_json::from_value(json!({
        "clusterDomain": "cluster.local",
        "gatewayService": {"name": "anneal-gateway", "namespace": "anneal-system", "port": 80},
        "gatewaySelector": {"app.kubernetes.io/component": "gateway"},
        "depotSelector": {"app.kubernetes.io/component": "depot"},
        "depotUrl": "http://depot:8081",
        "image": "anneal:1",
        "imagePullPolicy": "IfNotPresent",
        "defaultToolchain": "t",
        "toolchains": {},
    }))
    .expect("a configuration")
}

fn put_function(apiserver: &Apiserver, name: &str) {
    let metadata = json!({"name": name, "namespace": "shop", "generation": 1});
    apiserver.put(
        &format!("{FUNCTIONS}/{name}"),
        json!({"apiVersion": "anneal.dev/v1alpha1", "kind": "Function", "metadata": metadata}),
    );
}

fn put_gateway(apiserver: &Apiserver, name: &str) {
    let labels = json!({"app.kubernetes.io/component": "gateway"});
    apiserver.put(
        &format!("{PODS}/{name}"),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "anneal-system", "labels": labels}}),
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_made_while_the_history_is_lost_is_visited() {
    let apiserver = Apiserver::default();
    put_function(&apiserver, "first");
    let (moved, _) = broadcast::channel(8);
    let (visited, mut visits) = tokio::sync::mpsc::unbounded_channel();
    let running = controller(&apiserver.client(), Some("shop"), Sources::default(), moved.subscribe()).run(
        move |function, _| {
            drop(visited.send(function.name_any()));
            std::future::ready(Ok::<_, watcher::Error>(kube::runtime::controller::Action::await_change()))
        },
        |_, _, _| kube::runtime::controller::Action::await_change(),
        Arc::new(()),
    );
    tokio::spawn(running.for_each(|_| std::future::ready(())));
    let mut visit = async || timeout(Duration::from_secs(120), visits.recv()).await.expect("it is visited");
    assert_eq!(visit().await.as_deref(), Some("first"));
    for (name, ending) in [("second", Ending::Closed), ("third", Ending::Gone), ("fourth", Ending::Silent)] {
        apiserver.end_watches(ending);
        put_function(&apiserver, name);
        apiserver.forget_history();
        while visit().await.as_deref() != Some(name) {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_went_while_the_history_was_lost_is_waited_for_no_longer() {
    let apiserver = Apiserver::default();
    put_gateway(&apiserver, "gateway-0");
    put_gateway(&apiserver, "gateway-1");
    let (pods, mut stream) = {
        let (pods, stream) = gateways(&apiserver.client(), &config());
        (pods, stream.boxed())
    };
    let names = || {
        let mut names: Vec<String> = pods.store.state().iter().map(|pod| pod.name_any()).collect();
        names.sort();
        names
    };
    let mut until = async |expected: &[&str]| {
        let seen = async {
            while !(pods.listed.load(Ordering::Acquire) && names() == expected) {
                stream.next().await;
            }
        };
        timeout(Duration::from_secs(120), seen).await.expect("it is seen");
    };
    until(&["gateway-0", "gateway-1"]).await;
    apiserver.end_watches(Ending::Closed);
    apiserver.remove(&format!("{PODS}/gateway-1"));
    apiserver.forget_history();
    until(&["gateway-0"]).await;
}
