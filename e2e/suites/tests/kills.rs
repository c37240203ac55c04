//! Each component is ended without a grace period while a function climbs: the same end state, one build per key, nothing failed
//! but what was cut with it. The controller that is ended is the one that leads.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anneal_suites::{
    OPERATOR_NAMESPACE,
    function::{self, Function},
    kube::Kube,
    load::{self, Load},
    sample_jar,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const STAGE: Duration = Duration::from_secs(240);

/// One kind of kill at a time: the operator is shared.
static ALONE: Mutex<()> = Mutex::new(());

/// Ends one pod of a component at once, without its grace period.
fn kill(kube: &Kube, component: &str) -> Result<()> {
    let pod = if component == "controller" {
        kube.get("kube-system", &["lease", "anneal-controller"])?["spec"]["holderIdentity"].clone()
    } else {
        let selector = format!("app.kubernetes.io/component={component}");
        kube.get(OPERATOR_NAMESPACE, &["pods", "-l", &selector])?["items"][0]["metadata"]["name"].clone()
    };
    let pod = pod.as_str().context("the component has no pod")?;
    let forced = [
        "delete",
        "pod",
        pod,
        "-n",
        OPERATOR_NAMESPACE,
        "--ignore-not-found",
        "--force",
        "--grace-period=0",
    ];
    kube.run(&forced).map(drop)
}

/// A kill of these components as soon as each stage is seen; gives the load's figures for the function.
fn climb_with_kills(namespace: &str, components: &[&str]) -> Result<Value> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let kube = Kube::from_environment()?;
    kube.namespace(namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let hello = Function::apply(&kube, namespace, "hello", &function::spec("hello", "PgoOptimized"))?;
    hello.wait("serves", STAGE, |status| !function::traffic(status).is_empty())?;
    let requests = [load::request(&json!({"name": "Ada"}), "/message", &json!("Hello, Ada"))];
    let load = Load::start(&kube, namespace, &[load::target(namespace, "hello", 20, &requests)])?;
    for stage in ["HotspotAgent", "Hotspot", "Native", "PgoInstrumented", "PgoOptimized"] {
        let order = ["HotspotAgent", "Hotspot", "Native", "PgoInstrumented", "PgoOptimized"];
        let rank = |seen: &Value| order.iter().position(|name| seen == *name);
        hello.wait(&format!("is at {stage}"), STAGE, |status| {
            rank(&status["stage"]) >= rank(&json!(stage))
        })?;
        for component in components {
            kill(&kube, component)?;
        }
    }
    hello.reaches("PgoOptimized", STAGE)?;
    one_build_per_key(&kube, namespace)?;
    let summary = load.stop()?;
    hello.delete()?;
    Ok(summary["targets"][0].clone())
}

/// Counts started builder containers, not only Jobs.
fn one_build_per_key(kube: &Kube, namespace: &str) -> Result<()> {
    let pods = kube.get(namespace, &["pods", "-l", "app.kubernetes.io/component=build"])?;
    let mut starts: BTreeMap<String, u64> = BTreeMap::new();
    for pod in pods["items"].as_array().into_iter().flatten() {
        let key = pod["metadata"]["labels"]["anneal.dev/build"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let restarts: u64 = pod["status"]["containerStatuses"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|status| status["restartCount"].as_u64())
            .sum();
        *starts.entry(key).or_default() += 1 + restarts;
    }
    ensure!(starts.len() == 3, "builds of three keys were expected: {starts:?}");
    ensure!(
        starts.values().all(|count| *count == 1),
        "a key was built more than once: {starts:?}"
    );
    Ok(())
}

#[test]
fn killing_controller_and_depot_in_every_stage_costs_no_request() -> Result<()> {
    let target = climb_with_kills("e2e-kill-control", &["controller", "depot"])?;
    load::no_failures(&json!({"targets": [target]}))
}

#[test]
fn killing_a_gateway_in_every_stage_costs_only_what_was_on_it() -> Result<()> {
    let target = climb_with_kills("e2e-kill-gateway", &["gateway"])?;
    let (requests, failures) = (
        target["requests"].as_u64().unwrap_or(0),
        target["failures"].as_u64().unwrap_or(u64::MAX),
    );
    // Five kills, each with at most five seconds in which every other of 20 requests a second meets the gateway that is gone.
    ensure!(
        failures <= 5 * 5 * 20,
        "{failures} of {requests} failed: {}",
        target["failureSamples"]
    );
    let samples = target["failureSamples"].as_array().cloned().unwrap_or_default();
    ensure!(
        samples
            .iter()
            .all(|sample| sample["reason"].as_str().is_some_and(|reason| !reason.starts_with("wrong body"))),
        "{samples:?}"
    );
    Ok(())
}
