//! Whom the gateway believes, as the operator's ConfigMap says.

use anneal_testkit::Apiserver;
use anneal_tls::testing::Site;
use serde_json::json;
use tokio::{sync::watch, time::timeout};

use super::harness::PATIENCE;
use crate::trust;

const MAP: &str = "/api/v1/namespaces/anneal/configmaps/anneal-trust";

fn tell(apiserver: &Apiserver, bundle: &str) {
    apiserver.put(MAP, json!({"metadata": {"name": "anneal-trust"}, "data": {"ca.crt": bundle}}));
}

#[tokio::test(start_paused = true)]
async fn the_authorities_are_waited_for_followed_and_kept_through_an_outage() {
    let apiserver = Apiserver::default();
    let (known, mut trust) = watch::channel(None);
    let following = tokio::spawn(trust::follow(apiserver.client(), "anneal".to_owned(), known));
    assert!(timeout(PATIENCE, trust.changed()).await.is_err(), "nothing is there");

    let (first, second) = (Site::default().authorities.bundle(), Site::default().authorities.bundle());
    tell(&apiserver, &first);
    trust.changed().await.expect("it follows");
    assert!(trust.borrow_and_update().is_some());
    tell(&apiserver, &format!("{first}{second}"));
    trust.changed().await.expect("it follows");

    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        tell(&apiserver, broken);
        assert!(
            timeout(PATIENCE * 10, trust.changed()).await.is_err(),
            "{broken:?} is no reason to trust others"
        );
    }
    apiserver.remove(MAP);
    assert!(timeout(PATIENCE * 10, trust.changed()).await.is_err());
    assert!(trust.borrow().is_some());
    following.abort();
}
