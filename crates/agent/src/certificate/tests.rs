//! How an agent comes to its certificate, and keeps it.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use anneal_protocol::problem::ProblemCode;
use anneal_tls::Identity;
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

use super::{keep, renew, wait};
use crate::{
    control,
    depot::tests::some_work,
    testing::{Backend, Fault, Pod, soon},
};

#[tokio::test]
async fn each_certificate_is_for_a_new_key_and_is_kept_for_the_pod_alone() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let (depot, file, identity) = (
        pod.transfer().depot().clone(),
        pod.settings.workspace.certificate(),
        Identity::default(),
    );
    assert_eq!(renew(&depot, &file, &identity).await.unwrap(), 57_600);
    renew(&depot, &file, &identity).await.unwrap();
    let keys = backend.facts().keys.clone();
    assert!(keys.len() == 2 && keys[0] != keys[1]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_depot_that_is_away_is_asked_until_it_answers() {
    let backend = Backend::start().await;
    let faults = std::iter::repeat_n(Fault::Refuse(ProblemCode::Unavailable), 10);
    backend.facts().certificate_faults.extend(faults);
    let pod = Pod::new(&backend, some_work());
    let identity = Identity::default();
    let keeping = keep(
        pod.transfer().depot().clone(),
        pod.settings.workspace.certificate(),
        identity.clone(),
    );
    let keeping = tokio::spawn(keeping);
    soon(identity.known()).await;
    assert!(backend.facts().certificate_faults.is_empty());
    keeping.abort();
}

#[tokio::test]
async fn a_container_that_starts_again_is_ready_without_the_depot() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let (depot, file) = (pod.transfer().depot().clone(), pod.settings.workspace.certificate());
    renew(&depot, &file, &Identity::default()).await.unwrap();
    let faults = std::iter::repeat_n(Fault::Refuse(ProblemCode::Unavailable), 10_000);
    backend.facts().certificate_faults.extend(faults);

    let identity = Identity::default();
    let keeping = tokio::spawn(keep(depot, file, identity.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let routes = axum::Router::new().fallback(async || "here");
    tokio::spawn(control::serve(listener, routes, identity.clone()));
    soon(identity.known()).await;
    let answer = backend.client().get(url).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "here");
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_replaced_when_its_time_has_come_or_when_other_authorities_are_believed() {
    let backend = Backend::start().await;
    let pod = Pod::new(&backend, some_work());
    let (depot, began) = (pod.transfer().depot().clone(), Instant::now());
    wait(&depot, Duration::from_secs(57_600)).await;
    assert!(began.elapsed() >= Duration::from_secs(57_600));

    let began = Instant::now();
    let change = async {
        sleep(Duration::from_secs(90)).await;
        std::fs::write(&pod.settings.authorities_file, "others").unwrap();
    };
    tokio::join!(wait(&depot, Duration::from_secs(57_600)), change);
    assert!(began.elapsed() < Duration::from_secs(300));
}

#[tokio::test]
async fn nothing_is_asked_for_a_function_that_is_gone() {
    let backend = Backend::start().await;
    backend.facts().certificate_faults.push_back(Fault::Refuse(ProblemCode::Gone));
    let pod = Pod::new(&backend, some_work());
    let file = pod.settings.workspace.certificate();
    soon(keep(pod.transfer().depot().clone(), file, Identity::default())).await;
    assert!(backend.facts().keys.is_empty());
}
