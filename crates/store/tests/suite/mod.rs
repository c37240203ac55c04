//! The conformance suite. Each test has a prefix of its own.

mod grants;

use std::{sync::Arc, time::Duration};

use anneal_protocol::depot::Grant;
use anneal_store::{Depth, Error, GrantSpec, MemoryStore, ObjectKey, ObjectStore, Prefix, Put, Sha256Digest, check_store};
use bytes::Bytes;
pub(crate) use grants::*;
use http::{HeaderMap, HeaderName, Method};

pub(crate) const LIMIT: u64 = 1 << 20;

/// How a grant is used.
pub(crate) enum Redeemer {
    Memory(Arc<MemoryStore>),
    Http(reqwest::Client),
}

pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) redeemer: Redeemer,
    pub(crate) prefix: Prefix,
}

impl Fixture {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, redeemer: Redeemer, name: &str) -> Self {
        Self {
            store,
            redeemer,
            prefix: format!("conformance/{name}").parse().unwrap(),
        }
    }

    pub(crate) fn key(&self, name: &str) -> ObjectKey {
        self.prefix.key(name).unwrap()
    }

    pub(crate) async fn put(&self, name: &str, body: &'static str) -> anneal_store::ETag {
        match self.store.put_if_absent(&self.key(name), body.into()).await.unwrap() {
            Put::Written(etag) => etag,
            Put::Conflict => panic!("{name} exists"),
        }
    }

    pub(crate) async fn read(&self, name: &str) -> Option<Bytes> {
        self.store.get(&self.key(name), LIMIT).await.unwrap().map(|object| object.body)
    }

    pub(crate) async fn keys(&self) -> (Vec<ObjectKey>, usize) {
        let (mut keys, mut pages, mut from) = (Vec::new(), 0, None);
        loop {
            let page = self.store.list(&self.prefix, Depth::All, from.as_ref()).await.unwrap();
            keys.extend(page.objects.into_iter().map(|object| object.key));
            pages += 1;
            from = page.next;
            if from.is_none() {
                return (keys, pages);
            }
        }
    }

    pub(crate) async fn clear(&self) {
        for key in self.keys().await.0 {
            self.store.delete(&key).await.unwrap();
        }
    }

    /// Sends what a grant says, or something else, and gives status and body.
    pub(crate) async fn send(&self, grant: &Grant, body: &'static [u8]) -> (u16, Bytes) {
        match &self.redeemer {
            Redeemer::Memory(store) => {
                let target = grant.url.split_once("depot.test:8081").unwrap().1;
                let mut headers = HeaderMap::new();
                for (name, value) in &grant.headers {
                    headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
                }
                let method: Method = grant.method.parse().unwrap();
                match store.admit(&method, target, &headers) {
                    Ok(admitted) => {
                        let (status, body) = store.redeem(&admitted, Bytes::from_static(body));
                        (status.as_u16(), body)
                    }
                    Err(status) => (status.as_u16(), Bytes::new()),
                }
            }
            Redeemer::Http(client) => {
                let mut request = client.request(grant.method.parse().unwrap(), &grant.url);
                for (name, value) in &grant.headers {
                    // The client computes it from the body, as an agent's does.
                    if name != "content-length" {
                        request = request.header(name, value);
                    }
                }
                if grant.method == "PUT" {
                    request = request.body(body);
                }
                let response = request.send().await.unwrap();
                (response.status().as_u16(), response.bytes().await.unwrap())
            }
        }
    }

    pub(crate) fn spec_put(&self, name: &str, body: &[u8]) -> GrantSpec {
        GrantSpec::Put {
            key: self.key(name),
            bytes: body.len() as u64,
            sha256: Sha256Digest::of(body),
            life: Duration::from_mins(1),
        }
    }
}

pub(crate) async fn creates_only_what_is_absent(fixture: Fixture) {
    let store = &fixture.store;
    fixture.put("a", "one").await;
    assert_eq!(store.put_if_absent(&fixture.key("a"), "two".into()).await.unwrap(), Put::Conflict);
    assert_eq!(fixture.read("a").await.as_deref(), Some(&b"one"[..]));
    assert_eq!(fixture.read("b").await, None);
}

pub(crate) async fn replaces_only_the_state_it_knows(fixture: Fixture) {
    let (store, key) = (&fixture.store, fixture.key("a"));
    let first = fixture.put("a", "one").await;
    let Put::Written(second) = store.put_if_match(&key, "two".into(), &first).await.unwrap() else {
        panic!("conflict")
    };
    assert_eq!(store.put_if_match(&key, "three".into(), &first).await.unwrap(), Put::Conflict);
    assert_eq!(fixture.read("a").await.as_deref(), Some(&b"two"[..]));
    assert_eq!(store.head(&key).await.unwrap().unwrap().etag, second);
    assert_eq!(store.get(&key, LIMIT).await.unwrap().unwrap().head.etag, second);
    let page = store.list(&fixture.prefix, Depth::All, None).await.unwrap();
    assert_eq!(page.objects[0].etag, Some(second));
}

pub(crate) async fn refuses_to_replace_what_is_missing(fixture: Fixture) {
    let (store, key) = (&fixture.store, fixture.key("a"));
    let etag = fixture.put("a", "one").await;
    store.delete(&key).await.unwrap();
    assert_eq!(store.put_if_match(&key, "two".into(), &etag).await.unwrap(), Put::Conflict);
    assert_eq!(fixture.read("a").await, None);
}

pub(crate) async fn one_of_two_replacements_wins(fixture: Fixture) {
    let (store, key) = (&fixture.store, fixture.key("a"));
    let etag = fixture.put("a", "none").await;
    let (one, two) = tokio::join!(
        store.put_if_match(&key, "one".into(), &etag),
        store.put_if_match(&key, "two".into(), &etag)
    );
    let (one, two) = (one.unwrap() == Put::Conflict, two.unwrap() == Put::Conflict);
    assert!(one != two, "exactly one replaces");
}

pub(crate) async fn reads_within_a_limit(fixture: Fixture) {
    let (store, key) = (&fixture.store, fixture.key("a"));
    fixture.put("a", "twelve bytes").await;
    assert!(store.get(&key, 12).await.unwrap().is_some());
    assert!(matches!(
        store.get(&key, 11).await,
        Err(Error::ExceedLimit { bytes: 12, limit: 11, .. })
    ));
    assert!(matches!(store.hash(&key, 11).await, Err(Error::ExceedLimit { .. })));
}

pub(crate) async fn reports_size_and_checksum(fixture: Fixture) {
    let (store, key) = (&fixture.store, fixture.key("a"));
    fixture.put("a", "twelve bytes").await;
    let digest = Sha256Digest::of(b"twelve bytes");
    let head = store.head(&key).await.unwrap().unwrap();
    assert_eq!((head.bytes, head.sha256), (12, Some(digest)));
    assert_eq!(store.hash(&key, LIMIT).await.unwrap(), Some((12, digest)));
    assert_eq!(store.head(&fixture.key("b")).await.unwrap(), None);
    assert_eq!(store.hash(&fixture.key("b"), LIMIT).await.unwrap(), None);
}

pub(crate) async fn deletes_without_asking(fixture: Fixture) {
    fixture.put("a", "one").await;
    fixture.store.delete(&fixture.key("a")).await.unwrap();
    fixture.store.delete(&fixture.key("a")).await.unwrap();
    assert_eq!(fixture.read("a").await, None);
}

pub(crate) async fn lists_in_pages(fixture: Fixture) {
    for number in 0..1005 {
        fixture.put(&format!("n/{number:04}"), "").await;
    }
    let (keys, pages) = fixture.keys().await;
    assert_eq!((keys.len(), pages), (1005, 2));
    assert_eq!(keys[1004], fixture.key("n/1004"));
    fixture.clear().await;
    assert_eq!(fixture.keys().await, (Vec::new(), 1));
}

pub(crate) async fn lists_children(fixture: Fixture) {
    for name in ["a", "b/1", "b/2", "c/d/e"] {
        fixture.put(name, "").await;
    }
    let page = fixture.store.list(&fixture.prefix, Depth::Children, None).await.unwrap();
    let prefixes: Vec<_> = page.prefixes.iter().map(Prefix::name).collect();
    assert_eq!((prefixes, page.objects.len()), (vec!["b", "c"], 1));
    assert_eq!(page.objects[0].key, fixture.key("a"));
}

pub(crate) async fn keeps_the_self_test(fixture: Fixture) {
    check_store(&*fixture.store, &fixture.prefix).await.unwrap();
    assert_eq!(fixture.keys().await.0, Vec::new());
}
