//! An executable lacks something: what is written, and that nothing is made that was made before.

use anneal_api::v1alpha1::Stage;
use anneal_protocol::facts::MetadataFacts;

use super::{
    climbed,
    scenario::{DEPLOYMENTS, Scene, digest},
};

fn metadata(text: &[u8], windows: u64, missing: u64) -> MetadataFacts {
    MetadataFacts {
        digest: digest(text),
        windows,
        missing,
    }
}

fn events(scene: &Scene, reason: &str) -> usize {
    let events = scene.apiserver.paths("/apis/events.k8s.io/");
    let of = |path: &String| scene.apiserver.get(path).is_some_and(|event| event["reason"] == reason);
    events.iter().filter(|path| of(path)).count()
}

fn main_stage(scene: &Scene) -> Option<Stage> {
    let status = scene.status();
    status.traffic.iter().find(|target| !target.windows).map(|target| target.stage)
}

#[tokio::test]
async fn the_jvm_comes_back_and_the_ladder_is_climbed_again() {
    let scene = climbed().await;
    scene.merge(metadata(b"and what was missing", 1, 1));
    scene.settle().await;
    let status = scene.status();
    let retraces: Vec<_> = status
        .revisions
        .iter()
        .map(|revision| revision.retrace.as_ref().map(|retrace| retrace.times))
        .collect();
    assert_eq!(retraces, [None, Some(1)]);
    assert_eq!(main_stage(&scene), Some(Stage::PgoOptimized), "until the JVM is ready");
    assert_eq!(events(&scene, "MissingRegistration"), 1);

    scene.run();
    scene.settle().await;
    assert_eq!(main_stage(&scene), Some(Stage::Hotspot));
    scene.go_on().await;
    assert_eq!(scene.status().stage, Some(Stage::HotspotAgent), "the tracer's window has not ended");

    scene.merge(metadata(b"and what the tracer saw", 2, 1));
    for _ in 0..7 {
        scene.go_on().await;
    }
    let status = scene.status();
    assert_eq!(
        (status.stage, main_stage(&scene)),
        (Some(Stage::PgoOptimized), Some(Stage::PgoOptimized))
    );
    let newest = status.revisions.last().expect("there are two");
    assert_eq!(
        (newest.number, newest.metadata.as_deref()),
        (2, Some(&*digest(b"and what the tracer saw")))
    );
    let deployments = scene.apiserver.paths(&format!("{DEPLOYMENTS}/"));
    assert_eq!(deployments.len(), 2, "what serves, and what served before: {deployments:?}");
}
