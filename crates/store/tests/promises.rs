//! What the test at start finds, and that grants end.

#![expect(clippy::unwrap_used, reason = "a test ends here")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anneal_store::{
    Breach, Clock, GrantSpec, MemorySettings, MemoryStore, ObjectStore, Put, Sha256Digest, check_store,
    testing::{Defect, DefectiveStore, Fault, FaultyStore},
};
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;

fn memory(clock: Clock) -> Arc<MemoryStore> {
    let settings = MemorySettings {
        tenant_endpoint: "http://depot.test:8081".parse().unwrap(),
        clock,
    };
    Arc::new(MemoryStore::new(settings).unwrap())
}

async fn breach(defect: Defect) -> Breach {
    let store = DefectiveStore {
        inner: memory(Clock::system()),
        defect,
    };
    check_store(&store, &"selftest".parse().unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn names_a_store_that_overwrites() {
    assert!(matches!(breach(Defect::OverwritesExisting).await, Breach::OverwriteExisting));
}

#[tokio::test]
async fn names_a_store_that_accepts_stale_tags() {
    assert!(matches!(breach(Defect::AcceptsStaleTags).await, Breach::AcceptStaleTag));
}

#[tokio::test]
async fn names_a_store_that_creates_on_match() {
    let found = breach(Defect::CreatesOnMatch).await;
    assert!(matches!(found, Breach::CreateOnMatch) && found.is_final());
}

#[tokio::test]
async fn does_not_blame_a_store_that_is_away() {
    let store = FaultyStore::crash_at(memory(Clock::system()), 2, Fault::Before);
    assert!(!check_store(&store, &"selftest".parse().unwrap()).await.unwrap_err().is_final());
}

#[tokio::test]
async fn tells_of_a_write_that_happened_as_a_failure() {
    let inner = memory(Clock::system());
    let store = FaultyStore::fail_once_at(inner, 0, Fault::After);
    let key = "a".parse().unwrap();
    assert!(store.put_if_absent(&key, "one".into()).await.is_err());
    assert_eq!(store.put_if_absent(&key, "one".into()).await.unwrap(), Put::Conflict);
}

#[tokio::test]
async fn a_grant_ends() {
    let now = Arc::new(AtomicI64::new(1_000_000));
    let held = Arc::clone(&now);
    let store = memory(Clock::from_fn(move || {
        Timestamp::from_second(held.load(Ordering::SeqCst)).unwrap_or_default()
    }));
    let spec = GrantSpec::Put {
        key: "a".parse().unwrap(),
        bytes: 3,
        sha256: Sha256Digest::of(b"one"),
        life: Duration::from_mins(5),
    };
    let grant = store.grant(&spec).await.unwrap();
    let headers: HeaderMap = (&grant.headers.into_iter().collect::<std::collections::HashMap<_, _>>())
        .try_into()
        .unwrap();
    let target = grant.url.strip_prefix("http://depot.test:8081").unwrap();
    now.fetch_add(299, Ordering::SeqCst);
    assert_eq!(store.admit(&Method::PUT, target, &headers).unwrap().bytes(), 3);
    now.fetch_add(1, Ordering::SeqCst);
    assert_eq!(store.admit(&Method::PUT, target, &headers).unwrap_err(), StatusCode::FORBIDDEN);
}
