//! Memory that is lost: the status of a Function, and what a process has counted.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use anneal_api::v1alpha1::Stage;
use serde_json::json;

use crate::{
    climb,
    scenario::{DEPLOYMENTS, FUNCTION, JOBS, Scene},
};

#[tokio::test]
async fn a_lost_status_is_rebuilt_without_a_build_and_without_a_step_down() {
    let mut scene = Scene::new().await;
    climb(&scene).await;
    let before = scene.status();
    let (jobs, deployments) = (
        scene.apiserver.paths(&format!("{JOBS}/")),
        scene.apiserver.paths(&format!("{DEPLOYMENTS}/")),
    );
    scene.apiserver.change(FUNCTION, &json!({"status": null}));
    scene.restart();
    scene.acknowledge();
    scene.visit().await.expect("the visit succeeds");
    let traffic = scene.status().traffic;
    assert_eq!((traffic[0].stage, traffic[0].percent), (Stage::PgoOptimized, 100), "{traffic:?}");
    scene.settle().await;
    scene.acknowledge();
    scene.settle().await;
    let after = scene.status();
    assert_eq!(
        (after.stage, &after.stable, &after.revisions),
        (before.stage, &before.stable, &before.revisions)
    );
    assert_eq!((&after.artifacts, &after.previous), (&before.artifacts, &before.previous));
    assert_eq!(scene.apiserver.paths(&format!("{JOBS}/")), jobs);
    assert_eq!(scene.apiserver.paths(&format!("{DEPLOYMENTS}/")), deployments);
    let events = scene.apiserver.paths("/apis/events.k8s.io/");
    let rebuilt = events
        .iter()
        .filter_map(|path| scene.apiserver.get(path))
        .filter(|event| event["reason"] == "StatusRebuilt")
        .count();
    assert_eq!(rebuilt, 1);
}

/// What the gate says for which the tracer's window is waited.
fn tracing(scene: &Scene) -> String {
    let gate = scene.status().gates.into_iter().find(|gate| gate.name == "MetadataMerged");
    gate.expect("it is the next").message
}

#[tokio::test]
async fn what_was_counted_before_a_restart_is_still_known_after_it() {
    let mut scene = Scene::new().await;
    scene.counts().read().await.expect("it is read");
    scene.settle().await;
    scene.run();
    scene.settle().await;
    scene.run();
    scene.settle().await;
    let traced = scene.status().traffic.into_iter().find(|target| target.windows);
    let traced = traced.expect("the tracer has its share").deployment;
    scene.report(BTreeMap::from([(traced.clone(), 412)]));
    scene.now.fetch_add(61, Ordering::SeqCst);
    scene.visit().await.expect("the visit succeeds");
    assert!(tracing(&scene).contains("answered 412 requests"), "{}", tracing(&scene));
    scene.counts().write().await;
    scene.restart();
    scene.counts().read().await.expect("it is read");
    scene.report(BTreeMap::from([(traced.clone(), 412)]));
    scene.apiserver.take_writes();
    scene.visit().await.expect("the visit succeeds");
    assert_eq!(scene.apiserver.take_writes(), [], "a restart has nothing new to say");
    scene.report(BTreeMap::from([(traced, 500)]));
    scene.now.fetch_add(61, Ordering::SeqCst);
    scene.visit().await.expect("the visit succeeds");
    assert!(tracing(&scene).contains("answered 500 requests"), "{}", tracing(&scene));
}
