//! Who is answered what.

use anneal_protocol::{
    depot::{
        Confirmed, FACTS_PATH, GRANTS_PATH, GrantRequest, PURGES_PATH, PurgeReply, PurgeRequest, REJECTIONS_PATH, REVIEWS_PATH, Readable,
        RejectionRequest, Writable,
    },
    facts::{Facts, FactsRequest},
    problem::ProblemCode,
};
use anneal_store::testing::{Fault, FaultyStore};
use axum::body::Body;
use http::{Request, StatusCode, header};
use rstest::rstest;

use super::{
    cluster::function_path,
    harness::{BUILD, CONTROLLER, Harness, RESOLVE, build_key, function},
};

#[tokio::test]
async fn reads_uploads_of_its_namespace_alone() {
    let depot = Harness::new();
    anneal_store::ObjectStore::put_if_absent(&*depot.memory, &"uploads/shop/v1/a.jar".parse().unwrap(), "mine".into())
        .await
        .unwrap();
    assert_eq!(
        depot.read(RESOLVE, Readable::Upload { key: "v1/a.jar".into() }).await.unwrap(),
        "mine"
    );
    for key in ["../bank/a.jar", "/a.jar", "", "a//b"] {
        assert_eq!(
            depot.read(RESOLVE, Readable::Upload { key: key.into() }).await,
            Err(ProblemCode::Invalid)
        );
    }
}

#[rstest]
#[case::no_token(None)]
#[case::unknown_token(Some("Bearer nobody"))]
#[case::other_scheme(Some("Basic aGVsbG86"))]
#[case::other_audience(Some("Bearer gateway-token"))]
#[tokio::test]
async fn strangers_are_not_known(#[case] authorization: Option<&str>) {
    let depot = Harness::new();
    for path in [GRANTS_PATH, FACTS_PATH, REVIEWS_PATH, PURGES_PATH] {
        let mut request = Request::post(path);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let (status, _) = depot.send(request.body(Body::from("{}")).unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn pods_ask_no_facts_and_the_controller_asks_no_grants() {
    let depot = Harness::new();
    let question = FactsRequest {
        function: function(),
        jar: None,
        builds: Vec::new(),
        profiles: Vec::new(),
        metadata: None,
        references: None,
    };
    assert_eq!(depot.call::<Facts>(FACTS_PATH, BUILD, &question).await, Err(ProblemCode::Forbidden));
    let purge = PurgeRequest { function: function() };
    assert_eq!(
        depot.call::<PurgeReply>(PURGES_PATH, BUILD, &purge).await,
        Err(ProblemCode::Forbidden)
    );
    let rejection = RejectionRequest {
        function: function(),
        build_key: build_key(),
        reason: "Slow".into(),
    };
    assert_eq!(
        depot.call::<Confirmed>(REJECTIONS_PATH, BUILD, &rejection).await,
        Err(ProblemCode::Forbidden)
    );
    assert_eq!(
        depot.read(CONTROLLER, Readable::Jar { sha256: "a".repeat(64) }).await,
        Err(ProblemCode::Forbidden)
    );
}

#[rstest]
#[case("{")]
#[case("[]")]
#[case(r#"{"kind":"steal"}"#)]
#[tokio::test]
async fn nonsense_is_invalid(#[case] body: &str) {
    let depot = Harness::new();
    let request = Request::post(GRANTS_PATH).header(header::AUTHORIZATION, format!("Bearer {BUILD}"));
    assert_eq!(
        depot.send(request.body(Body::from(body.to_owned())).unwrap()).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn large_bodies_and_objects_are_refused() {
    let depot = Harness::new();
    let request = Request::post(GRANTS_PATH).header(header::AUTHORIZATION, format!("Bearer {BUILD}"));
    let (status, _) = depot.send(request.body(Body::from(vec![b' '; 300 << 10])).unwrap()).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let put = GrantRequest::Put {
        object: Writable::BuildOutput { build_key: build_key() },
        bytes: 5 << 20,
        sha256: "a".repeat(64),
    };
    assert_eq!(
        depot.call::<anneal_protocol::depot::Grant>(GRANTS_PATH, BUILD, &put).await,
        Err(ProblemCode::TooLarge)
    );
}

#[tokio::test]
async fn a_function_being_deleted_is_gone_at_once() {
    let depot = Harness::new();
    assert_eq!(depot.write(RESOLVE, Writable::Jar, b"jar").await, Ok(StatusCode::OK));
    depot.cluster.edit(&function_path(&function()), |metadata| {
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    });
    assert_eq!(
        depot.write(RESOLVE, Writable::Jar, b"jar2").await,
        Err(ProblemCode::Gone),
        "although the caller is kept"
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_unavailable() {
    let depot = Harness::over(|memory| std::sync::Arc::new(FaultyStore::crash_at(memory, 0, Fault::Before)));
    assert_eq!(
        depot.read(RESOLVE, Readable::Jar { sha256: "a".repeat(64) }).await,
        Err(ProblemCode::Unavailable)
    );
    let question = FactsRequest {
        function: function(),
        jar: None,
        builds: vec![build_key()],
        profiles: Vec::new(),
        metadata: None,
        references: None,
    };
    assert_eq!(
        depot.call::<Facts>(FACTS_PATH, CONTROLLER, &question).await,
        Err(ProblemCode::Unavailable)
    );
    assert_eq!(
        depot
            .call::<PurgeReply>(PURGES_PATH, CONTROLLER, &PurgeRequest { function: function() })
            .await,
        Err(ProblemCode::Unavailable)
    );
}

#[tokio::test]
async fn an_apiserver_that_is_away_is_unavailable() {
    let depot = Harness::new();
    depot.cluster.set_down(true);
    assert_eq!(
        depot.read(RESOLVE, Readable::Jar { sha256: "a".repeat(64) }).await,
        Err(ProblemCode::Unavailable)
    );
}
