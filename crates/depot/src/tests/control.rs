//! What the controller asks for, and what agents ask about gateways.

use anneal_protocol::{
    FunctionRef,
    depot::{
        Confirmed, PURGES_PATH, PurgeReply, PurgeRequest, REJECTIONS_PATH, REVIEWS_PATH, RejectionRequest, TokenReviewReply,
        TokenReviewRequest,
    },
    facts::BuildFact,
    problem::ProblemCode,
};

use super::harness::{CONTROLLER, EXECUTOR, GATEWAY, Harness, build_key, function};

#[tokio::test]
async fn reviews_tell_gateways_from_others() {
    let depot = Harness::new();
    let review = async |token: &str| {
        let question = TokenReviewRequest { token: token.to_owned() };
        depot.call::<TokenReviewReply>(REVIEWS_PATH, EXECUTOR, &question).await.unwrap()
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
    depot
        .cluster
        .token(token, "anneal-agent", "system:serviceaccount:anneal:gateway", None);
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
        depot.call::<Confirmed>(REJECTIONS_PATH, CONTROLLER, &request).await
    };
    assert_eq!(reject("two words").await, Err(ProblemCode::Invalid));
    reject("Slower").await.unwrap();
    reject("Crashed").await.unwrap();
    let facts = depot.facts(|facts| facts.builds.push(build_key())).await;
    assert_eq!(
        facts.builds.get(&build_key()),
        Some(&BuildFact::Rejected { reason: "Slower".into() })
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
        let key = format!("profiles/shop/hello/f-1/x/raw/{number}").parse().unwrap();
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
    let purge = async |function: FunctionRef| depot.call::<PurgeReply>(PURGES_PATH, CONTROLLER, &PurgeRequest { function }).await;
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
    assert_eq!((depot.keys("functions").await.len(), depot.keys("uploads").await.len()), (1, 1));
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
