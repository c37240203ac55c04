//! The commit of a resolved jar.

use anneal_protocol::{
    depot::{Confirmation, JarRecord, Readable, Writable},
    facts::JarQuery,
    handler::{Contract, Handler, HandlerRequest},
    problem::ProblemCode,
};
use anneal_store::Sha256Digest;
use http::StatusCode;

use super::harness::{EXECUTOR, Harness, RESOLVE};

fn record(jar: &[u8], entry: &[u8]) -> JarRecord {
    JarRecord {
        sha256: Sha256Digest::of(jar).to_string(),
        bytes: jar.len() as u64,
        requested: HandlerRequest::default(),
        entry: Some(Sha256Digest::of(entry).to_string()),
        handler: Handler {
            class: "a.B".into(),
            method: "main".into(),
            contract: Contract::Map,
        },
    }
}

#[tokio::test]
async fn a_resolved_jar_becomes_a_fact() {
    let depot = Harness::new();
    let record = record(b"jar", b"entry");
    assert_eq!(
        depot.confirm(RESOLVE, &Confirmation::Jar(record.clone())).await,
        Err(ProblemCode::NotFound)
    );
    assert_eq!(depot.write(RESOLVE, Writable::Jar, b"jar").await, Ok(StatusCode::OK));
    assert_eq!(depot.write(RESOLVE, Writable::Entry, b"entry").await, Ok(StatusCode::OK));
    depot.confirm(RESOLVE, &Confirmation::Jar(record.clone())).await.unwrap();
    let again = JarRecord {
        entry: Some(Sha256Digest::of(b"entry").to_string()),
        ..record.clone()
    };
    depot.confirm(RESOLVE, &Confirmation::Jar(again)).await.unwrap();
    let query = JarQuery {
        sha256: record.sha256.clone(),
        handler: HandlerRequest::default(),
    };
    assert_eq!(depot.facts(|facts| facts.jar = Some(query.clone())).await.jar, Some(record.clone()));
    let other = JarQuery {
        handler: HandlerRequest {
            class: Some("x".into()),
            ..HandlerRequest::default()
        },
        ..query
    };
    assert_eq!(depot.facts(|facts| facts.jar = Some(other)).await.jar, None);
    assert_eq!(depot.read(EXECUTOR, Readable::Jar { sha256: record.sha256 }).await.unwrap(), "jar");
}

#[tokio::test]
async fn a_jar_of_another_size_is_refused() {
    let depot = Harness::new();
    depot.write(RESOLVE, Writable::Jar, b"jar").await.unwrap();
    depot.write(RESOLVE, Writable::Entry, b"entry").await.unwrap();
    let record = JarRecord {
        bytes: 4,
        ..record(b"jar", b"entry")
    };
    assert_eq!(depot.confirm(RESOLVE, &Confirmation::Jar(record)).await, Err(ProblemCode::Conflict));
    let http = JarRecord {
        entry: None,
        ..self::record(b"jar", b"entry")
    };
    assert_eq!(depot.confirm(RESOLVE, &Confirmation::Jar(http)).await, Err(ProblemCode::Invalid));
}
