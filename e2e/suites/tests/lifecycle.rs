//! A function's life: it climbs under load, takes a new jar without a lost request, and leaves nothing behind.

use std::{collections::BTreeSet, time::Duration};

use anneal_suites::{
    function::{self, Function},
    jar,
    kube::{Kube, digest},
    load::{self, Load},
    sample_jar, store, wait,
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// The merger that was written from the format's description alone.
#[path = "../../../crates/iprof/tests/support/reference.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::missing_panics_doc,
    reason = "shared with the tests of another crate"
)]
mod reference;

const CLIMB: Duration = Duration::from_secs(240);
/// Two lives of a grant and a sweep by `e2e/values/common.yaml`, with time to spare for a loaded machine.
const GRANTS_END: Duration = Duration::from_secs(240);
const METADATA: &str = "{}";

fn hello_requests() -> Vec<Value> {
    vec![load::request(&json!({"name": "Ada"}), "/message", &json!("Hello, Ada"))]
}

#[test]
fn a_new_jar_takes_the_traffic_when_it_is_proven_and_then_climbs() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-new-jar";
    kube.namespace(namespace)?;
    let first = std::fs::read(sample_jar("hello"))?;
    let old = kube.jar_bytes(namespace, "hello-jar", &first)?;
    let hello = Function::apply(&kube, namespace, "hello", &function::spec("hello", "Native"))?;
    hello.wait("serves", CLIMB, |status| !function::traffic(status).is_empty())?;
    let load = Load::start(&kube, namespace, &[load::target(namespace, "hello", 20, &hello_requests())])?;
    let object = hello.reaches("Native", CLIMB)?;
    ensure!(
        object["status"]["revisions"]
            .as_array()
            .and_then(|all| all.last())
            .is_some_and(|revision| revision["jar"] == old.as_str())
    );

    let new = kube.jar_bytes(namespace, "hello-jar", &jar::with_comment(&first, "second version")?)?;
    ensure!(new != old, "the jars do not differ");
    let runs_new = |status: &Value| {
        status["revisions"]
            .as_array()
            .and_then(|all| all.last())
            .is_some_and(|revision| revision["jar"] == new.as_str())
    };
    hello.wait("opens a revision", CLIMB, |status| runs_new(status) && status["stage"] != "Native")?;
    hello.wait("climbs again", CLIMB, |status| {
        runs_new(status)
            && status["stage"] == "Native"
            && function::traffic(status)
                .iter()
                .any(|target| target["percent"] == 100 && target["stage"] == "Native")
    })?;
    load::no_failures(&load.stop()?)?;
    hello.delete()
}

#[test]
fn deleting_a_function_leaves_no_object_and_no_byte() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-delete";
    kube.namespace(namespace)?;
    let before = objects(&kube, namespace)?;
    let stored = stored(&kube, namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let hello = Function::apply(&kube, namespace, "hello", &function::spec("hello", "PgoOptimized"))?;
    hello.wait("serves", CLIMB, |status| !function::traffic(status).is_empty())?;
    let load = Load::start(&kube, namespace, &[load::target(namespace, "hello", 20, &hello_requests())])?;
    let object = hello.wait("collects a profile", CLIMB, |status| {
        status["profiles"]["count"].as_i64().is_some_and(|count| count > 0)
    })?;
    load.stop()?;
    let (late, too_late) = (grant_of_executor(&kube, &object, 1000)?, grant_of_executor(&kube, &object, 1001)?);
    hello.delete()?;
    wait::until("the function's objects are gone", Duration::from_secs(120), || {
        let left: BTreeSet<_> = objects(&kube, namespace)?.difference(&before).cloned().collect();
        ensure!(left.is_empty(), "left: {left:?}");
        Ok(())
    })?;
    // The store cannot know that the Function is gone: what comes by a grant of before is swept.
    let status = store::use_grant(&kube, &late, METADATA)?;
    ensure!(status == 200, "a grant that is still good was answered {status}");
    wait::until("the store holds what it held before", GRANTS_END, || {
        let left = self::stored(&kube, namespace)?;
        ensure!(left == stored, "it still holds {left:?}");
        Ok(())
    })?;
    // Whatever was granted has ended by now, so it stays as it is.
    let status = store::use_grant(&kube, &too_late, METADATA)?;
    ensure!(status == 403, "a grant past its life was answered {status}");
    ensure!(self::stored(&kube, namespace)? == stored, "something came after the end");
    Ok(())
}

/// A grant to store metadata, as an executor has it.
fn grant_of_executor(kube: &Kube, object: &Value, window: u64) -> Result<String> {
    let (namespace, jar) = (object["metadata"]["namespace"].as_str(), &object["status"]["revisions"][0]["jar"]);
    let selector = "app.kubernetes.io/component=executor";
    let pods = kube.get(
        namespace.unwrap_or_default(),
        &["pods", "-l", selector, "--field-selector=status.phase=Running"],
    )?;
    let request = json!({
        "kind": "put",
        "object": {"kind": "metadata", "jar": jar, "window": window},
        "bytes": METADATA.len(),
        "sha256": digest(METADATA.as_bytes()),
    });
    store::grant(kube, &pods["items"][0], &request)
}

/// Everything that the store holds for a namespace.
fn stored(kube: &Kube, namespace: &str) -> Result<Vec<String>> {
    let mut lines = store::list(kube, "")?;
    lines.retain(|line| line.contains(&format!("/{namespace}/")));
    Ok(lines)
}

/// Kind and name of everything that a Function makes in a namespace.
fn objects(kube: &Kube, namespace: &str) -> Result<BTreeSet<String>> {
    let kinds = "deployments,replicasets,pods,jobs,services,endpointslices,serviceaccounts,networkpolicies,configmaps";
    let list = kube.get(namespace, &[kinds])?;
    let items = list["items"].as_array().cloned().unwrap_or_default();
    // Of ConfigMaps the operator makes this one alone.
    let made = |item: &&Value| item["kind"] != "ConfigMap" || item["metadata"]["name"] == "anneal-trust";
    let mine = items.iter().filter(|item| item["metadata"]["name"] != "load").filter(made);
    Ok(mine
        .map(|item| {
            format!(
                "{}/{}",
                item["kind"].as_str().unwrap_or_default(),
                item["metadata"]["name"].as_str().unwrap_or_default()
            )
        })
        .collect())
}

#[test]
fn the_merged_profile_is_made_of_exactly_the_stored_ones_and_the_optimized_build_got_it() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-merge";
    kube.namespace(namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let mut spec = function::spec("hello", "PgoOptimized");
    spec["pipeline"]["profiles"]["min"] = json!(3);
    let hello = Function::apply(&kube, namespace, "hello", &spec)?;
    hello.wait("serves", CLIMB, |status| !function::traffic(status).is_empty())?;
    let load = Load::start(&kube, namespace, &[load::target(namespace, "hello", 25, &hello_requests())])?;
    let object = hello.reaches("PgoOptimized", CLIMB)?;
    load::no_failures(&load.stop()?)?;

    let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
    let prefix = format!("profiles/{namespace}/hello/{uid}/");
    // Instrumented executors may still store their last window: in the end HEAD names exactly what is stored.
    let (keys, head_key, head, folded) = wait::until("every stored profile is folded", Duration::from_secs(90), || {
        let keys: Vec<String> = store::list(&kube, &prefix)?
            .iter()
            .filter_map(|line| line.split(' ').next().map(str::to_owned))
            .collect();
        let head_key = keys.iter().find(|key| key.ends_with("/HEAD")).cloned().unwrap_or_default();
        let head: Value = serde_json::from_str(&store::text(&kube, &head_key)?)?;
        let stored = keys.iter().filter_map(|key| key.rsplit_once("/raw/")?.1.strip_suffix(".iprof.gz"));
        let stored: BTreeSet<String> = stored.map(str::to_owned).collect();
        let folded: BTreeSet<String> = head["inputs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|input| input.as_str().map(str::to_owned))
            .collect();
        ensure!(folded == stored, "HEAD names {folded:?}, stored are {stored:?}");
        Ok((keys, head_key, head, folded))
    })?;
    ensure!(folded.len() >= 3, "only {folded:?} were folded");
    let used = object["status"]["revisions"]
        .as_array()
        .and_then(|all| all.last())
        .map(|revision| revision["profile"].clone())
        .unwrap_or_default();
    let used = used.as_str().unwrap_or_default();
    ensure!(
        keys.iter().any(|key| key.ends_with(&format!("/merged/{used}.iprof.gz"))),
        "the merge {used:?} that the build names is not stored"
    );
    let folder = head_key.trim_end_matches("HEAD");
    let mut recomputed = reference::Reference::default();
    for input in &folded {
        recomputed.add(&serde_json::from_slice(&store::bytes(
            &kube,
            &format!("{folder}raw/{input}.iprof.gz"),
        )?)?);
    }
    let merged = store::bytes(
        &kube,
        &format!("{folder}merged/{}.iprof.gz", head["digest"].as_str().unwrap_or_default()),
    )?;
    ensure!(
        recomputed.canonical(reference::Policy::Dominant).as_bytes() == merged,
        "the merged object is not what its inputs add up to"
    );
    ensure!(
        head["digest"] == digest(&merged).as_str(),
        "HEAD's digest is not that of the merged bytes"
    );
    let artifact = object["status"]["artifacts"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|artifact| artifact["stage"] == "PgoOptimized")
        .cloned()
        .unwrap_or_default();
    ensure!(
        artifact["pgo"].as_str().is_some_and(|pgo| pgo.contains("user-provided")),
        "the build does not say that it used a profile: {artifact}"
    );
    hello.delete()
}
