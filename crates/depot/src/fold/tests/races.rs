//! Two depots fold at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anneal_protocol::depot::Grant;
use anneal_store::{
    Depth, ETag, GrantSpec, MemoryStore, Object, ObjectHead, ObjectKey, ObjectStore, Page, PageToken, Prefix, Put, Sha256Digest,
};
use async_trait::async_trait;
use bytes::Bytes;
use rstest::rstest;

use super::{head, profile, profiles, run, stored, upload};

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

    async fn hash(&self, key: &ObjectKey, limit: u64) -> anneal_store::Result<Option<(u64, Sha256Digest)>> {
        self.inner.hash(key, limit).await
    }

    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> anneal_store::Result<Page> {
        self.inner.list(prefix, depth, from).await
    }

    async fn delete(&self, key: &ObjectKey) -> anneal_store::Result<()> {
        self.inner.delete(key).await
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> anneal_store::Result<Put> {
        self.race(key).await;
        self.inner.put_if_absent(key, body).await
    }

    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> anneal_store::Result<Put> {
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
    assert_eq!((head.inputs.len(), head.events), (windows, if replacing { 27 } else { 26 }));
}

#[tokio::test]
async fn two_depots_at_once_end_in_one_merge() {
    let store = stored().await;
    let (one, two) = tokio::join!(run(&*store), run(&*store));
    assert!(one.is_ok() && two.is_ok());
    let reference = stored().await;
    run(&*reference).await.unwrap();
    assert_eq!(head(&*store, &profiles()).await, head(&*reference, &profiles()).await);
}
