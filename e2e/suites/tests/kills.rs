//! Each component is ended without a word while a function climbs, once in every stage: the same end state, one start of the
//! compiler per build key, and no failure but what was in flight on, or refused by, the gateway that was ended.
//!
//! Two ways: SIGKILL of the process, so that the kubelet starts it again in its pod, and the pod's forced removal, so that
//! another takes its place. The controller that is ended is the one that leads.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anneal_suites::{
    OPERATOR_NAMESPACE,
    builds::Builds,
    function::{self, Function},
    killer::{Killer, restarts},
    kube::Kube,
    load::{self, Load},
    sample_jar, wait,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const STAGES: [&str; 5] = ["HotspotAgent", "Hotspot", "Native", "PgoInstrumented", "PgoOptimized"];
const COMPONENTS: [&str; 3] = ["controller", "depot", "gateway"];
/// Longer than the kubelet's longest pause before the fifth start of a container.
const STAGE: Duration = Duration::from_secs(300);
/// How long after its end a gateway may still be sent requests, in seconds.
const UNNOTICED: f64 = 5.0;

/// One way at a time: the operator is shared.
static ALONE: Mutex<()> = Mutex::new(());

/// A span of the load's own clock in which requests may be lost.
#[derive(Debug)]
struct Loss {
    from: f64,
    to: f64,
}

/// Pods of a component, all of them ready.
fn ready_pods(kube: &Kube, component: &str) -> Result<Vec<Value>> {
    let selector = format!("app.kubernetes.io/component={component}");
    wait::until(&format!("{component}: every pod is ready"), STAGE, || {
        let list = kube.get(OPERATOR_NAMESPACE, &["pods", "-l", &selector])?;
        let pods = list["items"].as_array().cloned().unwrap_or_default();
        let ready = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_null() && pod["status"]["containerStatuses"][0]["ready"] == true;
        ensure!(!pods.is_empty() && pods.iter().all(ready), "{}", json!(pods));
        Ok(pods)
    })
}

/// The pod to end: the controller that leads; of the others the one that was ended least often, for the kubelet takes longer each time.
fn victim(kube: &Kube, component: &str) -> Result<String> {
    let pods = ready_pods(kube, component)?;
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if component != "controller" {
        return pods.iter().min_by_key(|pod| restarts(pod)).map(name).context("there is no pod");
    }
    wait::until("one of them leads", STAGE, || {
        let lease = kube.get("kube-system", &["lease", "anneal-controller"])?;
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
        ensure!(pods.iter().any(|pod| name(pod) == holder), "{holder:?} holds the lease");
        Ok(holder.to_owned())
    })
}

/// Climbs while `end` ends a pod of each component as soon as each stage is seen. Gives what the load met, and what it may have.
fn climb(kube: &Kube, namespace: &str, end: impl Fn(&str) -> Result<()>) -> Result<(Value, Vec<Loss>)> {
    kube.namespace(namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let builds = Builds::watch(kube, namespace)?;
    let hello = Function::apply(kube, namespace, "hello", &function::spec("hello", "PgoOptimized"))?;
    hello.wait("serves", STAGE, |status| !function::traffic(status).is_empty())?;
    let requests = [load::request(&json!({"name": "Ada"}), "/message", &json!("Hello, Ada"))];
    let load = Load::start(kube, namespace, &[load::target(namespace, "hello", 20, &requests)])?;
    let mut losses = Vec::new();
    for stage in STAGES {
        let rank = |seen: &Value| STAGES.iter().position(|name| seen == *name);
        hello.wait(&format!("is at {stage}"), STAGE, |status| {
            rank(&status["stage"]) >= rank(&json!(stage))
        })?;
        for component in COMPONENTS {
            let pod = victim(kube, component)?;
            let from = load.elapsed()?;
            end(&pod)?;
            if component == "gateway" {
                losses.push(Loss {
                    from,
                    to: load.elapsed()? + UNNOTICED,
                });
            }
        }
    }
    hello.reaches("PgoOptimized", STAGE)?;
    let starts = builds.starts()?;
    ensure!(
        starts.len() == 3 && starts.values().all(|count| *count == 1),
        "one start for each of three keys was expected: {starts:?}"
    );
    let summary = load.stop()?;
    hello.delete()?;
    // Suites that follow find the operator whole.
    COMPONENTS.iter().try_for_each(|component| ready_pods(kube, component).map(drop))?;
    Ok((summary["targets"][0].clone(), losses))
}

/// Fails if a request failed that no gateway took with it.
fn only_lost_with_a_gateway(target: &Value, losses: &[Loss]) -> Result<()> {
    let samples = target["failureSamples"].as_array().cloned().unwrap_or_default();
    ensure!(
        target["failures"].as_u64() == Some(samples.len() as u64),
        "{} requests failed, too many to tell all",
        target["failures"]
    );
    let (due, ended) = (
        |sample: &Value| sample["atSeconds"].as_f64(),
        |sample: &Value| sample["endSeconds"].as_f64(),
    );
    let within = |sample: &Value| {
        losses
            .iter()
            .any(|loss| due(sample).is_some_and(|due| due <= loss.to) && ended(sample).is_some_and(|ended| ended >= loss.from))
    };
    let cut = |sample: &Value| {
        let reason = sample["reason"].as_str().unwrap_or_default();
        reason.starts_with("no answer: ") || reason.starts_with("cut answer: ")
    };
    let unexplained: Vec<&Value> = samples.iter().filter(|sample| !cut(sample) || !within(sample)).collect();
    ensure!(
        unexplained.is_empty(),
        "failures that no gateway took with it: {unexplained:?}; gateways ended at {losses:?}"
    );
    ensure!(target["requests"].as_u64().is_some_and(|count| count > 0), "no request was sent");
    Ok(())
}

/// Uids of all pods of the operator, and how often their containers were started again.
fn operator(kube: &Kube) -> Result<(BTreeSet<String>, Vec<u64>)> {
    let (mut uids, mut counts) = (BTreeSet::new(), Vec::new());
    for component in COMPONENTS {
        let pods = ready_pods(kube, component)?;
        uids.extend(pods.iter().map(|pod| pod["metadata"]["uid"].to_string()));
        counts.push(pods.iter().map(restarts).sum());
    }
    Ok((uids, counts))
}

#[test]
fn killing_every_component_in_every_stage_costs_only_what_was_on_a_gateway() -> Result<()> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let kube = Kube::from_environment()?;
    let killer = Killer::start(&kube)?;
    let (uids, before) = operator(&kube)?;
    let (target, losses) = climb(&kube, "e2e-kill-process", |pod| killer.kill(OPERATOR_NAMESPACE, pod))?;
    let (same, after) = operator(&kube)?;
    ensure!(uids == same, "a pod was replaced: its process was to be");
    let started: Vec<u64> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
    ensure!(
        started.iter().all(|count| *count >= STAGES.len() as u64),
        "each component was to be started again at least {} times: {started:?}",
        STAGES.len()
    );
    only_lost_with_a_gateway(&target, &losses)
}

#[test]
fn removing_a_pod_of_every_component_in_every_stage_costs_only_what_was_on_a_gateway() -> Result<()> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let kube = Kube::from_environment()?;
    let force = |pod: &str| {
        let command = ["delete", "pod", pod, "-n", OPERATOR_NAMESPACE, "--force", "--grace-period=0"];
        kube.run(&command).map(drop)
    };
    let (target, losses) = climb(&kube, "e2e-kill-pod", force)?;
    only_lost_with_a_gateway(&target, &losses)
}
