use std::sync::Arc;

use anneal_protocol::problem::ProblemCode;
use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::{caller::Role, tests::FakeCluster};

const TOKEN: &str = "hello-executor";

fn function() -> FunctionRef {
    FunctionRef {
        namespace: "shop".into(),
        name: "hello".into(),
        uid: "f-1".into(),
    }
}

fn cluster() -> FakeCluster {
    let cluster = FakeCluster::default();
    cluster.function(&function());
    cluster.executor(&function(), TOKEN, "key");
    cluster.job(&function(), "hello-r-0123456789-1");
    cluster
}

fn authenticator(cluster: &FakeCluster, clock: Clock) -> Authenticator {
    let accounts = Accounts {
        controller: "anneal/controller".parse().unwrap(),
        gateway: None,
    };
    Authenticator::new(Cluster::new(cluster.client()), accounts, clock)
}

async fn authenticate(cluster: &FakeCluster, token: &str) -> Result<Caller, ProblemCode> {
    authenticator(cluster, Clock::system())
        .authenticate(token)
        .await
        .map_err(|refusal| refusal.code)
}

#[tokio::test]
async fn follows_an_executor_to_its_function() {
    let role = Role::Executor {
        build_key: Some("key".into()),
    };
    let pod = PodCaller {
        name: TOKEN.into(),
        uid: format!("pod-uid-{TOKEN}"),
        function: function(),
        role,
    };
    assert_eq!(authenticate(&cluster(), TOKEN).await, Ok(Caller::Pod(pod)));
}

#[tokio::test]
async fn follows_a_job_to_its_function() {
    let Ok(Caller::Pod(pod)) = authenticate(&cluster(), "hello-r-0123456789-1").await else {
        panic!("no pod")
    };
    assert_eq!((pod.function, pod.role), (function(), Role::Resolve));
}

#[tokio::test]
async fn knows_the_controller_by_its_account() {
    let cluster = cluster();
    cluster.token("c", "anneal-depot", "system:serviceaccount:anneal:controller", None);
    assert_eq!(authenticate(&cluster, "c").await, Ok(Caller::Controller));
}

const POD: &str = "/api/v1/namespaces/shop/pods/hello-executor";
const SET: &str = "/apis/apps/v1/namespaces/shop/replicasets/hello-executor";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/shop/deployments/hello-executor";
const FUNCTION: &str = "/apis/anneal.dev/v1alpha1/namespaces/shop/functions/hello";

/// Each link of the chain is proven by uid and kind.
#[rstest]
#[case::another_pod_of_that_name(POD, "/uid", json!("new"), ProblemCode::Forbidden)]
#[case::a_pod_without_owner(POD, "/ownerReferences", json!([]), ProblemCode::Forbidden)]
#[case::an_owner_that_does_not_control(POD, "/ownerReferences/0/controller", json!(false), ProblemCode::Forbidden)]
#[case::an_owner_of_another_kind(POD, "/ownerReferences/0/kind", json!("DaemonSet"), ProblemCode::Forbidden)]
#[case::an_owner_of_another_group(POD, "/ownerReferences/0/apiVersion", json!("example.com/v1"), ProblemCode::Forbidden)]
#[case::a_set_of_that_name_and_another_uid(SET, "/uid", json!("new"), ProblemCode::Forbidden)]
#[case::a_set_of_a_stranger(SET, "/ownerReferences/0/kind", json!("Rollout"), ProblemCode::Forbidden)]
#[case::a_deployment_of_another_uid(DEPLOYMENT, "/uid", json!("new"), ProblemCode::Forbidden)]
#[case::a_deployment_of_a_stranger(DEPLOYMENT, "/ownerReferences/0/apiVersion", json!("example.com/v1"), ProblemCode::Forbidden)]
#[case::a_function_of_another_uid(FUNCTION, "/uid", json!("new"), ProblemCode::Gone)]
#[case::a_function_being_deleted(FUNCTION, "/deletionTimestamp", json!("2026-01-01T00:00:00Z"), ProblemCode::Gone)]
#[tokio::test]
async fn refuses_a_broken_chain(#[case] path: &str, #[case] field: &str, #[case] value: Value, #[case] code: ProblemCode) {
    let cluster = cluster();
    cluster.edit(path, |metadata| {
        if let Some(place) = metadata.pointer_mut(field) {
            *place = value;
        } else {
            metadata[field.trim_start_matches('/')] = value;
        }
    });
    assert_eq!(authenticate(&cluster, TOKEN).await, Err(code));
}

#[rstest]
#[case(POD, ProblemCode::Forbidden)]
#[case(SET, ProblemCode::Forbidden)]
#[case(DEPLOYMENT, ProblemCode::Forbidden)]
#[case(FUNCTION, ProblemCode::Gone)]
#[tokio::test]
async fn refuses_a_missing_link(#[case] path: &str, #[case] code: ProblemCode) {
    let cluster = cluster();
    cluster.remove(path);
    assert_eq!(authenticate(&cluster, TOKEN).await, Err(code));
}

#[rstest]
#[case::other_audience("anneal-agent", Err(ProblemCode::Unauthenticated))]
#[case::no_audience_at_all("none", Err(ProblemCode::Unauthenticated))]
#[tokio::test]
async fn refuses_tokens_for_others(#[case] audience: &str, #[case] expected: Result<Caller, ProblemCode>) {
    let cluster = cluster();
    cluster.token("t", audience, "system:serviceaccount:anneal:controller", None);
    assert_eq!(authenticate(&cluster, "t").await, expected);
}

#[rstest]
#[case::a_person("jane", Some(("hello-executor", "pod-uid-hello-executor")))]
#[case::no_pod("system:serviceaccount:shop:anneal-hello", None)]
#[case::a_pod_of_another_namespace("system:serviceaccount:bank:anneal-hello", Some(("hello-executor", "pod-uid-hello-executor")))]
#[tokio::test]
async fn refuses_tokens_of_no_pod(#[case] user: &str, #[case] pod: Option<(&str, &str)>) {
    let cluster = cluster();
    cluster.token("t", "anneal-depot", user, pod);
    assert_eq!(authenticate(&cluster, "t").await, Err(ProblemCode::Forbidden));
}

#[tokio::test]
async fn keeps_good_answers_for_a_while_and_bad_ones_never() {
    let cluster = cluster();
    let now = Arc::new(std::sync::atomic::AtomicI64::new(1000));
    let held = Arc::clone(&now);
    let clock = Clock::from_fn(move || Timestamp::from_second(held.load(std::sync::atomic::Ordering::SeqCst)).unwrap());
    let authenticator = authenticator(&cluster, clock);
    let reviews = || cluster.requests(&Method::POST, "tokenreviews").len();
    for _ in 0..2 {
        authenticator.authenticate(TOKEN).await.unwrap();
        assert!(authenticator.authenticate("nobody").await.is_err());
    }
    assert_eq!(reviews(), 3);
    cluster.set_down(true);
    assert!(authenticator.authenticate(TOKEN).await.is_ok());
    now.fetch_add(31, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(authenticator.authenticate(TOKEN).await.unwrap_err().code, ProblemCode::Unavailable);
}

#[rstest]
#[case("anneal/controller", true)]
#[case("controller", false)]
#[case("/controller", false)]
#[case("anneal/", false)]
#[case("a:b/c", false)]
#[case("a/b/c", false)]
fn reads_an_account(#[case] text: &str, #[case] good: bool) {
    assert_eq!(text.parse::<ServiceAccount>().is_ok(), good);
}
