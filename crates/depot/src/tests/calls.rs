//! Who is answered what.

use anneal_protocol::{
    FunctionRef,
    depot::{
        Confirmation, Confirmed, FACTS_PATH, GRANTS_PATH, GrantRequest, JarRecord, PURGES_PATH,
        PurgeReply, PurgeRequest, REJECTIONS_PATH, REVIEWS_PATH, Readable, RejectionRequest,
        TokenReviewReply, TokenReviewRequest, Writable,
    },
    facts::{BuildFact, Facts, FactsRequest, JarQuery},
    handler::{Contract, Handler, HandlerRequest},
    problem::ProblemCode,
};
use anneal_store::{
    Sha256Digest,
    testing::{Fault, FaultyStore},
};
use axum::body::Body;
use http::{Request, StatusCode, header};
use rstest::rstest;

use super::{
    cluster::function_path,
    harness::{BUILD, CONTROLLER, EXECUTOR, GATEWAY, Harness, RESOLVE, build_key, function},
};

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
        depot
            .confirm(RESOLVE, &Confirmation::Jar(record.clone()))
            .await,
        Err(ProblemCode::NotFound)
    );
    assert_eq!(
        depot.write(RESOLVE, Writable::Jar, b"jar").await,
        Ok(StatusCode::OK)
    );
    assert_eq!(
        depot.write(RESOLVE, Writable::Entry, b"entry").await,
        Ok(StatusCode::OK)
    );
    depot
        .confirm(RESOLVE, &Confirmation::Jar(record.clone()))
        .await
        .unwrap();
    let again = JarRecord {
        entry: Some(Sha256Digest::of(b"entry").to_string()),
        ..record.clone()
    };
    depot
        .confirm(RESOLVE, &Confirmation::Jar(again))
        .await
        .unwrap();
    let query = JarQuery {
        sha256: record.sha256.clone(),
        handler: HandlerRequest::default(),
    };
    assert_eq!(
        depot
            .facts(|facts| facts.jar = Some(query.clone()))
            .await
            .jar,
        Some(record.clone())
    );
    let other = JarQuery {
        handler: HandlerRequest {
            class: Some("x".into()),
            ..HandlerRequest::default()
        },
        ..query
    };
    assert_eq!(depot.facts(|facts| facts.jar = Some(other)).await.jar, None);
    assert_eq!(
        depot
            .read(
                EXECUTOR,
                Readable::Jar {
                    sha256: record.sha256
                }
            )
            .await
            .unwrap(),
        "jar"
    );
}

#[tokio::test]
async fn a_jar_of_another_size_is_refused() {
    let depot = Harness::new();
    depot.write(RESOLVE, Writable::Jar, b"jar").await.unwrap();
    depot
        .write(RESOLVE, Writable::Entry, b"entry")
        .await
        .unwrap();
    let record = JarRecord {
        bytes: 4,
        ..record(b"jar", b"entry")
    };
    assert_eq!(
        depot.confirm(RESOLVE, &Confirmation::Jar(record)).await,
        Err(ProblemCode::Conflict)
    );
    let http = JarRecord {
        entry: None,
        ..self::record(b"jar", b"entry")
    };
    assert_eq!(
        depot.confirm(RESOLVE, &Confirmation::Jar(http)).await,
        Err(ProblemCode::Invalid)
    );
}

#[tokio::test]
async fn reads_uploads_of_its_namespace_alone() {
    let depot = Harness::new();
    anneal_store::ObjectStore::put_if_absent(
        &*depot.memory,
        &"uploads/shop/v1/a.jar".parse().unwrap(),
        "mine".into(),
    )
    .await
    .unwrap();
    assert_eq!(
        depot
            .read(
                RESOLVE,
                Readable::Upload {
                    key: "v1/a.jar".into()
                }
            )
            .await
            .unwrap(),
        "mine"
    );
    for key in ["../bank/a.jar", "/a.jar", "", "a//b"] {
        assert_eq!(
            depot
                .read(RESOLVE, Readable::Upload { key: key.into() })
                .await,
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
    };
    assert_eq!(
        depot.call::<Facts>(FACTS_PATH, BUILD, &question).await,
        Err(ProblemCode::Forbidden)
    );
    let purge = PurgeRequest {
        function: function(),
    };
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
        depot
            .call::<Confirmed>(REJECTIONS_PATH, BUILD, &rejection)
            .await,
        Err(ProblemCode::Forbidden)
    );
    assert_eq!(
        depot
            .read(
                CONTROLLER,
                Readable::Jar {
                    sha256: "a".repeat(64)
                }
            )
            .await,
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
    let request =
        Request::post(GRANTS_PATH).header(header::AUTHORIZATION, format!("Bearer {BUILD}"));
    assert_eq!(
        depot
            .send(request.body(Body::from(body.to_owned())).unwrap())
            .await
            .0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn large_bodies_and_objects_are_refused() {
    let depot = Harness::new();
    let request =
        Request::post(GRANTS_PATH).header(header::AUTHORIZATION, format!("Bearer {BUILD}"));
    let (status, _) = depot
        .send(request.body(Body::from(vec![b' '; 300 << 10])).unwrap())
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let put = GrantRequest::Put {
        object: Writable::BuildOutput {
            build_key: build_key(),
        },
        bytes: 5 << 20,
        sha256: "a".repeat(64),
    };
    assert_eq!(
        depot
            .call::<anneal_protocol::depot::Grant>(GRANTS_PATH, BUILD, &put)
            .await,
        Err(ProblemCode::TooLarge)
    );
}

#[tokio::test]
async fn a_function_being_deleted_is_gone_at_once() {
    let depot = Harness::new();
    assert_eq!(
        depot.write(RESOLVE, Writable::Jar, b"jar").await,
        Ok(StatusCode::OK)
    );
    depot.cluster.edit(&function_path(&function()), |metadata| {
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into()
    });
    assert_eq!(
        depot.write(RESOLVE, Writable::Jar, b"jar2").await,
        Err(ProblemCode::Gone),
        "although the caller is kept"
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_unavailable() {
    let depot = Harness::over(|memory| {
        std::sync::Arc::new(FaultyStore::crash_at(memory, 0, Fault::Before))
    });
    assert_eq!(
        depot
            .read(
                RESOLVE,
                Readable::Jar {
                    sha256: "a".repeat(64)
                }
            )
            .await,
        Err(ProblemCode::Unavailable)
    );
    let question = FactsRequest {
        function: function(),
        jar: None,
        builds: vec![build_key()],
        profiles: Vec::new(),
        metadata: None,
    };
    assert_eq!(
        depot.call::<Facts>(FACTS_PATH, CONTROLLER, &question).await,
        Err(ProblemCode::Unavailable)
    );
    assert_eq!(
        depot
            .call::<PurgeReply>(
                PURGES_PATH,
                CONTROLLER,
                &PurgeRequest {
                    function: function()
                }
            )
            .await,
        Err(ProblemCode::Unavailable)
    );
}

#[tokio::test]
async fn an_apiserver_that_is_away_is_unavailable() {
    let depot = Harness::new();
    depot.cluster.set_down(true);
    assert_eq!(
        depot
            .read(
                RESOLVE,
                Readable::Jar {
                    sha256: "a".repeat(64)
                }
            )
            .await,
        Err(ProblemCode::Unavailable)
    );
}

#[tokio::test]
async fn reviews_tell_gateways_from_others() {
    let depot = Harness::new();
    let review = async |token: &str| {
        let question = TokenReviewRequest {
            token: token.to_owned(),
        };
        depot
            .call::<TokenReviewReply>(REVIEWS_PATH, EXECUTOR, &question)
            .await
            .unwrap()
    };
    assert_eq!(
        review(GATEWAY).await,
        TokenReviewReply {
            gateway: true,
            cache_seconds: 60
        }
    );
    for token in [CONTROLLER, EXECUTOR, "nobody", ""] {
        assert_eq!(
            review(token).await,
            TokenReviewReply {
                gateway: false,
                cache_seconds: 0
            }
        );
    }
    // {"exp":1700000100}, a hundred seconds from now
    let token = "e30.eyJleHAiOjE3MDAwMDAxMDB9.c2ln";
    depot.cluster.token(
        token,
        "anneal-agent",
        "system:serviceaccount:anneal:gateway",
        None,
    );
    assert_eq!(
        review(token).await,
        TokenReviewReply {
            gateway: true,
            cache_seconds: 100
        }
    );
}

#[tokio::test]
async fn a_rejection_is_for_ever() {
    let depot = Harness::new();
    let reject = async |reason: &str| {
        let request = RejectionRequest {
            function: function(),
            build_key: build_key(),
            reason: reason.to_owned(),
        };
        depot
            .call::<Confirmed>(REJECTIONS_PATH, CONTROLLER, &request)
            .await
    };
    assert_eq!(reject("two words").await, Err(ProblemCode::Invalid));
    reject("Slower").await.unwrap();
    reject("Crashed").await.unwrap();
    let facts = depot.facts(|facts| facts.builds.push(build_key())).await;
    assert_eq!(
        facts.builds.get(&build_key()),
        Some(&BuildFact::Rejected {
            reason: "Slower".into()
        })
    );
}

#[tokio::test]
async fn a_purge_leaves_nothing_and_nobody_elses() {
    let depot = Harness::new();
    let other = FunctionRef {
        uid: "f-10".into(),
        ..function()
    };
    for number in 0..1100 {
        let key = format!("profiles/shop/hello/f-1/x/raw/{number}")
            .parse()
            .unwrap();
        anneal_store::ObjectStore::put_if_absent(&*depot.memory, &key, "x".into())
            .await
            .unwrap();
    }
    for key in [
        "functions/shop/hello/f-1/a",
        "quarantine/shop/hello/f-1/a",
        "functions/shop/hello/f-10/a",
        "uploads/shop/a",
    ] {
        anneal_store::ObjectStore::put_if_absent(&*depot.memory, &key.parse().unwrap(), "x".into())
            .await
            .unwrap();
    }
    let purge = async |function: FunctionRef| {
        depot
            .call::<PurgeReply>(PURGES_PATH, CONTROLLER, &PurgeRequest { function })
            .await
    };
    assert_eq!(
        purge(function()).await,
        Ok(PurgeReply {
            deleted: 1102,
            complete: true
        })
    );
    assert_eq!(
        purge(function()).await,
        Ok(PurgeReply {
            deleted: 0,
            complete: true
        })
    );
    assert_eq!(
        (
            depot.keys("functions").await.len(),
            depot.keys("uploads").await.len()
        ),
        (1, 1)
    );
    assert_eq!(
        purge(other).await,
        Ok(PurgeReply {
            deleted: 1,
            complete: true
        })
    );
    let escape = FunctionRef {
        name: "..".into(),
        ..function()
    };
    assert_eq!(purge(escape).await, Err(ProblemCode::Invalid));
}
