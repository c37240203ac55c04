//! Who gets a certificate, for what name, and from which authorities.

use anneal_protocol::{
    depot::{CERTIFICATES_PATH, CertificateReply, CertificateRequest, GRANTS_PATH, Grant, GrantRequest, Readable},
    pod_server_name,
    problem::ProblemCode,
};
use anneal_tls::{Certificate, Identity, PrivateKey, testing::Site};
use rstest::rstest;
use serde_json::json;
use tokio::net::TcpListener;

use super::harness::{BUILD, CONTROLLER, EXECUTOR, Harness, RESOLVE};
use crate::{certificates::StoreAuthority, cluster::Cluster, tests::FakeCluster};

fn request(key: &PrivateKey) -> CertificateRequest {
    CertificateRequest {
        public_key: key.public().to_string(),
    }
}

async fn ask(depot: &Harness, token: &str, request: &CertificateRequest) -> Result<CertificateReply, ProblemCode> {
    depot.call(CERTIFICATES_PATH, token, request).await
}

#[tokio::test]
async fn an_executor_is_certified_as_its_own_pod_and_as_no_other() {
    let depot = Harness::new();
    depot.pass(anneal_tls::testing::now() - depot.depot.clock.now().as_second());
    let site = Site::default();
    depot.depot.certificates.held.set(site.authorities.clone());
    let key = PrivateKey::generate().unwrap();
    let reply = ask(&depot, EXECUTOR, &request(&key)).await.unwrap();
    assert_eq!(reply.renew_seconds, 16 * 3600);

    let identity = Identity::default();
    identity.show(Certificate::new(&key, &reply.chain).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bounds = anneal_tls::Bounds {
        connections: 8,
        headers: std::time::Duration::from_secs(30),
        life: std::time::Duration::from_secs(30),
        drain: std::time::Duration::ZERO,
    };
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(anneal_tls::serve(listener, axum::Router::new(), identity, bounds, stop));
    let config = anneal_tls::config(&site.authorities.bundle()).unwrap();
    let own = pod_server_name(&format!("pod-uid-{EXECUTOR}"));
    assert!(anneal_tls::connect(address, &own, config.clone()).await.is_ok());
    assert!(anneal_tls::connect(address, &pod_server_name("another"), config).await.is_err());
}

#[rstest]
#[case::nobody("nobody", ProblemCode::Unauthenticated)]
#[case::a_gateway("gateway-token", ProblemCode::Unauthenticated)]
#[case::the_controller(CONTROLLER, ProblemCode::Forbidden)]
#[case::a_build(BUILD, ProblemCode::Forbidden)]
#[case::a_resolve(RESOLVE, ProblemCode::Forbidden)]
#[tokio::test]
async fn whoever_is_no_proven_executor_gets_no_certificate(#[case] token: &str, #[case] code: ProblemCode) {
    let depot = Harness::new();
    let asked = ask(&depot, token, &request(&PrivateKey::generate().unwrap())).await;
    assert_eq!(asked, Err(code));
}

#[tokio::test]
async fn something_that_is_no_key_is_refused() {
    let depot = Harness::new();
    let public_key = "04".repeat(1000);
    let asked = ask(&depot, EXECUTOR, &CertificateRequest { public_key }).await;
    assert_eq!(asked, Err(ProblemCode::Invalid));
}

#[tokio::test]
async fn grants_of_the_depot_s_own_memory_name_its_authorities() {
    let depot = Harness::new();
    let object = Readable::Upload { key: "a.jar".into() };
    let grant: Grant = depot.call(GRANTS_PATH, RESOLVE, &GrantRequest::Get { object }).await.unwrap();
    assert_eq!(grant.ca, depot.depot.certificates.held.bundle());
    let mut certificates = depot.depot.certificates.clone();
    certificates.store = StoreAuthority::Public;
    assert_eq!(certificates.of_store(), None);
    certificates.store = StoreAuthority::Own("pem".to_owned());
    assert_eq!(certificates.of_store().as_deref(), Some("pem"));
}

#[tokio::test]
async fn the_authorities_are_those_of_the_secret_and_a_missing_one_is_waited_for() {
    let fake = FakeCluster::default();
    let cluster = Cluster::new(fake.client());
    assert_eq!(cluster.authorities("anneal").await.unwrap(), None);
    let authorities = Site::default().authorities;
    let data = k8s_openapi::ByteString(authorities.store().unwrap().into_bytes());
    let secret = |data| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "anneal-ca"}, "data": data});
    let path = "/api/v1/namespaces/anneal/secrets/anneal-ca";
    fake.put_object(path, secret(json!({"authorities.json": data})));
    assert_eq!(cluster.authorities("anneal").await.unwrap(), Some(authorities));
    fake.put_object(path, secret(json!({})));
    assert!(cluster.authorities("anneal").await.is_err());
}
