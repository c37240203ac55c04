//! When nothing changes, nothing is written; when something does, little is: counted in the apiserver's own audit log.

use std::time::{Duration, Instant};

use anneal_suites::{
    audit::Audit,
    function::{self, Function},
    kube::{Kube, QUIET_VARIABLE},
    load::{self, Load},
    sample_jar, wait,
};
use anyhow::{Result, bail, ensure};
use serde_json::json;

const FUNCTIONS: usize = 20;
const SETTLE: Duration = Duration::from_secs(300);
const CLIMB: Duration = Duration::from_secs(240);
/// Status may lag behind by the minute in which it is written at most once.
const LAG: Duration = Duration::from_secs(70);

/// The log, or a line that says why the test has not run.
fn audit() -> Option<Audit> {
    let audit = Audit::from_environment();
    if audit.is_none() {
        eprintln!("NOT RUN: the audit log of this cluster cannot be read");
    }
    audit
}

/// Lets time pass in which nothing may happen: there is no condition to wait for.
fn observe(span: Duration) -> Result<()> {
    let end = Instant::now() + span;
    wait::until("time passes", span + Duration::from_secs(1), || {
        if Instant::now() >= end { Ok(()) } else { bail!("it has not") }
    })
}

#[test]
fn twenty_functions_without_traffic_cause_no_write() -> Result<()> {
    let Some(audit) = audit() else { return Ok(()) };
    let kube = Kube::from_environment()?;
    let seconds = std::env::var_os(QUIET_VARIABLE)
        .and_then(|text| text.to_str()?.parse().ok())
        .unwrap_or(120);
    let namespace = "e2e-quiet";
    kube.namespace(namespace)?;
    let mut functions = Vec::new();
    for index in 0..FUNCTIONS {
        let name = format!("quiet-{index}");
        kube.jar(namespace, &format!("{name}-jar"), &sample_jar("hello"))?;
        let mut spec = function::spec(&name, "PgoOptimized");
        // Without traffic the tracer's window stays open.
        spec["pipeline"]["hotspotAgent"] = json!({"minRequests": 1_000_000, "maxSeconds": 86_400});
        functions.push(Function::apply(&kube, namespace, &name, &spec)?);
    }
    for function in &functions {
        function.wait("is served by a plain and a traced executor", SETTLE, |status| {
            function::traffic(status).len() == 2
        })?;
    }
    ensure!(
        !audit.writes(0, namespace)?.is_empty(),
        "the audit log does not show what was written while the functions started"
    );
    observe(LAG)?;
    let from = audit.position()?;
    observe(Duration::from_secs(seconds))?;
    let writes = audit.writes(from, namespace)?;
    ensure!(writes.is_empty(), "written while nothing changed: {writes:?}");
    functions.iter().try_for_each(Function::delete)
}

#[test]
fn a_transition_costs_few_writes_and_steady_load_hardly_any() -> Result<()> {
    let Some(audit) = audit() else { return Ok(()) };
    let kube = Kube::from_environment()?;
    let namespace = "e2e-writes";
    kube.namespace(namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let from = audit.position()?;
    let hello = Function::apply(&kube, namespace, "hello", &function::spec("hello", "PgoOptimized"))?;
    hello.wait("serves", CLIMB, |status| !function::traffic(status).is_empty())?;
    let requests = [load::request(&json!({"name": "Ada"}), "/message", &json!("Hello, Ada"))];
    let load = Load::start(&kube, namespace, &[load::target(namespace, "hello", 20, &requests)])?;
    let object = hello.reaches("PgoOptimized", CLIMB)?;
    let transitions = object["status"]["history"].as_array().map_or(0, Vec::len);
    ensure!(transitions >= 5, "{transitions} transitions are recorded");
    // The depot's annotation is not the controller's. Creations and removals of children are counted apart, and so is the first
    // scaling of a Deployment, which is made at no replicas.
    let patches = |from: usize| -> Result<Vec<_>> {
        let mut writes = audit.writes(from, namespace)?;
        let created: Vec<String> = writes
            .iter()
            .filter(|write| (write.verb.as_str(), write.resource.as_str()) == ("create", "deployments"))
            .map(|write| write.name.clone())
            .collect();
        for name in created {
            if let Some(first) = writes
                .iter()
                .position(|write| write.resource == "deployments/scale" && write.name == name)
            {
                writes.remove(first);
            }
        }
        writes.retain(|write| write.verb == "patch" && write.resource != "pods");
        Ok(writes)
    };
    let climbed = patches(from)?;
    ensure!(
        climbed.len() <= 5 * transitions,
        "{} writes for {transitions} transitions: {climbed:#?}",
        climbed.len()
    );

    // What the last transition leaves to be done is done.
    observe(LAG)?;
    let from = audit.position()?;
    observe(Duration::from_secs(120))?;
    let steady = patches(from)?;
    ensure!(
        steady.len() <= 2,
        "{} writes in two minutes of steady load: {steady:#?}",
        steady.len()
    );
    load.stop()?;
    hello.delete()
}
