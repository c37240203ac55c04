use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anneal_protocol::{FunctionRef, depot::Grant};
use anneal_store::{
    Depth, ETag, GrantSpec, MemorySettings, MemoryStore, Object, ObjectHead, ObjectKey, Page,
    PageToken, Prefix, Put, Summary,
    testing::{Fault, FaultyStore},
};
use async_trait::async_trait;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use rstest::rstest;

use super::*;
use crate::{
    documents::{self, Document},
    layout::{Layout, Subject},
    metadata::MetadataMerge,
    profiles::ProfileMerge,
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
    fold::<ProfileMerge>(store, &profiles(), &FoldLimits::default(), &Clock::system()).await
}

async fn head(store: &dyn ObjectStore, shelf: &Shelf) -> Head {
    let Document::Known(head, _) = documents::read(store, &shelf.head().unwrap())
        .await
        .unwrap()
    else {
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
    assert_eq!(
        (outcome.folded.len(), outcome.quarantined, outcome.more),
        (3, 1, false)
    );
    let first = head(&*store, &profiles()).await;
    // Two windows of a deterministic function are equal, and both count.
    assert_eq!(
        (first.events, first.inputs.len(), first.recent.len()),
        (25, 3, 3)
    );
    assert_eq!(first.recent[0].overlap_percent, None);
    assert_eq!(
        (
            first.recent[1].overlap_percent,
            first.recent[1].new_context_percent
        ),
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
    let key = profiles()
        .merged_object(&format!("{}.iprof.gz", head.digest))
        .unwrap();
    let object = store.get(&key, 1 << 20).await.unwrap().unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(&object.body[..]),
        &mut text,
    )
    .unwrap();
    assert_eq!(Sha256Digest::of(&text).to_string(), head.digest);
}

#[tokio::test]
async fn folding_one_by_one_equals_folding_at_once() {
    let (once, stepwise) = (memory(), memory());
    for (window, calls) in [(0, 3), (1, 4), (2, 5)] {
        upload(&*once, &profiles(), "pod-a", window, profile("f", calls)).await;
        upload(
            &*stepwise,
            &profiles(),
            "pod-a",
            window,
            profile("f", calls),
        )
        .await;
        run(&*stepwise).await.unwrap();
    }
    run(&*once).await.unwrap();
    assert_eq!(
        head(&*once, &profiles()).await,
        head(&*stepwise, &profiles()).await
    );
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
        assert_eq!(
            contents(&*store, &profiles()).await,
            expected,
            "fault at operation {operation}"
        );
    }
}

/// Lets another depot fold just before `HEAD` is swapped for the first time.
struct RacingStore {
    inner: Arc<MemoryStore>,
    raced: AtomicBool,
}

impl RacingStore {
    async fn race(&self, key: &ObjectKey) {
        if key.name() == "HEAD" && !self.raced.swap(true, Ordering::SeqCst) {
            upload(&*self.inner, &profiles(), "late", 0, profile("late", 1)).await;
            run(&*self.inner).await.unwrap();
        }
    }
}

#[async_trait]
impl ObjectStore for RacingStore {
    async fn get(&self, key: &ObjectKey, limit: u64) -> anneal_store::Result<Option<Object>> {
        self.inner.get(key, limit).await
    }

    async fn head(&self, key: &ObjectKey) -> anneal_store::Result<Option<ObjectHead>> {
        self.inner.head(key).await
    }

    async fn hash(
        &self,
        key: &ObjectKey,
        limit: u64,
    ) -> anneal_store::Result<Option<(u64, Sha256Digest)>> {
        self.inner.hash(key, limit).await
    }

    async fn list(
        &self,
        prefix: &Prefix,
        depth: Depth,
        from: Option<&PageToken>,
    ) -> anneal_store::Result<Page> {
        self.inner.list(prefix, depth, from).await
    }

    async fn delete(&self, key: &ObjectKey) -> anneal_store::Result<()> {
        self.inner.delete(key).await
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> anneal_store::Result<Put> {
        self.race(key).await;
        self.inner.put_if_absent(key, body).await
    }

    async fn put_if_match(
        &self,
        key: &ObjectKey,
        body: Bytes,
        etag: &ETag,
    ) -> anneal_store::Result<Put> {
        self.race(key).await;
        self.inner.put_if_match(key, body, etag).await
    }

    async fn grant(&self, spec: &GrantSpec) -> anneal_store::Result<Grant> {
        self.inner.grant(spec).await
    }
}

#[rstest]
#[case::creating(false)]
#[case::replacing(true)]
#[tokio::test]
async fn of_two_depots_none_loses_a_window(#[case] replacing: bool) {
    let inner = stored().await;
    if replacing {
        run(&*inner).await.unwrap();
        upload(&*inner, &profiles(), "pod-d", 0, profile("h", 1)).await;
    }
    let racing = RacingStore {
        inner: inner.clone(),
        raced: AtomicBool::new(false),
    };
    run(&racing).await.unwrap();
    run(&*inner).await.unwrap();
    let head = head(&*inner, &profiles()).await;
    let windows = if replacing { 5 } else { 4 };
    assert_eq!(
        (head.inputs.len(), head.events),
        (windows, if replacing { 27 } else { 26 })
    );
}

#[tokio::test]
async fn two_depots_at_once_end_in_one_merge() {
    let store = stored().await;
    let (one, two) = tokio::join!(run(&*store), run(&*store));
    assert!(one.is_ok() && two.is_ok());
    let reference = stored().await;
    run(&*reference).await.unwrap();
    assert_eq!(
        head(&*store, &profiles()).await,
        head(&*reference, &profiles()).await
    );
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
    for object in attempt::list(&*store, &profiles().raws().unwrap())
        .await
        .unwrap()
    {
        assert!(object.key.as_str().contains("/raw/"));
    }
    let lost: Vec<Summary> = attempt::list(&*store, &"profiles".parse().unwrap())
        .await
        .unwrap();
    for object in lost.iter().filter(|object| {
        object.key.as_str().ends_with(suffix) && !object.key.as_str().contains("/raw/")
    }) {
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
    for (key, body) in expected.iter().filter(|(key, _)| {
        key.as_str().ends_with(suffix)
            && !key.as_str().contains("/raw/")
            && !key.as_str().starts_with("quarantine")
    }) {
        store.delete(key).await.unwrap();
        store
            .put_if_absent(key, vec![b'x'; body.len()].into())
            .await
            .unwrap();
    }
    run(&*store).await.unwrap();
    assert_eq!(contents(&*store, &profiles()).await, expected);
}

#[tokio::test]
async fn keeps_the_commit_when_nothing_is_left_to_fold_again() {
    let store = stored().await;
    run(&*store).await.unwrap();
    let committed = head(&*store, &profiles()).await;
    for object in attempt::list(&*store, &"profiles".parse().unwrap())
        .await
        .unwrap()
    {
        if object.key.name() != "HEAD" {
            store.delete(&object.key).await.unwrap();
        }
    }
    assert!(run(&*store).await.unwrap().head.is_none());
    assert_eq!(head(&*store, &profiles()).await, committed);
}

#[rstest]
#[case::no_json(Bytes::from_static(b"\x00\x01"), "Syntax")]
#[case::cut(Bytes::from_static(b"{\"version\":\"1.0.0\""), "Cut")]
#[case::empty_sections(
    Bytes::from_static(b"{\"version\":\"1.0.0\",\"types\":[],\"methods\":[]}"),
    "Empty"
)]
#[case::unknown_major(
    Bytes::from_static(b"{\"version\":\"7.0.0\",\"types\":[],\"methods\":[]}"),
    "Version"
)]
#[case::damaged_gzip(Bytes::from_static(b"\x1f\x8b\x08\x00broken"), "Unreadable")]
#[tokio::test]
async fn puts_a_hostile_profile_into_quarantine(#[case] body: Bytes, #[case] reason: &str) {
    let (store, clean) = (memory(), memory());
    for store in [&store, &clean] {
        upload(&**store, &profiles(), "good", 0, profile("f", 1)).await;
    }
    upload(&*store, &profiles(), "bad", 3, body.clone()).await;
    run(&*store).await.unwrap();
    run(&*clean).await.unwrap();
    assert_eq!(
        head(&*store, &profiles()).await,
        head(&*clean, &profiles()).await,
        "bit-equal to the merge without it"
    );
    let identity = Identity::new("bad", 3);
    let found: Document<Reason> =
        documents::read(&*store, &profiles().quarantined_reason(&identity).unwrap())
            .await
            .unwrap();
    assert_eq!(found.known().unwrap().reason, reason);
    let kept = store
        .get(&profiles().quarantined_body(&identity).unwrap(), 1 << 20)
        .await
        .unwrap();
    assert_eq!(kept.unwrap().body, body);
    assert!(
        store
            .head(&profiles().raw(&identity).unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn bombs_end_in_quarantine() {
    let store = memory();
    upload(
        &*store,
        &profiles(),
        "brackets",
        0,
        gzip("[".repeat(1 << 20).as_bytes()),
    )
    .await;
    upload(&*store, &profiles(), "zeros", 0, gzip(&vec![b' '; 8 << 20])).await;
    upload(
        &*store,
        &profiles(),
        "large",
        0,
        Bytes::from(vec![b' '; 2 << 20]),
    )
    .await;
    upload(&*store, &profiles(), "good", 0, profile("f", 1)).await;
    let limits = FoldLimits {
        raw_bytes: 1 << 20,
        inflated_bytes: 4 << 20,
        ..FoldLimits::default()
    };
    let outcome = fold::<ProfileMerge>(&*store, &profiles(), &limits, &Clock::system())
        .await
        .unwrap();
    assert_eq!((outcome.folded.len(), outcome.quarantined), (1, 3));
}

async fn run_metadata(store: &dyn ObjectStore) -> Result<Outcome> {
    fold::<MetadataMerge>(store, &metadata(), &FoldLimits::default(), &Clock::system()).await
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
        .get(
            &metadata()
                .merged_object(&format!("{}.json", head.digest))
                .unwrap(),
            1 << 20,
        )
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
    assert_eq!(
        head(&*store, &metadata()).await.digest,
        Sha256Digest::of(b"{}").to_string()
    );
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
        assert_eq!(
            contents(&*store, &metadata()).await,
            expected,
            "crash at operation {operation}"
        );
    }
}
