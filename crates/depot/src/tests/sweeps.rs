//! What is found without being told.

use anneal_protocol::{FunctionRef, depot::Writable};
use anneal_store::ObjectStore;
use http::StatusCode;

use super::harness::{EXECUTOR, Harness, build_key, function};
use crate::{
    fold::tests::profile,
    orphans,
    sweep::{Sources, Sweep},
};

async fn upload(depot: &Harness, window: u64) {
    let object = Writable::Profile {
        build_key: build_key(),
        window,
    };
    assert_eq!(depot.write(EXECUTOR, object, &profile("f", 1)).await, Ok(StatusCode::OK));
}

async fn pass(depot: &Harness, sweep: &mut Sweep) -> u64 {
    let inner = &depot.depot;
    let sources = Sources {
        store: &*inner.store,
        verifier: &inner.verifier,
        queue: &inner.queue,
    };
    sweep.pass(sources).await.unwrap()
}

async fn inputs(depot: &Harness) -> usize {
    depot.facts(|facts| facts.profiles.push(build_key())).await.profiles[&build_key()]
        .inputs
        .len()
}

#[tokio::test]
async fn finds_what_nobody_confirmed() {
    let (depot, mut sweep) = (Harness::new(), Sweep::default());
    upload(&depot, 0).await;
    assert_eq!(
        (pass(&depot, &mut sweep).await, depot.fold().await, inputs(&depot).await),
        (1, 1, 1)
    );
    assert_eq!((pass(&depot, &mut sweep).await, depot.fold().await), (0, 0), "all is folded");
    upload(&depot, 1).await;
    let metadata = Writable::Metadata {
        jar: "a".repeat(64),
        window: 0,
    };
    assert_eq!(depot.write(EXECUTOR, metadata, b"{}").await, Ok(StatusCode::OK));
    assert_eq!(
        (pass(&depot, &mut sweep).await, depot.fold().await, inputs(&depot).await),
        (2, 2, 2)
    );
    assert_eq!(pass(&depot, &mut sweep).await, 0);
}

#[tokio::test]
async fn finds_what_was_deleted() {
    let (depot, mut sweep) = (Harness::new(), Sweep::default());
    upload(&depot, 0).await;
    pass(&depot, &mut sweep).await;
    depot.fold().await;
    for key in depot.keys("profiles").await {
        if key.as_str().contains("/merged/") {
            depot.memory.delete(&key).await.unwrap();
        }
    }
    assert_eq!(
        (pass(&depot, &mut sweep).await, depot.fold().await, inputs(&depot).await),
        (1, 1, 1)
    );
    assert_eq!(pass(&depot, &mut sweep).await, 0);
}

async fn remove_orphans(depot: &Harness, namespaces: &[&str]) -> u64 {
    let namespaces: Vec<_> = namespaces.iter().map(ToString::to_string).collect();
    orphans::pass(&depot.depot, &namespaces).await.unwrap()
}

#[tokio::test]
async fn removes_what_functions_left_once_no_grant_is_good() {
    let depot = Harness::new();
    let gone = FunctionRef {
        uid: "f-0".into(),
        ..function()
    };
    for key in [
        format!("functions/shop/hello/{}/jar/a.jar", gone.uid),
        format!("profiles/shop/hello/{}/b/raw/c", gone.uid),
        "quarantine/shop/other/f-9/b/c".to_owned(),
        format!("functions/shop/hello/{}/jar/a.jar", function().uid),
    ] {
        depot.memory.put_if_absent(&key.parse().unwrap(), "x".into()).await.unwrap();
    }
    assert_eq!(remove_orphans(&depot, &[]).await, 0, "a grant may still be used");
    depot.pass(601);
    assert_eq!(remove_orphans(&depot, &["elsewhere"]).await, 0, "not watched");
    assert_eq!(remove_orphans(&depot, &[]).await, 3);
    assert_eq!(depot.keys("functions").await.len(), 1);
}

#[tokio::test]
async fn removes_nothing_when_the_functions_cannot_be_listed() {
    let depot = Harness::new();
    depot
        .memory
        .put_if_absent(&"functions/shop/hello/f-0/a".parse().unwrap(), "x".into())
        .await
        .unwrap();
    depot.pass(601);
    depot.cluster.set_down(true);
    assert!(orphans::pass(&depot.depot, &[]).await.is_err());
    assert_eq!(depot.keys("functions").await.len(), 1);
}
