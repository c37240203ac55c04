//! What a grant allows, and what it does not.

use std::time::Duration;

use anneal_protocol::depot::Grant;
use anneal_store::{Error, GrantSpec};

use super::Fixture;

pub(crate) async fn grants_one_read(fixture: Fixture) {
    fixture.put("a b+c", "one").await;
    let spec = GrantSpec::Get {
        key: fixture.key("a b+c"),
        life: Duration::from_mins(1),
    };
    let grant = fixture.store.grant(&spec).await.unwrap();
    assert_eq!((grant.method.as_str(), grant.expires_seconds), ("GET", 60));
    assert_eq!(fixture.send(&grant, b"").await, (200, "one".into()));
    let missing = GrantSpec::Get {
        key: fixture.key("b"),
        life: Duration::from_mins(1),
    };
    let grant = fixture.store.grant(&missing).await.unwrap();
    assert_eq!(fixture.send(&grant, b"").await.0, 404);
}

pub(crate) async fn grants_one_write(fixture: Fixture) {
    let grant = fixture.store.grant(&fixture.spec_put("a", b"one")).await.unwrap();
    assert_eq!(fixture.send(&grant, b"one").await.0, 200);
    assert_eq!(fixture.read("a").await.as_deref(), Some(&b"one"[..]));
    assert_eq!(fixture.send(&grant, b"one").await.0, 412, "a replay writes nothing");
}

pub(crate) async fn grants_no_other_bytes(fixture: Fixture) {
    let grant = fixture.store.grant(&fixture.spec_put("a", b"one")).await.unwrap();
    assert_eq!(fixture.send(&grant, b"two").await.0, 400);
    assert_eq!(fixture.read("a").await, None);
}

pub(crate) async fn grants_no_other_length(fixture: Fixture) {
    let grant = fixture.store.grant(&fixture.spec_put("a", b"one")).await.unwrap();
    assert_eq!(fixture.send(&grant, b"longer").await.0, 403);
    assert_eq!(fixture.read("a").await, None);
}

pub(crate) async fn grants_no_other_key(fixture: Fixture) {
    let grant = fixture.store.grant(&fixture.spec_put("a", b"one")).await.unwrap();
    let elsewhere = Grant {
        url: grant.url.replace("/a?", "/b?"),
        ..grant.clone()
    };
    assert_eq!(fixture.send(&elsewhere, b"one").await.0, 403);
    let overwriting = Grant {
        headers: grant.headers.into_iter().filter(|(name, _)| name != "if-none-match").collect(),
        ..grant
    };
    let status = fixture.send(&overwriting, b"one").await.0;
    assert!(matches!(status, 400 | 403), "a signed header is missing: {status}");
    assert_eq!(fixture.keys().await.0, Vec::new());
}

pub(crate) async fn grants_only_for_a_while(fixture: Fixture) {
    let spec = GrantSpec::Get {
        key: fixture.key("a"),
        life: Duration::from_mins(6),
    };
    assert!(matches!(fixture.store.grant(&spec).await, Err(Error::RefuseGrant { .. })));
}
