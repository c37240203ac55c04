//! What only a real compiler does: it needs gigabytes, and it ends in its own ways.

use std::time::Duration;

use anneal_suites::{
    function::{self, Function},
    kube::Kube,
    patience, sample_jar,
};
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// A heap that is taken at once: under the limit of the first attempt it does not fit, under that of the second it does.
const HEAP: &str = "-J-Xms2200m";
const LIMIT_MEBIBYTES: i64 = 2048;

#[test]
fn a_build_that_needs_more_than_its_limit_says_so_and_gets_more_once() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-build-memory";
    kube.namespace(namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let mut spec = function::spec("hello", "Native");
    spec["pipeline"]["hotspotAgent"]["maxSeconds"] = json!(10);
    spec["build"]["memoryMebibytes"] = json!(LIMIT_MEBIBYTES);
    spec["build"]["arguments"] = json!([HEAP, "-J-XX:+AlwaysPreTouch"]);
    let hello = Function::apply(&kube, namespace, "hello", &spec)?;
    hello.wait("repeats its build for want of memory", patience(), |status| {
        function::condition(status, "Built").is_some_and(|built| {
            built["message"]
                .as_str()
                .is_some_and(|message| message.contains("ran out of memory"))
        }) || status["stage"] == "Native"
    })?;
    let jobs = kube.get(namespace, &["jobs", "-l", "anneal.dev/stage=n"])?;
    let object = hello.reaches("Native", patience())?;
    let attempts = jobs["items"].as_array().map_or(0, Vec::len);
    let after = kube.get(namespace, &["jobs", "-l", "anneal.dev/stage=n"])?;
    let limits: Vec<&str> = after["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|job| job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"].as_str())
        .collect();
    ensure!(
        attempts <= 2 && limits.len() == 2,
        "there were {} attempts: {limits:?}",
        limits.len()
    );
    ensure!(limits.contains(&"2Gi") && limits.contains(&"3Gi"), "the limits were {limits:?}");
    let artifacts = object["status"]["artifacts"].as_array().context("there are no artifacts")?;
    ensure!(
        artifacts
            .iter()
            .any(|artifact| artifact["peakMemoryBytes"].as_i64() > Some(LIMIT_MEBIBYTES << 20)),
        "the build needed less than the first limit: {artifacts:?}"
    );
    hello.delete()
}

#[test]
fn an_argument_that_the_compiler_does_not_know_is_its_own_error() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-build-argument";
    kube.namespace(namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let mut spec = function::spec("hello", "Native");
    spec["pipeline"]["hotspotAgent"]["maxSeconds"] = json!(10);
    spec["build"]["arguments"] = json!(["-H:+NoSuchOptionAtAll"]);
    let hello = Function::apply(&kube, namespace, "hello", &spec)?;
    hello.says("Built", "False", "BuildFailed", patience())?;
    hello.wait("goes on being served", Duration::from_secs(60), |status| {
        function::traffic(status)
            .iter()
            .any(|target| target["stage"] == "Hotspot" && target["percent"] == 100)
    })?;
    hello.delete()
}
