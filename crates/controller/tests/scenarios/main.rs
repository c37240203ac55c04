//! Whole visits against an apiserver in memory: what is written, when, and what a crash or a fault at any write leaves behind.

mod depot;
mod losses;
mod retracing;
mod scenario;

use anneal_api::v1alpha1::Stage;
use anneal_testkit::Fault;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use scenario::{DEPLOYMENTS, FUNCTION, JOBS, PODS, SERVICES, Scene, TRUST};

async fn climbed() -> Scene {
    let scene = Scene::new().await;
    climb(&scene).await;
    scene
}

/// Where the Deployment of the optimized executors is.
fn optimized(scene: &Scene) -> String {
    let mut paths = scene.apiserver.paths(&format!("{DEPLOYMENTS}/")).into_iter();
    let is_optimized = |path: &String| {
        let deployment = scene.apiserver.get(path);
        deployment.is_some_and(|deployment| deployment["metadata"]["labels"]["anneal.dev/stage"] == "o")
    };
    paths.find(is_optimized).expect("the optimized executors")
}

/// What a process does that meets a fault.
enum Faulty {
    /// The process ends with it, and another goes on without the fault.
    Dies,
    /// It goes on.
    Lives,
}

/// Some turns of visits, of which some fail.
async fn turns(scene: &mut Scene, turns: usize, faulty: &Faulty) {
    for _ in 0..turns {
        for step in [Scene::run as fn(&Scene), Scene::collect, Scene::acknowledge] {
            for _ in 0..3 {
                if scene.visit().await.is_err() && matches!(faulty, Faulty::Dies) {
                    scene.apiserver.set_fault(None);
                    scene.restart();
                }
            }
            step(scene);
        }
    }
    scene.apiserver.set_fault(None);
    for _ in 0..4 {
        scene.go_on().await;
    }
}

async fn climb(scene: &Scene) {
    for _ in 0..7 {
        scene.go_on().await;
    }
    assert_eq!(scene.status().stage, Some(Stage::PgoOptimized), "{:?}", scene.status().next);
}

fn assert_same(scene: &Scene, reference: &[(String, Value)], what: &str) {
    let state = end_state(scene);
    let names = |state: &[(String, Value)]| state.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(names(&state), names(reference), "{what}");
    for (one, other) in state.iter().zip(reference) {
        assert_eq!(one, other, "{what}");
    }
}

/// What is left, without what differs between two ways to it.
fn end_state(scene: &Scene) -> Vec<(String, Value)> {
    let status = scene.status();
    let decisions = json!([
        status.stage,
        status.stable,
        status.previous,
        status.traffic,
        status.artifacts.len(),
        status.revisions
    ]);
    let mut state = vec![(FUNCTION.to_owned(), decisions)];
    for path in scene.apiserver.paths("/") {
        if path == FUNCTION || path.contains("/events/") || path.contains("/pods/") {
            continue;
        }
        let object = scene.apiserver.get(&path).expect("it is there");
        state.push((
            path,
            json!([object["spec"], object["metadata"]["labels"], object["metadata"]["ownerReferences"]]),
        ));
    }
    state
}

#[tokio::test]
async fn climbs_to_the_target_and_then_writes_nothing() {
    let mut scene = climbed().await;
    assert_eq!(scene.condition("Ready"), ("True".to_owned(), "Serving".to_owned()));
    assert_eq!(scene.condition("Optimized"), ("True".to_owned(), "TargetReached".to_owned()));
    let traffic = scene.status().traffic;
    assert_eq!((traffic.len(), traffic[0].percent, traffic[0].stage), (1, 100, Stage::PgoOptimized));
    for _ in 0..3 {
        scene.visit().await.expect("the visit succeeds");
    }
    assert_eq!(scene.apiserver.take_writes(), []);
    scene.restart();
    scene.acknowledge();
    scene.visit().await.expect("the visit succeeds");
    assert_eq!(scene.apiserver.take_writes(), [], "a restart writes nothing");
}

#[tokio::test]
async fn a_transition_costs_at_most_five_writes_beside_making_and_removing_children() {
    let scene = Scene::new().await;
    let mut writes = Vec::new();
    for _ in 0..7 {
        for step in [Scene::run as fn(&Scene), Scene::collect, Scene::acknowledge] {
            for _ in 0..4 {
                scene.visit().await.expect("the visit succeeds");
            }
            writes.extend(scene.apiserver.take_writes());
            step(&scene);
        }
    }
    assert_eq!(scene.status().stage, Some(Stage::PgoOptimized));
    let patches = writes.iter().filter(|write| write.method == "PATCH").count();
    let transitions = scene.status().history.len();
    assert!(transitions == 5 && patches <= 5 * transitions, "{patches} patches: {writes:#?}");
}

#[tokio::test]
async fn sets_the_finalizer_before_it_makes_anything() {
    let scene = Scene::new().await;
    scene.visit().await.expect("the visit succeeds");
    let writes = scene.apiserver.take_writes();
    assert_eq!((writes[0].method.as_str(), writes[0].path.as_str()), ("PATCH", FUNCTION));
    assert!(
        writes[1].path.ends_with("/shop/configmaps"),
        "no pod is made that could not know its depot: {writes:#?}"
    );
    assert_eq!(scene.function()["metadata"]["finalizers"], json!(["anneal.dev/store"]));
    assert_eq!(scene.status().conditions.len(), 7);
    assert_eq!(scene.condition("SourceResolved"), ("False".to_owned(), "Resolving".to_owned()));
}

#[tokio::test]
async fn a_deployment_is_made_empty_and_scaled_by_its_own_manager() {
    let scene = Scene::new().await;
    scene.settle().await;
    scene.run();
    scene.visit().await.expect("the visit succeeds");
    scene.apiserver.take_writes();
    scene.visit().await.expect("the visit succeeds");
    let writes = scene.apiserver.take_writes();
    let made = writes
        .iter()
        .filter(|write| write.method == "POST" && write.path == DEPLOYMENTS)
        .count();
    let scaled = writes.iter().filter(|write| write.path.ends_with("/scale")).count();
    assert_eq!((made, scaled), (2, 2), "{writes:#?}");
}

#[tokio::test]
async fn a_reply_that_is_lost_makes_nothing_twice() {
    let reference = end_state(&climbed().await);
    for lost in 0..24 {
        let scene = Scene::new().await;
        scene.apiserver.set_fault(Some(Fault::LostReply(lost)));
        for _ in 0..6 {
            // The visit that meets the fault fails; the next ones do not.
            drop(scene.visit().await);
        }
        scene.apiserver.set_fault(None);
        for _ in 0..7 {
            scene.go_on().await;
        }
        assert_same(&scene, &reference, &format!("after write {lost}"));
    }
}

#[tokio::test]
async fn a_crash_before_or_after_any_write_leads_to_the_same_end() {
    let reference = end_state(&climbed().await);
    for kill in 0..60 {
        for fault in [Fault::DeadBefore(kill), Fault::DeadAfter(kill)] {
            let mut scene = Scene::new().await;
            scene.apiserver.set_fault(Some(fault));
            turns(&mut scene, 7, &Faulty::Dies).await;
            assert_same(&scene, &reference, &format!("{fault:?}"));
        }
    }
}

#[tokio::test]
async fn a_conflict_at_any_write_is_tried_again() {
    let reference = end_state(&climbed().await);
    for at in 0..40 {
        let mut scene = Scene::new().await;
        scene.apiserver.set_fault(Some(Fault::Conflict(at)));
        turns(&mut scene, 8, &Faulty::Lives).await;
        assert_same(&scene, &reference, &format!("at write {at}"));
    }
}

#[tokio::test]
async fn a_service_of_somebody_else_is_left_alone_and_named() {
    let scene = Scene::new().await;
    let path = format!("{SERVICES}/hello");
    scene.apiserver.put(
        &path,
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hello", "namespace": "shop"}, "spec": {"type": "ClusterIP"}}),
    );
    assert!(scene.visit().await.is_err());
    assert_eq!(scene.condition("Ready"), ("False".to_owned(), "NameTaken".to_owned()));
    assert_eq!(scene.condition("Stalled"), ("True".to_owned(), "NameTaken".to_owned()));
    assert_eq!(scene.apiserver.get(&path).expect("it is there")["spec"]["type"], "ClusterIP");
    assert_eq!(scene.apiserver.paths(&format!("{JOBS}/")).len(), 1, "the rest goes on");
    scene.apiserver.remove(&path);
    scene.settle().await;
    assert_eq!(scene.condition("Stalled").0, "False");
}

#[tokio::test]
async fn drift_is_brought_back_and_replicas_are_never_sent_with_it() {
    let scene = climbed().await;
    let path = optimized(&scene);
    let before = scene.apiserver.get(&path).expect("it is there");
    scene.apiserver.change(
        &path,
        &json!({"spec": {"template": {"spec": {"serviceAccountName": "somebody-else"}}}}),
    );
    scene.settle().await;
    let after = scene.apiserver.get(&path).expect("it is there");
    assert_eq!(
        (&after["spec"], &after["metadata"]["uid"]),
        (&before["spec"], &before["metadata"]["uid"])
    );
}

#[tokio::test]
async fn what_others_add_to_a_child_is_left_alone_and_costs_no_write() {
    let scene = climbed().await;
    let path = optimized(&scene);
    let mut changed = scene.apiserver.get(&path).expect("it is there");
    changed["metadata"]["labels"]["team"] = json!("theirs");
    changed["spec"]["template"]["metadata"]["labels"]["team"] = json!("theirs");
    let env = changed["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut();
    env.expect("an environment").insert(0, json!({"name": "THEIRS", "value": "1"}));
    scene.apiserver.put(&path, changed);
    scene.apiserver.take_writes();
    for _ in 0..3 {
        scene.visit().await.expect("the visit succeeds");
    }
    assert_eq!(scene.apiserver.take_writes(), []);
    let mut changed = scene.apiserver.get(&path).expect("it is there");
    let variable = &mut changed["spec"]["template"]["spec"]["containers"][0]["env"][2];
    assert_eq!(variable["name"], "ANNEAL_POD_NAME");
    variable["valueFrom"] = json!({"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}});
    scene.apiserver.put(&path, changed);
    scene.visit().await.expect("the visit succeeds");
    assert_eq!(scene.apiserver.take_writes().len(), 1, "ours is brought back");
}

#[tokio::test]
async fn what_an_earlier_function_of_the_name_left_is_waited_for() {
    let scene = Scene::new().await;
    let path = format!("{SERVICES}/hello");
    let owner = json!({"apiVersion": "anneal.dev/v1alpha1", "kind": "Function", "name": "hello", "uid": "uid-before", "controller": true});
    let of_predecessor = json!({"metadata": {"name": "hello", "namespace": "shop", "ownerReferences": [owner]}, "spec": {}});
    let being_deleted = json!({"metadata": {"name": "hello", "namespace": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]}, "spec": {}});
    for left in [of_predecessor, being_deleted] {
        scene.apiserver.put(&path, left);
        let next = scene.visit().await.expect("waiting is no failure");
        assert_eq!(next, Action::requeue(std::time::Duration::from_secs(2)));
        assert_eq!(scene.condition("Progressing"), ("True".to_owned(), "PredecessorEnding".to_owned()));
        assert_eq!(scene.condition("Stalled").0, "False");
        scene.apiserver.remove(&path);
        scene.settle().await;
        assert_eq!(
            scene.apiserver.get(&path).expect("it is made")["metadata"]["ownerReferences"][0]["uid"],
            "uid-f"
        );
    }
}

#[tokio::test]
async fn an_outage_of_the_depot_leaves_what_serves_and_says_so() {
    let scene = Scene::new().await;
    scene.go_on().await;
    scene.go_on().await;
    scene.stored.lock().expect("free").down = true;
    scene.visit().await.expect("not knowing is no error");
    assert_eq!(scene.condition("Ready").0, "True");
    let scene = Scene::new().await;
    scene.stored.lock().expect("free").down = true;
    scene.settle().await;
    assert_eq!(
        scene.condition("SourceResolved"),
        ("Unknown".to_owned(), "StoreUnavailable".to_owned())
    );
}

#[tokio::test]
async fn a_missing_config_map_is_named() {
    let scene = Scene::new().await;
    scene.apiserver.remove("/api/v1/namespaces/shop/configmaps/hello-jar");
    scene.settle().await;
    assert_eq!(scene.condition("SourceResolved"), ("False".to_owned(), "SourceMissing".to_owned()));
    assert_eq!(scene.condition("Stalled"), ("True".to_owned(), "SourceMissing".to_owned()));
}

#[tokio::test]
async fn what_an_agent_says_of_a_jar_stands_in_the_status() {
    let scene = Scene::new().await;
    scene.settle().await;
    let path = scene.apiserver.paths(&format!("{JOBS}/")).remove(0);
    let job = scene.apiserver.get(&path).expect("it is there");
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"], "controller": true});
    let message = json!({"code": "AmbiguousHandler", "candidates": ["a.B#main (Map)", "c.D#apply (Function)"]}).to_string();
    let terminated = json!({"exitCode": 1, "reason": "Error", "message": message});
    let container =
        json!({"name": "resolver", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"terminated": terminated}});
    let labels = job["spec"]["template"]["metadata"]["labels"].clone();
    scene.apiserver.put(
        "/api/v1/namespaces/shop/pods/resolve-0",
        json!({"metadata": {"name": "resolve-0", "namespace": "shop", "labels": labels, "ownerReferences": [owner]}, "status": {"phase": "Failed", "containerStatuses": [container]}}),
    );
    let failed =
        json!({"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    scene.apiserver.change(&path, &json!({"status": {"conditions": [failed]}}));
    scene.settle().await;
    assert_eq!(
        scene.condition("SourceResolved"),
        ("False".to_owned(), "AmbiguousHandler".to_owned())
    );
    let next = scene.status().next.unwrap_or_default();
    assert!(next.contains("a.B#main") && next.contains("c.D#apply"), "{next}");
}

#[tokio::test]
async fn a_deleted_function_goes_when_nothing_of_it_is_left() {
    let scene = climbed().await;
    scene
        .apiserver
        .change(FUNCTION, &json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}));
    scene.stored.lock().expect("free").down = true;
    scene.visit().await.expect("pods still run");
    assert!(scene.apiserver.paths(&format!("{DEPLOYMENTS}/")).is_empty() && scene.apiserver.paths(&format!("{JOBS}/")).is_empty());
    for pod in scene.apiserver.paths("/api/v1/namespaces/shop/pods/") {
        scene.apiserver.remove(&pod);
    }
    assert!(scene.visit().await.is_err(), "the store cannot be purged");
    assert!(scene.apiserver.get(FUNCTION).is_some());
    scene.stored.lock().expect("free").down = false;
    scene.visit().await.expect("a page is purged");
    assert!(scene.apiserver.get(FUNCTION).is_some(), "until the purge is complete");
    assert!(scene.apiserver.get(TRUST).is_some(), "pods may still be asked for");
    scene.visit().await.expect("the purge is complete");
    assert!(scene.apiserver.get(FUNCTION).is_none() && scene.apiserver.get(TRUST).is_none());
}

#[tokio::test]
async fn figures_alone_wait_for_their_minute() {
    let scene = Scene::new().await;
    scene.apiserver.change(FUNCTION, &json!({"spec": {"scaling": {"minReplicas": 2}}}));
    climb(&scene).await;
    let pod = scene
        .apiserver
        .paths(&format!("{PODS}/{}-", scene.status().traffic[0].deployment))
        .remove(0);
    scene.apiserver.remove(&pod);
    scene.apiserver.take_writes();
    scene.visit().await.expect("the visit succeeds");
    assert_eq!(scene.apiserver.take_writes(), []);
    assert_eq!(scene.status().traffic[0].ready_replicas, 2);
    scene.now.fetch_add(61, std::sync::atomic::Ordering::SeqCst);
    scene.visit().await.expect("the visit succeeds");
    assert_eq!(
        (scene.apiserver.take_writes().len(), scene.status().traffic[0].ready_replicas),
        (1, 1)
    );
}
