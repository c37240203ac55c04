//! Folding metadata.

use std::sync::Arc;

use anneal_store::{
    MemoryStore, ObjectStore, Sha256Digest,
    testing::{Fault, FaultyStore},
};
use rstest::rstest;

use super::{InProcess, contents, head, memory, metadata, run_with, upload};
use crate::fold::{FoldLimits, Outcome, Result};

async fn run_metadata(store: &dyn ObjectStore) -> Result<Outcome> {
    run_with(store, &InProcess::default(), metadata(), &FoldLimits::default()).await
}

async fn stored_metadata() -> Arc<MemoryStore> {
    let store = memory();
    for (pod, body) in [
        ("a", r#"{"reflection":[{"type":"A"}]}"#),
        ("b", r#"{"reflection":[{"type":"B"}]}"#),
        ("c", "{}"),
        ("d", "nonsense"),
    ] {
        upload(&*store, &metadata(), pod, 0, body.into()).await;
    }
    store
}

#[tokio::test]
async fn merges_metadata_to_the_union() {
    let store = stored_metadata().await;
    let outcome = run_metadata(&*store).await.unwrap();
    assert_eq!((outcome.folded.len(), outcome.quarantined), (3, 1));
    let head = head(&*store, &metadata()).await;
    let object = store
        .get(&metadata().merged_object(&format!("{}.json", head.digest)).unwrap(), 1 << 20)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(object.body, r#"{"reflection":[{"type":"A"},{"type":"B"}]}"#);
    assert_eq!(Sha256Digest::of(&object.body).to_string(), head.digest);
}

#[tokio::test]
async fn an_empty_metadata_set_is_a_merge() {
    let store = memory();
    upload(&*store, &metadata(), "a", 0, "{}".into()).await;
    run_metadata(&*store).await.unwrap();
    assert_eq!(head(&*store, &metadata()).await.digest, Sha256Digest::of(b"{}").to_string());
}

#[rstest]
#[case(Fault::Before)]
#[case(Fault::After)]
#[tokio::test]
async fn a_crash_while_merging_metadata_ends_in_the_same_bytes(#[case] fault: Fault) {
    let reference = stored_metadata().await;
    let counting = FaultyStore::counting(reference.clone());
    run_metadata(&counting).await.unwrap();
    let expected = contents(&*reference, &metadata()).await;
    for operation in 0..counting.operations() {
        let store = stored_metadata().await;
        let crashing = FaultyStore::crash_at(store.clone(), operation, fault);
        let _crashed: Result<Outcome> = run_metadata(&crashing).await;
        run_metadata(&*store).await.unwrap();
        assert_eq!(contents(&*store, &metadata()).await, expected, "crash at operation {operation}");
    }
}
