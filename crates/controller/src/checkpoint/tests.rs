//! Restarts of the controller and of gateways in every order, against an apiserver in memory.

use std::sync::{Arc, atomic::AtomicBool};

use anneal_testkit::{Apiserver, Fault};
use kube::{
    core::PartialObjectMeta,
    runtime::{reflector, watcher},
};

use super::*;
use crate::{ledger::tests::report, reports::Registry, watch::GatewayPods};

const DEPLOYMENT: &str = "f-0000000000";
const MAPS: &str = "/api/v1/namespaces/anneal-system/configmaps";

/// A controller that leads, in front of gateways of these names.
fn controller(apiserver: &Apiserver, gateways: &[&str]) -> Checkpoint {
    let (store, mut writer) = reflector::store();
    for gateway in gateways {
        let pod: PartialObjectMeta<k8s_openapi::api::core::v1::Pod> =
            serde_json::from_value(json!({"metadata": {"name": gateway, "namespace": "anneal-system"}})).expect("metadata");
        writer.apply_watcher_event(&watcher::Event::Apply(pod));
    }
    let pods = GatewayPods {
        store,
        listed: Arc::new(AtomicBool::new(true)),
    };
    let registry = Registry::default();
    Checkpoint::new(apiserver.client(), "anneal-system", Gateways { pods, registry })
}

impl Checkpoint {
    fn visit(&self, uid: &str) {
        self.ledger().visit(uid, [DEPLOYMENT.to_owned()].iter(), Instant::now());
    }

    fn hear(&self, uid: &str, boot: &str, answered: u64) {
        self.gateways
            .registry
            .take(report(uid, boot, &[(DEPLOYMENT, answered)]), Instant::now());
    }

    fn total(&self, uid: &str) -> u64 {
        self.ledger().requests(uid).unwrap_or_default().values().sum()
    }
}

/// A controller that takes over.
async fn successor(apiserver: &Apiserver) -> Checkpoint {
    let controller = controller(apiserver, &["gateway of a"]);
    controller.read().await.expect("it is read");
    controller.visit("u");
    controller
}

#[tokio::test]
async fn a_controller_that_is_restarted_takes_what_was_counted_meanwhile() {
    let apiserver = Apiserver::default();
    let first = successor(&apiserver).await;
    first.hear("u", "a", 10);
    first.write().await;
    first.hear("u", "a", 15);
    let second = successor(&apiserver).await;
    assert_eq!(second.total("u"), 10);
    second.hear("u", "a", 20);
    assert_eq!(second.total("u"), 20);
}

#[tokio::test]
async fn a_gateway_that_is_restarted_begins_from_zero_and_its_past_stays() {
    let apiserver = Apiserver::default();
    let controller = successor(&apiserver).await;
    controller.hear("u", "a", 10);
    controller.hear("u", "b", 3);
    controller.write().await;
    controller.hear("u", "b", 4);
    assert_eq!(controller.total("u"), 14);
}

#[tokio::test]
async fn both_restarted_lose_no_more_than_what_was_not_written() {
    let apiserver = Apiserver::default();
    let first = successor(&apiserver).await;
    first.hear("u", "a", 10);
    first.write().await;
    first.hear("u", "a", 15);
    for order in ["the gateway first", "the controller first"] {
        let second = successor(&apiserver).await;
        if order == "the controller first" {
            second.hear("u", "a", 16);
            assert_eq!(second.total("u"), 16, "{order}");
        }
        let before = second.total("u");
        second.hear("u", "b", 2);
        assert_eq!(second.total("u"), before + 2, "{order}");
    }
}

#[tokio::test]
async fn a_restart_on_a_restart_counts_nothing_twice() {
    let apiserver = Apiserver::default();
    for answered in [10, 20, 30] {
        let controller = successor(&apiserver).await;
        controller.hear("u", "a", answered);
        controller.write().await;
        assert_eq!(controller.total("u"), answered);
    }
}

#[tokio::test]
async fn idle_functions_cost_no_write_and_busy_ones_one_for_all() {
    let apiserver = Apiserver::default();
    let controller = successor(&apiserver).await;
    for number in 0..100 {
        controller.visit(&format!("u{number}"));
        controller.hear(&format!("u{number}"), "a", 5);
    }
    controller.write().await;
    assert_eq!(apiserver.take_writes().len(), 1);
    for number in 0..100 {
        controller.visit(&format!("u{number}"));
        controller.hear(&format!("u{number}"), "a", 5);
    }
    controller.write().await;
    assert_eq!(apiserver.take_writes(), []);
}

#[tokio::test]
async fn a_function_that_is_deleted_leaves_the_checkpoint() {
    let apiserver = Apiserver::default();
    let controller = successor(&apiserver).await;
    controller.visit("v");
    controller.hear("u", "a", 5);
    controller.hear("v", "a", 5);
    controller.write().await;
    controller.ledger().forget("u");
    controller.write().await;
    let map = apiserver.get(&format!("{MAPS}/anneal-counts-0")).expect("it is kept");
    let left: Vec<&String> = map["data"].as_object().expect("data").keys().collect();
    assert_eq!(left, ["v"]);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_the_next_time() {
    let apiserver = Apiserver::default();
    let controller = successor(&apiserver).await;
    controller.hear("u", "a", 5);
    apiserver.set_fault(Some(Fault::Conflict(0)));
    controller.write().await;
    apiserver.set_fault(None);
    controller.write().await;
    assert_eq!(successor(&apiserver).await.total("u"), 5);
}

#[tokio::test]
async fn boots_are_forgotten_only_when_every_gateway_has_said_which_it_is() {
    let apiserver = Apiserver::default();
    let controller = controller(&apiserver, &["gateway of b", "gateway of c"]);
    controller.read().await.expect("it is read");
    controller.visit("u");
    controller.hear("u", "a", 5);
    controller.write().await;
    let marks = |number: usize| {
        let map = apiserver.get(&format!("{MAPS}/anneal-counts-{number}")).expect("it is kept");
        map["data"]["u"].as_str().expect("counts").to_owned()
    };
    let successor = self::controller(&apiserver, &["gateway of b", "gateway of c"]);
    successor.read().await.expect("it is read");
    successor.visit("u");
    successor.hear("u", "b", 1);
    successor.write().await;
    assert!(marks(0).contains(r#""a":[5]"#), "one gateway may still be the boot a: {}", marks(0));
    successor.hear("u", "c", 1);
    successor.write().await;
    assert_eq!(marks(0), r#"{"f-0000000000":{"total":[7],"marks":{"b":[1],"c":[1]}}}"#);
}

#[tokio::test(start_paused = true)]
async fn it_is_written_at_most_once_a_minute() {
    let apiserver = Apiserver::default();
    let controller = successor(&apiserver).await;
    let written = async {
        controller.visit("u");
        let mut writes = 0;
        for answered in 1..=180 {
            controller.hear("u", "a", answered);
            sleep(Duration::from_secs(1)).await;
            writes += apiserver.take_writes().len();
        }
        writes
    };
    let writes = tokio::select! {
        () = controller.run() => unreachable!("it runs for ever"),
        written = written => written,
    };
    assert!((2..=3).contains(&writes), "{writes} writes in three minutes");
}
