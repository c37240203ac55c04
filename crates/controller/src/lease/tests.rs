//! At most one leads, and nobody waits longer than the lease lasts. Time is the test's.

use anneal_testkit::{Apiserver, Fault};
use tokio::time::{advance, timeout};

use super::*;

const PATH: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/anneal-controller";

fn candidate(apiserver: &Apiserver, holder: &str) -> (Candidate, Leadership) {
    let leadership = Leadership::default();
    (
        Candidate::new(apiserver.client(), "kube-system", holder, leadership.clone()),
        leadership,
    )
}

fn holder_of(apiserver: &Apiserver) -> Option<String> {
    Some(apiserver.get(PATH)?["spec"]["holderIdentity"].as_str()?.to_owned())
}

#[tokio::test(start_paused = true)]
async fn the_second_waits_until_the_first_gives_it_back() {
    let apiserver = Apiserver::default();
    let (mut first, leads) = candidate(&apiserver, "a");
    first.acquire().await;
    assert!(leads.holds());
    let (mut second, waits) = candidate(&apiserver, "b");
    assert!(timeout(Duration::from_secs(5), second.acquire()).await.is_err());
    assert!(!waits.holds());
    first.release().await;
    assert!(!leads.holds());
    timeout(Duration::from_secs(5), second.acquire()).await.expect("it is free");
    assert_eq!(holder_of(&apiserver).as_deref(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn a_dead_leader_is_followed_when_its_lease_has_not_changed_for_its_whole_duration() {
    let apiserver = Apiserver::default();
    candidate(&apiserver, "a").0.acquire().await;
    let (mut second, _) = candidate(&apiserver, "b");
    let started = Instant::now();
    timeout(Duration::from_secs(60), second.acquire())
        .await
        .expect("the lease runs out");
    assert!(
        started.elapsed() > DURATION && started.elapsed() <= DURATION + 2 * RETRY,
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_renews_is_never_replaced() {
    let apiserver = Apiserver::default();
    let (mut first, leads) = candidate(&apiserver, "a");
    let lease = first.acquire().await;
    let (mut second, _) = candidate(&apiserver, "b");
    tokio::select! {
        error = first.hold(lease) => panic!("{error}"),
        _ = second.acquire() => panic!("two lead"),
        () = sleep(Duration::from_secs(120)) => {}
    }
    assert!(leads.holds());
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_renew_ends_before_anybody_else_may_lead() {
    let apiserver = Apiserver::default();
    let (mut first, leads) = candidate(&apiserver, "a");
    let lease = first.acquire().await;
    apiserver.set_fault(Some(Fault::DeadBefore(0)));
    let started = Instant::now();
    let ended = timeout(Duration::from_secs(60), first.hold(lease)).await.expect("it ends");
    assert!(
        matches!(ended, Error::Lost) && started.elapsed() <= RENEW_DEADLINE + Duration::from_millis(1),
        "{:?}",
        started.elapsed()
    );
    assert!(!leads.holds());
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_lease_is_taken_ends() {
    let apiserver = Apiserver::default();
    let (mut first, _) = candidate(&apiserver, "a");
    let lease = first.acquire().await;
    apiserver.change(PATH, &serde_json::json!({"spec": {"holderIdentity": "b"}}));
    let ended = timeout(Duration::from_secs(10), first.hold(lease))
        .await
        .expect("it ends at the next renewal");
    assert!(matches!(ended, Error::Lost));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_too_long_does_not_lead_when_it_wakes() {
    let apiserver = Apiserver::default();
    let (mut first, leads) = candidate(&apiserver, "a");
    first.acquire().await;
    advance(RENEW_DEADLINE + Duration::from_millis(1)).await;
    assert!(!leads.holds());
}

#[tokio::test(start_paused = true)]
async fn one_renewal_that_fails_is_tried_again_in_time() {
    let apiserver = Apiserver::default();
    let (mut first, leads) = candidate(&apiserver, "a");
    let lease = first.acquire().await;
    apiserver.set_fault(Some(Fault::LostReply(0)));
    let ended = timeout(Duration::from_secs(30), first.hold(lease)).await;
    assert!(ended.is_err() && leads.holds());
}

#[test]
fn a_write_that_began_in_time_has_ended_before_anybody_else_may_lead() {
    assert!(RENEW_DEADLINE + crate::guard::WRITE_DEADLINE < DURATION);
    assert!(PAUSE + CALL + RETRY + CALL < RENEW_DEADLINE, "one slow answer costs no leadership");
}
