//! When nothing changes, nothing is written: counted in the apiserver's own audit log.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anneal_suites::{
    OPERATOR_NAMESPACE,
    function::{self, Function},
    kube::{AUDIT_VARIABLE, Kube, QUIET_VARIABLE},
    sample_jar,
};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

const FUNCTIONS: usize = 20;
const SETTLE: Duration = Duration::from_secs(300);

#[test]
fn twenty_functions_without_traffic_cause_no_write() -> Result<()> {
    let kube = Kube::from_environment()?;
    let Some(audit) = std::env::var_os(AUDIT_VARIABLE) else {
        println!("not run: the audit log of this cluster cannot be read ({AUDIT_VARIABLE} is not set)");
        return Ok(());
    };
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
        spec["pipeline"]["hotspotAgent"] = serde_json::json!({"minRequests": 1_000_000, "maxSeconds": 86_400});
        functions.push(Function::apply(&kube, namespace, &name, &spec)?);
    }
    for function in &functions {
        function.wait("serves from every executor", SETTLE, |status| {
            let traffic = function::traffic(status);
            traffic.len() == 2
                && traffic
                    .iter()
                    .all(|target| target["readyReplicas"].as_i64().is_some_and(|ready| ready > 0))
        })?;
    }
    // Status may lag behind by the minute in which it is written at most once.
    let quiet_from = Instant::now() + Duration::from_secs(70);
    let end = quiet_from + Duration::from_secs(seconds);
    let mut from = 0;
    while Instant::now() < end {
        if Instant::now() < quiet_from {
            from = std::fs::metadata(&audit)?.len();
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    let log = std::fs::read(&audit).context("cannot read the audit log")?;
    let tail = String::from_utf8_lossy(&log[usize::try_from(from)?..]).into_owned();
    let writes = our_writes(&tail);
    ensure!(writes.is_empty(), "written while nothing changed: {writes:?}");
    functions.iter().try_for_each(Function::delete)
}

/// Mutating requests of the operator's accounts, leases and reviews apart: `verb resource` and how often.
fn our_writes(log: &str) -> BTreeMap<String, usize> {
    let mut writes = BTreeMap::new();
    let ours = format!("system:serviceaccount:{OPERATOR_NAMESPACE}:");
    for event in log.lines().skip(1).filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let (verb, resource) = (
            event["verb"].as_str().unwrap_or_default(),
            event["objectRef"]["resource"].as_str().unwrap_or_default(),
        );
        let mutating = ["create", "update", "patch", "delete", "deletecollection"].contains(&verb);
        let apart = ["leases", "tokenreviews"].contains(&resource);
        let complete = event["stage"] == "ResponseComplete";
        if complete && mutating && !apart && event["user"]["username"].as_str().is_some_and(|name| name.starts_with(&ours)) {
            *writes
                .entry(format!(
                    "{verb} {resource}/{}",
                    event["objectRef"]["subresource"].as_str().unwrap_or_default()
                ))
                .or_default() += 1;
        }
    }
    writes
}
