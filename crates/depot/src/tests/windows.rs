//! Profiles and metadata from grant to fact.

use anneal_protocol::{
    depot::{Confirmation, FIRST_MISSING_DOCUMENT, LossCause, MISSING_DOCUMENTS, ProfileSidecar, Readable, Writable},
    facts::ProfileFacts,
    problem::ProblemCode,
};
use anneal_store::{
    Sha256Digest,
    testing::{Fault, FaultyStore},
};
use http::{Method, StatusCode};
use rstest::rstest;

use super::{
    cluster::{pod_path, uid},
    harness::{BUILD, EXECUTOR, Harness, build_key, function},
};
use crate::fold::tests::profile;

fn sidecar(window: u64, body: &[u8]) -> Confirmation {
    Confirmation::Profile(ProfileSidecar {
        build_key: build_key(),
        window,
        sha256: Sha256Digest::of(body).to_string(),
        bytes: body.len() as u64,
        requests: 1000,
        seconds: 60,
        exit: 143,
    })
}

async fn upload(depot: &Harness, window: u64, body: &[u8]) {
    assert_eq!(
        depot
            .write(
                EXECUTOR,
                Writable::Profile {
                    build_key: build_key(),
                    window
                },
                body
            )
            .await,
        Ok(StatusCode::OK)
    );
}

async fn facts(depot: &Harness) -> ProfileFacts {
    depot
        .facts(|facts| facts.profiles.push(build_key()))
        .await
        .profiles
        .remove(&build_key())
        .unwrap()
}

#[tokio::test]
async fn a_confirmed_profile_is_folded_and_counted() {
    let depot = Harness::new();
    assert_eq!(facts(&depot).await, ProfileFacts::default());
    for window in 0..2 {
        let body = profile("f", 10 + window);
        upload(&depot, window, &body).await;
        depot.confirm(EXECUTOR, &sidecar(window, &body)).await.unwrap();
        assert_eq!(depot.fold().await, 1);
    }
    let found = facts(&depot).await;
    let pod = uid("pod", EXECUTOR);
    assert_eq!(found.inputs, [format!("{pod}-0"), format!("{pod}-1")]);
    assert_eq!(
        (found.events, found.overlap_percent, found.new_context_percent, found.recent.len()),
        (21, Some(100.0), Some(0.0), 2)
    );
    let merged = Readable::Profile {
        build_key: build_key(),
        digest: found.digest,
    };
    assert!(depot.read(BUILD, merged).await.is_ok());

    let path = pod_path(&function(), EXECUTOR);
    assert_eq!(depot.cluster.annotation(&path, "anneal.dev/profile-count").as_deref(), Some("2"));
    let patches = depot.cluster.requests(&Method::PATCH, "/pods/");
    assert!(
        patches.len() == 2 && patches[0].0.contains("fieldManager=anneal-depot"),
        "{patches:?}"
    );
    assert_eq!(patches[0].1.as_object().unwrap().keys().collect::<Vec<_>>(), ["metadata"]);
}

#[tokio::test]
async fn the_count_only_rises_and_a_missing_pod_is_no_fault() {
    let depot = Harness::new();
    let path = pod_path(&function(), EXECUTOR);
    depot.cluster.edit(&path, |metadata| {
        metadata["annotations"] = serde_json::json!({"anneal.dev/profile-count": "5"});
    });
    let body = profile("f", 1);
    upload(&depot, 0, &body).await;
    depot.confirm(EXECUTOR, &sidecar(0, &body)).await.unwrap();
    depot.fold().await;
    assert_eq!(depot.cluster.annotation(&path, "anneal.dev/profile-count").as_deref(), Some("5"));
    upload(&depot, 1, &body).await;
    depot.confirm(EXECUTOR, &sidecar(1, &body)).await.unwrap();
    depot.cluster.remove(&path);
    assert_eq!(depot.fold().await, 1);
    assert_eq!(facts(&depot).await.inputs.len(), 2);
}

#[tokio::test]
async fn confirming_again_is_no_fault_whatever_became_of_it() {
    let depot = Harness::new();
    let (good, bad) = (profile("f", 1), b"{".to_vec());
    upload(&depot, 0, &good).await;
    upload(&depot, 1, &bad).await;
    for _ in 0..2 {
        depot.confirm(EXECUTOR, &sidecar(0, &good)).await.unwrap();
        depot.confirm(EXECUTOR, &sidecar(1, &bad)).await.unwrap();
        depot.fold().await;
    }
    let found = facts(&depot).await;
    assert_eq!(
        (found.inputs.len(), found.rejected, found.rejected_reason.as_deref()),
        (1, 1, Some("Cut"))
    );
}

#[tokio::test]
async fn what_is_not_stored_is_not_confirmed() {
    let depot = Harness::new();
    let body = profile("f", 1);
    assert_eq!(depot.confirm(EXECUTOR, &sidecar(0, &body)).await, Err(ProblemCode::NotFound));
    upload(&depot, 0, &body).await;
    assert_eq!(depot.confirm(EXECUTOR, &sidecar(0, b"others")).await, Err(ProblemCode::Conflict));
    assert_eq!(depot.confirm(BUILD, &sidecar(0, &body)).await, Err(ProblemCode::Forbidden));
}

#[tokio::test]
async fn a_window_is_written_once() {
    let depot = Harness::new();
    upload(&depot, 0, &profile("f", 1)).await;
    let other = profile("f", 2);
    let object = Writable::Profile {
        build_key: build_key(),
        window: 0,
    };
    assert_eq!(depot.write(EXECUTOR, object, &other).await, Ok(StatusCode::PRECONDITION_FAILED));
    let beyond = Writable::Profile {
        build_key: build_key(),
        window: 100,
    };
    assert_eq!(depot.write(EXECUTOR, beyond, &other).await, Err(ProblemCode::TooLarge));
}

/// Stores and confirms a metadata document of the executor.
async fn leave_metadata(depot: &Harness, jar: &str, window: u64, body: &[u8]) {
    let object = Writable::Metadata {
        jar: jar.to_owned(),
        window,
    };
    assert_eq!(depot.write(EXECUTOR, object, body).await, Ok(StatusCode::OK));
    let confirmation = Confirmation::Metadata {
        jar: jar.to_owned(),
        window,
        sha256: Sha256Digest::of(body).to_string(),
        bytes: body.len() as u64,
        requests: 9,
    };
    depot.confirm(EXECUTOR, &confirmation).await.unwrap();
}

#[tokio::test]
async fn metadata_becomes_a_fact() {
    let depot = Harness::new();
    let (jar, body) = ("a".repeat(64), br#"{"reflection":[{"type":"A"}]}"#);
    leave_metadata(&depot, &jar, 0, body).await;
    assert_eq!(
        depot.facts(|facts| facts.metadata = Some(jar.clone())).await.metadata,
        None,
        "stored is not folded"
    );
    depot.fold().await;
    let found = depot.facts(|facts| facts.metadata = Some(jar.clone())).await.metadata.unwrap();
    assert_eq!(found.digest, Sha256Digest::of(body).to_string(), "it was canonical");
    assert_eq!((found.windows, found.missing), (1, 0));
    let path = pod_path(&function(), EXECUTOR);
    assert_eq!(depot.cluster.annotation(&path, "anneal.dev/metadata-count").as_deref(), Some("1"));
    assert_eq!(
        depot.read(BUILD, Readable::Metadata { jar, digest: found.digest }).await.unwrap(),
        &body[..]
    );
}

#[tokio::test]
async fn what_an_executable_missed_is_merged_and_is_no_window() {
    let depot = Harness::new();
    let jar = "a".repeat(64);
    leave_metadata(&depot, &jar, 0, br#"{"reflection":[{"type":"A"}]}"#).await;
    leave_metadata(&depot, &jar, FIRST_MISSING_DOCUMENT, br#"{"reflection":[{"type":"B"}]}"#).await;
    depot.fold().await;
    let found = depot.facts(|facts| facts.metadata = Some(jar.clone())).await.metadata.unwrap();
    assert_eq!((found.windows, found.missing), (1, 1));
    let merged = depot.read(BUILD, Readable::Metadata { jar, digest: found.digest }).await.unwrap();
    assert_eq!(merged, br#"{"reflection":[{"type":"A"},{"type":"B"}]}"#[..]);
    let path = pod_path(&function(), EXECUTOR);
    assert_eq!(depot.cluster.annotation(&path, "anneal.dev/metadata-count").as_deref(), Some("2"));
}

#[tokio::test]
async fn what_a_pod_says_that_it_missed_has_an_end() {
    let depot = Harness::new();
    let object = |number| Writable::Metadata {
        jar: "a".repeat(64),
        window: FIRST_MISSING_DOCUMENT + number,
    };
    assert_eq!(
        depot.write(EXECUTOR, object(MISSING_DOCUMENTS - 1), b"{}").await,
        Ok(StatusCode::OK)
    );
    for number in [MISSING_DOCUMENTS, u64::MAX - FIRST_MISSING_DOCUMENT] {
        assert_eq!(depot.write(EXECUTOR, object(number), b"{}").await, Err(ProblemCode::TooLarge));
    }
}

#[tokio::test]
async fn a_loss_is_counted_once() {
    let depot = Harness::new();
    for cause in [LossCause::Killed, LossCause::Upload] {
        depot
            .confirm(
                EXECUTOR,
                &Confirmation::Lost {
                    build_key: build_key(),
                    window: 4,
                    cause,
                },
            )
            .await
            .unwrap();
    }
    assert_eq!(facts(&depot).await.lost, 1);
    assert_eq!(depot.depot.metrics.losses.with_label_values(&["killed"]).get(), 1);
}

#[rstest]
#[case::deleted(false)]
#[case::overwritten(true)]
#[tokio::test]
async fn a_lost_merge_closes_the_gate_and_comes_again(#[case] overwritten: bool) {
    let depot = Harness::new();
    let body = profile("f", 1);
    upload(&depot, 0, &body).await;
    depot.confirm(EXECUTOR, &sidecar(0, &body)).await.unwrap();
    depot.fold().await;
    let before = facts(&depot).await;
    for key in depot.keys("profiles").await {
        if key.as_str().contains("/merged/") {
            anneal_store::ObjectStore::delete(&*depot.memory, &key).await.unwrap();
            if overwritten {
                anneal_store::ObjectStore::put_if_absent(&*depot.memory, &key, "x".into())
                    .await
                    .unwrap();
            }
        }
    }
    assert_eq!(facts(&depot).await.digest, "");
    depot.fold().await;
    assert_eq!(facts(&depot).await, before);
}

#[rstest]
#[case(Fault::Before)]
#[case(Fault::After)]
#[tokio::test]
async fn an_answer_lost_while_confirming_is_made_good_by_asking_again(#[case] fault: Fault) {
    let body = profile("f", 1);
    for operation in 0..2 {
        let depot = Harness::new();
        upload(&depot, 0, &body).await;
        let faulty = FaultyStore::fail_once_at(depot.memory.clone(), operation, fault);
        let failing = Harness::over(|_| std::sync::Arc::new(faulty));
        let first = failing.confirm(EXECUTOR, &sidecar(0, &body)).await;
        assert!(matches!(first, Ok(()) | Err(ProblemCode::Unavailable)), "{first:?}");
        failing.confirm(EXECUTOR, &sidecar(0, &body)).await.unwrap();
        failing.fold().await;
        assert_eq!(facts(&depot).await.inputs.len(), 1);
    }
}
