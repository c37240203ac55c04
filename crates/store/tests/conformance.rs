//! What every adapter must do: one suite, run against the store in memory and, where an endpoint is given in
//! `ANNEAL_TEST_S3_ENDPOINT` (with `ANNEAL_TEST_S3_ACCESS_KEY`, `ANNEAL_TEST_S3_SECRET_KEY` and `ANNEAL_TEST_S3_BUCKET`),
//! against a real S3 server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends here")]

mod suite;

use std::{env, sync::Arc, time::Duration};

use anneal_store::{Clock, Credentials, MemorySettings, MemoryStore, ObjectStore, S3Settings, S3Store};
use suite::{Fixture, Redeemer};

async fn memory(test: impl AsyncFnOnce(Fixture)) {
    let settings = MemorySettings {
        tenant_endpoint: "http://depot.test:8081".parse().unwrap(),
        clock: Clock::system(),
    };
    let store = Arc::new(MemoryStore::new(settings).unwrap());
    test(Fixture::new(store.clone(), Redeemer::Memory(store), "memory")).await;
}

#[expect(clippy::disallowed_methods, reason = "the settings of a test come from its environment")]
async fn s3(name: &str, test: impl AsyncFnOnce(Fixture)) {
    let Ok(endpoint) = env::var("ANNEAL_TEST_S3_ENDPOINT") else {
        eprintln!("skipped: ANNEAL_TEST_S3_ENDPOINT is not set");
        return;
    };
    let setting = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let settings = S3Settings {
        authorities: None,
        endpoint: endpoint.parse().unwrap(),
        tenant_endpoint: endpoint.parse().unwrap(),
        bucket: setting("ANNEAL_TEST_S3_BUCKET", "anneal"),
        region: "us-east-1".to_owned(),
        credentials: Credentials {
            access_key: setting("ANNEAL_TEST_S3_ACCESS_KEY", "minioadmin"),
            secret_key: setting("ANNEAL_TEST_S3_SECRET_KEY", "minioadmin"),
        },
        clock: Clock::system(),
    };
    let store: Arc<dyn ObjectStore> = Arc::new(S3Store::new(settings).unwrap());
    let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let fixture = Fixture::new(store, Redeemer::Http(client), name);
    fixture.clear().await;
    test(fixture).await;
}

macro_rules! conformance {
    ($($name:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $name() {
                super::memory(super::suite::$name).await;
            })+
        }

        mod over_s3 {
            $(#[tokio::test]
            async fn $name() {
                super::s3(stringify!($name), super::suite::$name).await;
            })+
        }
    };
}

conformance!(
    creates_only_what_is_absent,
    replaces_only_the_state_it_knows,
    refuses_to_replace_what_is_missing,
    one_of_two_replacements_wins,
    reads_within_a_limit,
    reports_size_and_checksum,
    deletes_without_asking,
    lists_in_pages,
    lists_children,
    keeps_the_self_test,
    grants_one_read,
    grants_one_write,
    grants_no_other_bytes,
    grants_no_other_length,
    grants_no_other_key,
    grants_only_for_a_while,
);
