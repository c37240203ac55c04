//! When a namespace is told, and when it is left.

use anneal_testkit::{Apiserver, Write};
use anneal_tls::testing::Site;

use super::*;

const MAP: &str = "/api/v1/namespaces/shop/configmaps/anneal-trust";
const FUNCTIONS: &str = "/apis/anneal.dev/v1alpha1/namespaces/shop/functions";

fn scene() -> (Apiserver, Held, Trust) {
    let (apiserver, held) = (Apiserver::default(), Held::default());
    held.set(Site::default().authorities);
    let trust = Trust::new(apiserver.client(), "anneal", held.clone());
    (apiserver, held, trust)
}

fn function(apiserver: &Apiserver, name: &str) {
    apiserver.put(
        &format!("{FUNCTIONS}/{name}"),
        json!({"metadata": {"name": name, "namespace": "shop"}}),
    );
}

fn methods(apiserver: &Apiserver) -> Vec<String> {
    apiserver.take_writes().into_iter().map(|Write { method, .. }| method).collect()
}

fn bundle(apiserver: &Apiserver) -> Option<String> {
    Some(apiserver.get(MAP)?["data"]["ca.crt"].as_str()?.to_owned())
}

#[tokio::test]
async fn a_namespace_is_told_once_and_again_when_the_authorities_change() {
    let (apiserver, held, trust) = scene();
    for _ in 0..3 {
        trust.ensure("shop").await.unwrap();
    }
    assert_eq!(methods(&apiserver), ["POST"]);
    held.set(Site::default().authorities);
    for _ in 0..3 {
        trust.ensure("shop").await.unwrap();
    }
    assert_eq!((methods(&apiserver), bundle(&apiserver)), (vec!["PATCH".to_owned()], held.bundle()));
}

#[tokio::test]
async fn what_somebody_changed_or_removed_is_brought_back() {
    let (apiserver, held, trust) = scene();
    apiserver.put(MAP, json!({"metadata": {"name": "anneal-trust"}, "data": {"ca.crt": "another"}}));
    trust.ensure("shop").await.unwrap();
    assert_eq!(bundle(&apiserver), held.bundle());
    apiserver.remove(MAP);
    trust.ensure("shop").await.unwrap();
    assert_eq!(bundle(&apiserver), held.bundle());
}

#[tokio::test]
async fn it_goes_with_the_last_function_of_the_namespace() {
    let (apiserver, _, trust) = scene();
    trust.ensure("shop").await.unwrap();
    function(&apiserver, "a");
    function(&apiserver, "b");
    trust.remove_after("shop", "a").await.unwrap();
    assert!(bundle(&apiserver).is_some(), "another one needs it");
    let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    apiserver.change(&format!("{FUNCTIONS}/b"), &going);
    trust.remove_after("shop", "a").await.unwrap();
    assert_eq!(bundle(&apiserver), None);
    trust.remove_after("shop", "a").await.unwrap();
}

#[tokio::test]
async fn the_operators_own_namespace_keeps_it() {
    let (apiserver, _, trust) = scene();
    trust.ensure("anneal").await.unwrap();
    trust.remove_after("anneal", "last").await.unwrap();
    assert!(apiserver.get("/api/v1/namespaces/anneal/configmaps/anneal-trust").is_some());
}

#[tokio::test]
async fn nothing_is_told_before_there_is_an_authority() {
    let apiserver = Apiserver::default();
    let trust = Trust::new(apiserver.client(), "anneal", Held::default());
    assert!(matches!(trust.ensure("shop").await, Err(Error::Unknown)));
    assert!(methods(&apiserver).is_empty());
}
