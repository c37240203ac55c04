//! The commit of a build.

use anneal_protocol::{
    depot::{Confirmation, Readable, Writable},
    facts::{BuildFact, BuildRecord},
    problem::ProblemCode,
};
use anneal_store::{
    ObjectStore, Sha256Digest,
    testing::{Fault, FaultyStore},
};
use http::StatusCode;
use rstest::rstest;

use super::{
    cluster::uid,
    harness::{BUILD, EXECUTOR, Harness, OPTIMIZE, build_key, function},
};
use crate::fold::tests::gzip;

const REPORT: &str = r#"{"general_info":{"graal_compiler":{"pgo":["user-provided"]}},"resource_usage":{"memory":{"peak_rss_bytes":9}}}"#;
const PLAIN: &str = r#"{"general_info":{"graal_compiler":{"pgo":null}}}"#;

fn claim(artifact: &[u8]) -> Confirmation {
    Confirmation::Build {
        build_key: build_key(),
        sha256: Sha256Digest::of(artifact).to_string(),
        bytes: artifact.len() as u64,
        seconds: 77,
    }
}

async fn store_build(depot: &Harness, job: &str, artifact: &[u8], report: &str) {
    let build_key = build_key();
    let log = gzip(b"Info: PGO: Profile applicability is 21.74%. Profile relevance is 72.71%.");
    for (object, body) in [
        (
            Writable::Artifact {
                build_key: build_key.clone(),
            },
            artifact,
        ),
        (
            Writable::BuildOutput {
                build_key: build_key.clone(),
            },
            report.as_bytes(),
        ),
        (Writable::BuildLog { build_key }, &log[..]),
    ] {
        assert_eq!(depot.write(job, object, body).await, Ok(StatusCode::OK));
    }
}

async fn committed(depot: &Harness) -> Option<BuildRecord> {
    match depot
        .facts(|facts| facts.builds.push(build_key()))
        .await
        .builds
        .remove(&build_key())
    {
        Some(BuildFact::Committed(record)) => Some(record),
        _ => None,
    }
}

#[tokio::test]
async fn an_artifact_exists_once_its_result_does() {
    let depot = Harness::new();
    store_build(&depot, OPTIMIZE, b"binary", REPORT).await;
    let artifact = Readable::Artifact { build_key: build_key() };
    assert_eq!(
        (committed(&depot).await, depot.read(EXECUTOR, artifact.clone()).await),
        (None, Err(ProblemCode::NotFound))
    );
    depot.confirm(OPTIMIZE, &claim(b"binary")).await.unwrap();
    let record = committed(&depot).await.unwrap();
    let expected = BuildRecord {
        attempt: uid("pod", OPTIMIZE),
        sha256: Sha256Digest::of(b"binary").to_string(),
        bytes: 6,
        seconds: 77,
        peak_memory_bytes: Some(9),
        pgo: vec!["user-provided".into()],
        applicability_percent: Some(21.74),
        relevance_percent: Some(72.71),
    };
    assert_eq!(record, expected);
    assert_eq!(depot.read(EXECUTOR, artifact).await.unwrap(), "binary");
}

#[tokio::test]
async fn the_first_committed_attempt_stays() {
    let depot = Harness::new();
    store_build(&depot, BUILD, b"first", PLAIN).await;
    depot.confirm(BUILD, &claim(b"first")).await.unwrap();
    let second = "hello-n-0123456789-2";
    depot.cluster.job(&function(), second);
    store_build(&depot, second, b"second!", PLAIN).await;
    depot.confirm(second, &claim(b"second!")).await.unwrap();
    assert_eq!(committed(&depot).await.unwrap().attempt, uid("pod", BUILD));
    assert_eq!(
        depot.read(EXECUTOR, Readable::Artifact { build_key: build_key() }).await.unwrap(),
        "first"
    );
}

#[tokio::test]
async fn an_artifact_deleted_behind_its_back_is_built_again() {
    let depot = Harness::new();
    store_build(&depot, BUILD, b"first", PLAIN).await;
    depot.confirm(BUILD, &claim(b"first")).await.unwrap();
    for key in depot.keys("functions").await {
        if key.name() == "artifact" {
            depot.memory.delete(&key).await.unwrap();
        }
    }
    assert_eq!(committed(&depot).await, None);
    let second = "hello-n-0123456789-2";
    depot.cluster.job(&function(), second);
    store_build(&depot, second, b"second!", PLAIN).await;
    depot.confirm(second, &claim(b"second!")).await.unwrap();
    assert_eq!(committed(&depot).await.unwrap().attempt, uid("pod", second));
}

#[rstest]
#[case::other_bytes(claim(b"binarx"), ProblemCode::Conflict)]
#[case::other_size(claim(b"binary2"), ProblemCode::Conflict)]
#[case::other_key(Confirmation::Build { build_key: "f".repeat(64), sha256: "a".repeat(64), bytes: 6, seconds: 1 }, ProblemCode::Forbidden)]
#[tokio::test]
async fn a_false_claim_commits_nothing(#[case] claim: Confirmation, #[case] code: ProblemCode) {
    let depot = Harness::new();
    store_build(&depot, BUILD, b"binary", PLAIN).await;
    assert_eq!(depot.confirm(BUILD, &claim).await, Err(code));
    assert_eq!(committed(&depot).await, None);
}

#[rstest]
#[case::unreadable("nonsense")]
#[case::profile_not_applied(PLAIN)]
#[tokio::test]
async fn an_optimized_build_says_that_its_profile_was_applied(#[case] report: &str) {
    let depot = Harness::new();
    store_build(&depot, OPTIMIZE, b"binary", report).await;
    assert_eq!(depot.confirm(OPTIMIZE, &claim(b"binary")).await, Err(ProblemCode::Invalid));
    assert_eq!(committed(&depot).await, None);
}

#[tokio::test]
async fn only_a_build_confirms_a_build() {
    let depot = Harness::new();
    assert_eq!(depot.confirm(EXECUTOR, &claim(b"binary")).await, Err(ProblemCode::Forbidden));
}

#[rstest]
#[case(Fault::Before)]
#[case(Fault::After)]
#[tokio::test]
async fn an_answer_lost_while_committing_is_made_good_by_asking_again(#[case] fault: Fault) {
    for operation in 0..4 {
        let depot = Harness::new();
        store_build(&depot, BUILD, b"binary", PLAIN).await;
        let faulty = FaultyStore::fail_once_at(depot.memory.clone(), operation, fault);
        let failing = Harness::over(|_| std::sync::Arc::new(faulty));
        let first = failing.confirm(BUILD, &claim(b"binary")).await;
        assert!(matches!(first, Ok(()) | Err(ProblemCode::Unavailable)), "{first:?}");
        failing.confirm(BUILD, &claim(b"binary")).await.unwrap();
        assert_eq!(committed(&depot).await.unwrap().attempt, uid("pod", BUILD));
    }
}
