//! Routes as they follow from Functions and slices.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use anneal_api::{names::LABEL_DEPLOYMENT, v1alpha1::Stage};
use rstest::rstest;
use serde_json::json;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::Instant,
};

use super::*;
use crate::tests::harness::{from_json, function, slice};

fn index() -> (Index, Arc<Routes>, UnboundedReceiver<Arc<Endpoint>>) {
    let (opened, windows) = unbounded_channel();
    let routes = Arc::new(Routes::default());
    (Index::new(Arc::clone(&routes), opened), routes, windows)
}

fn address(last: u8) -> SocketAddr {
    ([10, 0, 0, last], 8080).into()
}

/// (deployment's stage, percent, addresses of those that accept) of each target.
fn shape(routes: &Routes) -> Vec<(Stage, u32, Vec<SocketAddr>)> {
    let passage = routes.enter("hello.shop").expect("it is routed");
    let open = |target: &Target| {
        target
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.is_open(Instant::now()))
            .map(|endpoint| endpoint.id.address)
            .collect()
    };
    passage
        .route
        .targets
        .iter()
        .map(|target| (target.deployment.stage, target.percent, open(target)))
        .collect()
}

#[test]
fn a_route_joins_traffic_and_slices_in_whichever_order_they_come() {
    for functions_first in [true, false] {
        let (mut index, routes, _windows) = index();
        if functions_first {
            index.apply(&function("shop", "hello", 3, &[("hello-1", 90, false), ("hello-2", 10, false)]));
        }
        index.apply_slice(&slice("hello-1", 0, address(1), None, true));
        index.apply_slice(&slice("hello-1", 1, address(2), None, true));
        index.apply_slice(&slice("hello-2", 0, address(3), None, false));
        if !functions_first {
            index.apply(&function("shop", "hello", 3, &[("hello-1", 90, false), ("hello-2", 10, false)]));
        }
        assert_eq!(
            shape(&routes),
            [(Stage::Native, 90, vec![address(1), address(2)]), (Stage::Native, 10, vec![])]
        );
    }
}

#[test]
fn stable_serves_even_without_a_share() {
    let (mut index, routes, _windows) = index();
    let mut function = function("shop", "hello", 3, &[("hello-1", 100, false)]);
    let status = function.status.as_mut().expect("it has one");
    status.stable = Some(from_json(json!({"stage": "Hotspot", "buildKey": "ff", "deployment": "hello-0"})));
    index.apply(&function);
    index.apply_slice(&slice("hello-0", 0, address(1), None, true));
    assert_eq!(
        shape(&routes),
        [(Stage::Native, 100, vec![]), (Stage::Hotspot, 0, vec![address(1)])]
    );
    let passage = routes.enter("hello.shop").expect("it is routed");
    let (deployment, lease) = passage.route.lease(Some(0), &[], Instant::now()).expect("stable takes it");
    assert_eq!((deployment.stage, lease.endpoint().id.address), (Stage::Hotspot, address(1)));
}

#[test]
fn without_stable_any_executor_serves_rather_than_none() {
    let (mut index, routes, _windows) = index();
    let mut function = function("shop", "hello", 1, &[("hello-1", 50, false), ("hello-2", 50, false)]);
    function.status.as_mut().expect("it has one").stable = None;
    index.apply(&function);
    index.apply_slice(&slice("hello-2", 0, address(2), None, true));
    let passage = routes.enter("hello.shop").expect("it is routed");
    assert!(passage.route.lease(Some(0), &[], Instant::now()).is_some());
}

#[test]
fn functions_of_one_name_in_two_namespaces_do_not_meet() {
    let (mut index, routes, _windows) = index();
    index.apply(&function("shop", "hello", 1, &[("hello-1", 100, false)]));
    index.apply(&function("bank", "hello", 1, &[("hello-1", 100, false)]));
    index.apply_slice(&slice("hello-1", 0, address(1), None, true));
    assert!(routes.enter("hello.shop").expect("it is routed").route.is_open(Instant::now()));
    assert!(!routes.enter("hello.bank").expect("it is routed").route.is_open(Instant::now()));
}

#[test]
fn an_unchanged_function_keeps_its_split_and_its_endpoints() {
    let (mut index, routes, _windows) = index();
    index.apply_slice(&slice("hello-1", 0, address(1), None, true));
    let mut object = function("shop", "hello", 1, &[("hello-1", 100, false)]);
    index.apply(&object);
    let before = Arc::clone(&routes.enter("hello.shop").expect("it is routed").route);
    object.status.as_mut().expect("it has one").next = Some("something else".into());
    index.apply(&object);
    assert!(Arc::ptr_eq(&before, &routes.enter("hello.shop").expect("it is routed").route));
    index.apply_slice(&slice("hello-1", 1, address(2), None, true));
    let after = Arc::clone(&routes.enter("hello.shop").expect("it is routed").route);
    assert!(Arc::ptr_eq(&before.split, &after.split) && Arc::ptr_eq(&before.generation, &after.generation));
    assert!(Arc::ptr_eq(&before.targets[0].endpoints[0], &after.targets[0].endpoints[0]));
    assert!(Arc::ptr_eq(&before.targets[0].deployment, &after.targets[0].deployment));
}

#[test]
fn a_function_that_was_made_anew_counts_from_zero() {
    let (mut index, routes, _windows) = index();
    let mut object = function("shop", "hello", 5, &[("hello-1", 100, false)]);
    index.apply(&object);
    object.metadata.uid = Some("another".into());
    object.status = None;
    index.apply(&object);
    let reports = routes.reports();
    assert_eq!(
        (
            reports.len(),
            reports[0].function.uid.as_str(),
            reports[0].generation,
            reports[0].deployments.len()
        ),
        (1, "another", 0, 0)
    );
}

#[test]
fn a_deployment_that_left_the_traffic_is_still_reported() {
    let (mut index, routes, _windows) = index();
    index.apply(&function("shop", "hello", 1, &[("hello-1", 100, false)]));
    index.apply(&function("shop", "hello", 2, &[("hello-2", 100, false)]));
    let reports = routes.reports();
    assert_eq!(
        (
            reports[0].generation,
            reports[0].deployments.keys().map(String::as_str).collect::<Vec<_>>()
        ),
        (2, vec!["hello-1", "hello-2"])
    );
}

#[test]
fn a_list_removes_what_it_does_not_show_within_its_scope() {
    let (mut index, routes, _windows) = index();
    for (namespace, name) in [("shop", "hello"), ("shop", "other"), ("bank", "hello")] {
        index.apply(&function(namespace, name, 1, &[]));
    }
    index.apply_slice(&slice("hello-1", 0, address(1), None, true));
    index.apply_slice(&slice("hello-1", 1, address(2), None, true));
    index.apply(&function("shop", "hello", 1, &[("hello-1", 100, false)]));
    index.retain(Some("shop"), &HashSet::from([("shop".into(), "hello".into())]));
    assert!(routes.enter("hello.shop").is_some() && routes.enter("other.shop").is_none() && routes.enter("hello.bank").is_some());
    index.retain_slices(Some("bank"), &HashSet::new());
    assert_eq!(shape(&routes)[0].2, [address(1), address(2)]);
    index.retain_slices(None, &HashSet::from([("shop".into(), "hello-1-1".into())]));
    assert_eq!(shape(&routes)[0].2, [address(2)]);
    index.retain(None, &HashSet::new());
    assert_eq!(routes.count(), 0);
}

#[rstest]
#[case(Some(false), Some(true), Some(false), false)]
#[case(Some(true), Some(true), Some(true), false)]
#[case(Some(true), Some(false), Some(false), false)]
#[case(Some(true), Some(true), Some(false), true)]
#[case(None, None, None, true)]
fn only_ready_endpoints_that_stay_are_used(
    #[case] ready: Option<bool>,
    #[case] serving: Option<bool>,
    #[case] terminating: Option<bool>,
    #[case] used: bool,
) {
    let (mut index, routes, _windows) = index();
    index.apply(&function("shop", "hello", 1, &[("hello-1", 100, false)]));
    let mut listed = slice("hello-1", 0, address(1), None, true);
    listed.endpoints[0].conditions = Some(from_json(json!({"ready": ready, "serving": serving, "terminating": terminating})));
    index.apply_slice(&listed);
    assert_eq!(!shape(&routes)[0].2.is_empty(), used);
}

#[rstest]
#[case("169.254.169.254")]
#[case("::ffff:169.254.169.254")]
#[case("fe80::1")]
#[case("0.0.0.0")]
#[case("224.0.0.1")]
#[case("255.255.255.255")]
#[case("not-an-address")]
fn addresses_that_no_pod_can_have_are_left_out(#[case] forged: &str) {
    let (mut index, routes, _windows) = index();
    index.apply(&function("shop", "hello", 1, &[("hello-1", 100, false)]));
    let mut listed = slice("hello-1", 0, address(1), None, true);
    listed.endpoints[0].addresses = vec![forged.into()];
    index.apply_slice(&listed);
    assert!(shape(&routes)[0].2.is_empty());
}

#[test]
fn a_slice_that_changes_its_deployment_leaves_the_old_one() {
    let (mut index, routes, _windows) = index();
    index.apply(&function("shop", "hello", 1, &[("hello-1", 50, false), ("hello-2", 50, false)]));
    let mut listed = slice("hello-1", 0, address(1), None, true);
    index.apply_slice(&listed);
    listed
        .metadata
        .labels
        .as_mut()
        .expect("it has some")
        .insert(LABEL_DEPLOYMENT.into(), "hello-2".into());
    index.apply_slice(&listed);
    assert_eq!(
        shape(&routes).into_iter().map(|(_, _, open)| open).collect::<Vec<_>>(),
        [vec![], vec![address(1)]]
    );
}

#[rstest]
#[case(true, false)]
#[case(false, true)]
#[case(true, true)]
fn reports_to_an_agent_begin_once_whoever_says_that_it_has_windows(#[case] label: bool, #[case] traffic: bool) {
    let (mut index, routes, mut windows) = index();
    let agent = label.then(|| SocketAddr::from(([10, 0, 0, 1], 9901)));
    index.apply_slice(&slice("hello-1", 0, address(1), agent, true));
    index.apply(&function("shop", "hello", 1, &[("hello-1", 100, traffic)]));
    index.apply_slice(&slice("hello-1", 0, address(1), agent, true));
    assert_eq!(
        windows.try_recv().map(|endpoint| endpoint.agent).ok(),
        Some(([10, 0, 0, 1], 9901).into())
    );
    assert!(windows.try_recv().is_err());
    assert!(shape(&routes)[0].2.is_empty(), "nothing was heard of the agent yet");
}

#[test]
fn an_executor_that_left_takes_nothing_more_from_routes_that_still_name_it() {
    let (mut index, routes, _windows) = index();
    index.apply(&function("shop", "hello", 1, &[("hello-1", 100, false)]));
    let listed = slice("hello-1", 0, address(1), None, true);
    index.apply_slice(&listed);
    let old = routes.enter("hello.shop").expect("it is routed");
    index.remove_slice(&listed);
    assert!(old.route.lease(Some(0), &[], Instant::now()).is_none());
}
