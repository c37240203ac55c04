//! Merges that are lost in part, and stores that keep no checksums.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anneal_protocol::depot::Grant;
use anneal_store::{
    Clock, Depth, ETag, GrantSpec, MemoryStore, Object, ObjectHead, ObjectKey, ObjectStore, Page, PageToken, Prefix, Put, Sha256Digest,
};
use async_trait::async_trait;
use bytes::Bytes;

use super::{InProcess, contents, function, head, memory, profile, profiles, run, upload};
use crate::{
    fold::{Fold, FoldLimits, Outcome, Result},
    queue::FoldKey,
    verifier::Verifier,
};

/// Three commits of one profile each, with the raw objects that two states hold removed.
async fn thinned() -> Arc<MemoryStore> {
    let store = memory();
    for window in 0..3 {
        upload(&*store, &profiles(), "pod", window, profile("f", 10 + window)).await;
        run(&*store).await.unwrap();
    }
    let head = head(&*store, &profiles()).await;
    let held: Vec<_> = head.held_twice().cloned().collect();
    assert_eq!(held.len(), 2, "the newest is in one state alone");
    for identity in &held {
        store.delete(&profiles().raw(identity).unwrap()).await.unwrap();
    }
    store
}

#[tokio::test]
async fn a_state_that_is_lost_is_made_again_from_the_one_before() {
    let store = thinned().await;
    let before = head(&*store, &profiles()).await;
    let expected = contents(&*store, &profiles()).await;
    store.delete(&profiles().merged_object(&before.state.name).unwrap()).await.unwrap();
    upload(&*store, &profiles(), "pod", 3, profile("g", 1)).await;
    run(&*store).await.unwrap();
    let after = head(&*store, &profiles()).await;
    assert_eq!((after.inputs.len(), after.events), (4, 34));
    assert!(expected.len() >= 3 && after.digest != before.digest);

    let batch = memory();
    for (window, body) in [
        (0, profile("f", 10)),
        (1, profile("f", 11)),
        (2, profile("f", 12)),
        (3, profile("g", 1)),
    ] {
        upload(&*batch, &profiles(), "pod", window, body).await;
    }
    run(&*batch).await.unwrap();
    assert_eq!(head(&*batch, &profiles()).await.digest, after.digest);
}

#[tokio::test]
async fn a_published_form_that_is_lost_too_is_made_again_from_the_state_before() {
    let store = thinned().await;
    let before = head(&*store, &profiles()).await;
    let expected = contents(&*store, &profiles()).await;
    for name in [&before.state.name, &before.published.name] {
        store.delete(&profiles().merged_object(name).unwrap()).await.unwrap();
    }
    run(&*store).await.unwrap();
    assert_eq!(head(&*store, &profiles()).await, before);
    assert_eq!(contents(&*store, &profiles()).await, expected);
}

#[tokio::test]
async fn the_state_before_stays_in_the_store() {
    let store = thinned().await;
    let head = head(&*store, &profiles()).await;
    let previous = head.previous.unwrap().state;
    assert_ne!(previous.name, head.state.name);
    let key = profiles().merged_object(&previous.name).unwrap();
    assert!(Verifier::default().holds(&*store, &key, &previous).await.unwrap());
}

/// Keeps no checksums, and counts what it must read to tell.
struct BareStore {
    inner: Arc<MemoryStore>,
    hashes: AtomicU64,
}

fn bare(head: ObjectHead) -> ObjectHead {
    ObjectHead { sha256: None, ..head }
}

#[async_trait]
impl ObjectStore for BareStore {
    async fn get(&self, key: &ObjectKey, limit: u64) -> anneal_store::Result<Option<Object>> {
        let found = self.inner.get(key, limit).await?;
        Ok(found.map(|object| Object {
            head: bare(object.head),
            ..object
        }))
    }

    async fn head(&self, key: &ObjectKey) -> anneal_store::Result<Option<ObjectHead>> {
        Ok(self.inner.head(key).await?.map(bare))
    }

    async fn hash(&self, key: &ObjectKey, limit: u64) -> anneal_store::Result<Option<(u64, Sha256Digest)>> {
        self.hashes.fetch_add(1, Ordering::SeqCst);
        self.inner.hash(key, limit).await
    }

    async fn list(&self, prefix: &Prefix, depth: Depth, from: Option<&PageToken>) -> anneal_store::Result<Page> {
        self.inner.list(prefix, depth, from).await
    }

    async fn delete(&self, key: &ObjectKey) -> anneal_store::Result<()> {
        self.inner.delete(key).await
    }

    async fn put_if_absent(&self, key: &ObjectKey, body: Bytes) -> anneal_store::Result<Put> {
        self.inner.put_if_absent(key, body).await
    }

    async fn put_if_match(&self, key: &ObjectKey, body: Bytes, etag: &ETag) -> anneal_store::Result<Put> {
        self.inner.put_if_match(key, body, etag).await
    }

    async fn grant(&self, spec: &GrantSpec) -> anneal_store::Result<Grant> {
        self.inner.grant(spec).await
    }
}

async fn run_bare(store: &BareStore, verifier: &Verifier) -> Result<Outcome> {
    let shelf = profiles();
    let key = FoldKey {
        function: function(),
        subject: shelf.subject(),
    };
    let fold = Fold {
        store,
        verifier,
        folders: &InProcess::default(),
        clock: &Clock::system(),
        limits: &FoldLimits::default(),
        key: &key,
        shelf: &shelf,
    };
    fold.run().await
}

#[tokio::test]
async fn other_bytes_of_the_same_size_are_found_without_a_checksum() {
    let store = BareStore {
        inner: memory(),
        hashes: AtomicU64::new(0),
    };
    let verifier = Verifier::default();
    upload(&store, &profiles(), "pod", 0, profile("f", 1)).await;
    run_bare(&store, &verifier).await.unwrap();
    let before = head(&store, &profiles()).await;
    let key = profiles().merged_object(&before.published.name).unwrap();
    let good = store.get(&key, 1 << 20).await.unwrap().unwrap();
    let damaged = vec![b'x'; good.body.len()].into();
    store.put_if_match(&key, damaged, &good.head.etag).await.unwrap();
    run_bare(&store, &verifier).await.unwrap();
    assert_eq!(store.get(&key, 1 << 20).await.unwrap().unwrap().body, good.body);
    assert_eq!(head(&store, &profiles()).await, before);

    run_bare(&store, &verifier).await.unwrap();
    let hashes = store.hashes.load(Ordering::SeqCst);
    run_bare(&store, &verifier).await.unwrap();
    assert_eq!(store.hashes.load(Ordering::SeqCst), hashes, "what did not change is not read again");
}
