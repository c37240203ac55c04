mod deaths;
mod hostile;
mod in_process;
mod lost;
mod metadata;
mod races;

use std::{io::Write, sync::Arc};

use anneal_protocol::FunctionRef;
use anneal_store::{
    MemorySettings, MemoryStore, ObjectKey, Put, Summary,
    testing::{Fault, FaultyStore},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use rstest::rstest;

pub(crate) use self::in_process::InProcess;
use super::*;
use crate::{
    documents::{self, Document},
    layout::{Layout, Subject},
};

pub(crate) fn memory() -> Arc<MemoryStore> {
    let settings = MemorySettings {
        tenant_endpoint: "http://depot.test:8081".parse().unwrap(),
        clock: Clock::system(),
    };
    Arc::new(MemoryStore::new(settings).unwrap())
}

pub(crate) fn function() -> FunctionRef {
    FunctionRef {
        namespace: "shop".into(),
        name: "hello".into(),
        uid: "f-1".into(),
    }
}

fn shelf(subject: Subject) -> Shelf {
    Layout::of(&function()).unwrap().shelf(subject).unwrap()
}

fn profiles() -> Shelf {
    shelf(Subject::Profile {
        build: Sha256Digest::of(b"build"),
    })
}

fn metadata() -> Shelf {
    shelf(Subject::Metadata {
        jar: Sha256Digest::of(b"jar"),
    })
}

/// A profile with one method that was called this often.
pub(crate) fn profile(method: &str, calls: u64) -> Bytes {
    let text = format!(
        r#"{{"version":"1.1.0","types":[{{"id":0,"name":"int"}},{{"id":1,"name":"Fn"}}],
        "methods":[{{"id":7,"name":"{method}","signature":[1,0]}}],"callCountProfiles":[{{"ctx":"7:0","records":[{calls}]}}]}}"#
    );
    gzip(text.as_bytes())
}

pub(crate) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

async fn upload(store: &dyn ObjectStore, shelf: &Shelf, pod: &str, window: u64, body: Bytes) {
    let put = store
        .put_if_absent(&shelf.raw(&Identity::new(pod, window)).unwrap(), body)
        .await
        .unwrap();
    assert!(matches!(put, Put::Written(_)));
}

async fn run(store: &dyn ObjectStore) -> Result<Outcome> {
    run_with(store, &InProcess::default(), profiles(), &FoldLimits::default()).await
}

/// Folds with these folders and limits.
async fn run_with(store: &dyn ObjectStore, folders: &dyn Folders, shelf: Shelf, limits: &FoldLimits) -> Result<Outcome> {
    let key = FoldKey {
        function: function(),
        subject: shelf.subject(),
    };
    let fold = Fold {
        store,
        verifier: &Verifier::default(),
        folders,
        clock: &Clock::system(),
        limits,
        key: &key,
        shelf: &shelf,
    };
    fold.run().await
}

async fn head(store: &dyn ObjectStore, shelf: &Shelf) -> Head {
    let Document::Known(head, _) = documents::read(store, &shelf.head().unwrap()).await.unwrap() else {
        panic!("no HEAD")
    };
    head
}

/// Everything but objects that no HEAD names.
async fn contents(store: &dyn ObjectStore, shelf: &Shelf) -> Vec<(ObjectKey, Bytes)> {
    let head = head(store, shelf).await;
    let mut contents = Vec::new();
    for root in crate::layout::ROOTS {
        for object in attempt::list(store, &root.parse().unwrap()).await.unwrap() {
            let name = object.key.name();
            let merged = object.key.as_str().contains("/merged/");
            if !merged || name == head.state.name || name == head.published.name {
                let body = store.get(&object.key, 1 << 20).await.unwrap().unwrap().body;
                contents.push((object.key, body));
            }
        }
    }
    contents
}

async fn stored() -> Arc<MemoryStore> {
    let store = memory();
    for (pod, window, body) in [
        ("pod-a", 0, profile("f", 10)),
        ("pod-a", 1, profile("f", 10)),
        ("pod-b", 0, profile("g", 5)),
        ("pod-c", 0, Bytes::from_static(b"{\"version\":")),
    ] {
        upload(&*store, &profiles(), pod, window, body).await;
    }
    store
}

#[tokio::test]
async fn takes_every_window_in_once() {
    let store = stored().await;
    let outcome = run(&*store).await.unwrap();
    assert_eq!((outcome.folded.len(), outcome.quarantined, outcome.more), (3, 1, false));
    let first = head(&*store, &profiles()).await;
    // Two windows of a deterministic function are equal, and both count.
    assert_eq!((first.events, first.inputs.len(), first.recent.len()), (25, 3, 3));
    assert_eq!(first.recent[0].overlap_percent, None);
    assert_eq!(
        (first.recent[1].overlap_percent, first.recent[1].new_context_percent),
        (Some(100.0), Some(0.0))
    );
    assert_eq!(first.recent[2].new_context_percent, Some(100.0));

    let again = run(&*store).await.unwrap();
    assert!(again.head.is_none() && again.folded.is_empty());
    assert_eq!(head(&*store, &profiles()).await, first);
}

#[tokio::test]
async fn publishes_what_the_digest_names() {
    let store = stored().await;
    run(&*store).await.unwrap();
    let head = head(&*store, &profiles()).await;
    let key = profiles().merged_object(&format!("{}.iprof.gz", head.digest)).unwrap();
    let object = store.get(&key, 1 << 20).await.unwrap().unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&object.body[..]), &mut text).unwrap();
    assert_eq!(Sha256Digest::of(&text).to_string(), head.digest);
}

#[tokio::test]
async fn folding_one_by_one_equals_folding_at_once() {
    let (once, stepwise) = (memory(), memory());
    for (window, calls) in [(0, 3), (1, 4), (2, 5)] {
        upload(&*once, &profiles(), "pod-a", window, profile("f", calls)).await;
        upload(&*stepwise, &profiles(), "pod-a", window, profile("f", calls)).await;
        run(&*stepwise).await.unwrap();
    }
    run(&*once).await.unwrap();
    let stepwise = head(&*stepwise, &profiles()).await;
    assert!(stepwise.previous.is_some());
    let stepwise = Head {
        previous: None,
        ..stepwise
    };
    assert_eq!(head(&*once, &profiles()).await, stepwise);
}

#[tokio::test]
async fn commits_large_backlogs_in_steps() {
    let store = memory();
    upload(&*store, &profiles(), "pod", 0, profile("f", 1)).await;
    run(&*store).await.unwrap();
    for window in 1..=40 {
        upload(&*store, &profiles(), "pod", window, profile("f", 1)).await;
    }
    let outcome = run(&*store).await.unwrap();
    assert_eq!((outcome.folded.len(), outcome.more), (BATCH, true));
    assert!(!run(&*store).await.unwrap().more);
    assert_eq!(head(&*store, &profiles()).await.inputs.len(), 41);
}

/// The heart of it: a crash at any operation, before or after it happened, changes nothing in the end.
#[rstest]
#[case(Fault::Before)]
#[case(Fault::After)]
#[tokio::test]
async fn a_crash_at_any_operation_ends_in_the_same_bytes(#[case] fault: Fault) {
    let reference = stored().await;
    let counting = FaultyStore::counting(reference.clone());
    run(&counting).await.unwrap();
    let expected = contents(&*reference, &profiles()).await;
    for operation in 0..counting.operations() {
        let store = stored().await;
        let crashing = FaultyStore::crash_at(store.clone(), operation, fault);
        let crashed = run(&crashing).await;
        run(&*store).await.unwrap();
        assert_eq!(
            contents(&*store, &profiles()).await,
            expected,
            "crash at operation {operation}, {crashed:?}"
        );
    }
}

#[rstest]
#[case(Fault::Before)]
#[case(Fault::After)]
#[tokio::test]
async fn an_answer_lost_at_any_operation_ends_in_the_same_bytes(#[case] fault: Fault) {
    let reference = stored().await;
    let counting = FaultyStore::counting(reference.clone());
    run(&counting).await.unwrap();
    upload(&*reference, &profiles(), "pod-d", 0, profile("h", 1)).await;
    let before = counting.operations();
    run(&counting).await.unwrap();
    let expected = contents(&*reference, &profiles()).await;
    // The second fold replaces HEAD instead of creating it.
    for operation in 0..counting.operations() - before {
        let store = stored().await;
        run(&*store).await.unwrap();
        upload(&*store, &profiles(), "pod-d", 0, profile("h", 1)).await;
        let failing = FaultyStore::fail_once_at(store.clone(), operation, fault);
        let _failed: Result<Outcome> = run(&failing).await;
        run(&failing).await.unwrap();
        assert_eq!(contents(&*store, &profiles()).await, expected, "fault at operation {operation}");
    }
}

#[rstest]
#[case::state(".intermediate")]
#[case::published(".iprof.gz")]
#[case::head("HEAD")]
#[tokio::test]
async fn what_is_deleted_behind_its_back_comes_again(#[case] suffix: &str) {
    let store = stored().await;
    run(&*store).await.unwrap();
    let expected = contents(&*store, &profiles()).await;
    for object in attempt::list(&*store, &profiles().raws().unwrap()).await.unwrap() {
        assert!(object.key.as_str().contains("/raw/"));
    }
    let lost: Vec<Summary> = attempt::list(&*store, &"profiles".parse().unwrap()).await.unwrap();
    for object in lost
        .iter()
        .filter(|object| object.key.as_str().ends_with(suffix) && !object.key.as_str().contains("/raw/"))
    {
        store.delete(&object.key).await.unwrap();
    }
    run(&*store).await.unwrap();
    assert_eq!(contents(&*store, &profiles()).await, expected);
}

#[rstest]
#[case::state(".intermediate")]
#[case::published(".iprof.gz")]
#[case::head("HEAD")]
#[tokio::test]
async fn what_is_overwritten_behind_its_back_comes_again(#[case] suffix: &str) {
    let store = stored().await;
    run(&*store).await.unwrap();
    let expected = contents(&*store, &profiles()).await;
    for (key, body) in expected
        .iter()
        .filter(|(key, _)| key.as_str().ends_with(suffix) && !key.as_str().contains("/raw/") && !key.as_str().starts_with("quarantine"))
    {
        store.delete(key).await.unwrap();
        store.put_if_absent(key, vec![b'x'; body.len()].into()).await.unwrap();
    }
    run(&*store).await.unwrap();
    assert_eq!(contents(&*store, &profiles()).await, expected);
}

#[tokio::test]
async fn keeps_the_commit_when_nothing_is_left_to_fold_again() {
    let store = stored().await;
    run(&*store).await.unwrap();
    let committed = head(&*store, &profiles()).await;
    for object in attempt::list(&*store, &"profiles".parse().unwrap()).await.unwrap() {
        if object.key.name() != "HEAD" {
            store.delete(&object.key).await.unwrap();
        }
    }
    assert!(run(&*store).await.unwrap().head.is_none());
    assert_eq!(head(&*store, &profiles()).await, committed);
}
