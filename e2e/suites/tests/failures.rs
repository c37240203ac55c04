//! Every way in which an input can be wrong ends in its documented reason on the Function, and what served keeps serving.

use std::time::Duration;

use anneal_suites::{
    function::{self, Function},
    jar,
    kube::Kube,
    load::{self, Load},
    sample_jar, test_jar,
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(120);
const CLIMB: Duration = Duration::from_secs(240);

/// Applies a Function whose jar is at fault and waits for the reason.
fn source_fault(namespace: &str, jar: &std::path::Path, change: impl FnOnce(&mut Value), reason: &str) -> Result<Value> {
    let kube = Kube::from_environment()?;
    kube.namespace(namespace)?;
    kube.jar(namespace, "broken-jar", jar)?;
    let mut spec = function::spec("broken", "Native");
    change(&mut spec);
    let broken = Function::apply(&kube, namespace, "broken", &spec)?;
    let object = broken.says("SourceResolved", "False", reason, SOON)?;
    broken.delete()?;
    Ok(object)
}

#[test]
fn a_wrong_digest_is_named() -> Result<()> {
    let wrong = |spec: &mut Value| spec["source"]["configMap"]["sha256"] = json!("0".repeat(64));
    source_fault("e2e-digest", &sample_jar("hello"), wrong, "DigestMismatch").map(drop)
}

#[test]
fn a_jar_without_a_handler_is_named() -> Result<()> {
    source_fault("e2e-no-handler", &test_jar("no-handler"), |_| {}, "NoHandler").map(drop)
}

#[test]
fn two_candidates_are_listed() -> Result<()> {
    let object = source_fault("e2e-two-handlers", &test_jar("two-handlers"), |_| {}, "AmbiguousHandler")?;
    let said = function::condition(&object["status"], "SourceResolved")
        .map(|condition| condition["message"].to_string())
        .unwrap_or_default();
    ensure!(
        said.contains("First") && said.contains("Second"),
        "the candidates are not named: {said}"
    );
    Ok(())
}

#[test]
fn something_that_is_no_jar_is_named() -> Result<()> {
    source_fault("e2e-no-jar", &anneal_suites::root().join("Cargo.toml"), |_| {}, "JarInvalid").map(drop)
}

#[test]
fn a_missing_config_map_is_named() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-missing";
    kube.namespace(namespace)?;
    let absent = Function::apply(&kube, namespace, "absent", &function::spec("absent", "Native"))?;
    absent.says("SourceResolved", "False", "SourceMissing", SOON)?;
    absent.delete()
}

#[test]
fn a_function_that_crashes_at_its_start_is_not_ready_and_says_so() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-crash";
    kube.namespace(namespace)?;
    kube.jar(namespace, "crash-jar", &test_jar("crash-at-start"))?;
    let crash = Function::apply(&kube, namespace, "crash", &function::spec("crash", "Native"))?;
    crash.says("Ready", "False", "FunctionCrashes", SOON)?;
    crash.delete()
}

#[test]
fn a_foreign_object_with_the_functions_name_is_left_alone() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-taken";
    kube.namespace(namespace)?;
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "taken", "namespace": namespace},
        "spec": {"selector": {"app": "mine"}, "ports": [{"port": 80}]}});
    kube.apply(&service)?;
    kube.jar(namespace, "taken-jar", &sample_jar("hello"))?;
    let taken = Function::apply(&kube, namespace, "taken", &function::spec("taken", "Native"))?;
    taken.wait("says NameTaken", SOON, |status| {
        ["Ready", "Progressing"]
            .iter()
            .any(|kind| function::condition(status, kind).is_some_and(|found| found["status"] == "False" && found["reason"] == "NameTaken"))
    })?;
    let found = kube.get(namespace, &["service", "taken"])?;
    ensure!(
        found["spec"]["selector"]["app"] == "mine",
        "the foreign Service was changed: {found}"
    );
    taken.delete()?;
    kube.get(namespace, &["service", "taken"]).map(drop)
}

/// A build that goes wrong in one way: the JVM keeps serving, under load, without a failure.
fn build_fault(namespace: &str, fault: &str, target: &str, kind: &str, reason: &str) -> Result<()> {
    let kube = Kube::from_environment()?;
    kube.namespace(namespace)?;
    let marked = jar::with_entry(&std::fs::read(sample_jar("hello"))?, "META-INF/standin-fault", fault.as_bytes())?;
    kube.jar_bytes(namespace, "hello-jar", &marked)?;
    let mut spec = function::spec("hello", target);
    spec["build"]["timeoutSeconds"] = json!(20);
    let hello = Function::apply(&kube, namespace, "hello", &spec)?;
    hello.wait("serves", CLIMB, |status| !function::traffic(status).is_empty())?;
    let requests = [load::request(&json!({"name": "Ada"}), "/message", &json!("Hello, Ada"))];
    let load = Load::start(&kube, namespace, &[load::target(namespace, "hello", 20, &requests)])?;
    let object = hello.says(kind, "False", reason, CLIMB)?;
    ensure!(
        function::condition(&object["status"], "Ready").is_some_and(|ready| ready["status"] == "True"),
        "not ready: {}",
        object["status"]
    );
    load::no_failures(&load.stop()?)?;
    hello.delete()
}

#[test]
fn a_failed_build_is_named_and_the_jvm_serves_on() -> Result<()> {
    build_fault("e2e-build-error", "compile-error", "Native", "Built", "BuildFailed")
}

#[test]
fn a_build_out_of_memory_is_named_and_the_jvm_serves_on() -> Result<()> {
    build_fault("e2e-build-oom", "out-of-memory", "Native", "Built", "BuildOutOfMemory")
}

#[test]
fn a_build_that_hangs_is_ended_and_named() -> Result<()> {
    build_fault("e2e-build-hang", "hang", "Native", "Built", "BuildTimeout")
}

#[test]
fn a_build_without_an_artifact_is_named() -> Result<()> {
    build_fault("e2e-build-empty", "no-artifact", "Native", "Built", "BuildNoArtifact")
}

#[test]
fn an_edition_without_pgo_ends_at_native_and_says_why() -> Result<()> {
    build_fault("e2e-community", "community", "PgoOptimized", "Optimized", "PGOUnavailable")
}

#[test]
fn a_cut_profile_is_refused_at_its_source_and_named() -> Result<()> {
    build_fault("e2e-cut", "cut-profile", "PgoOptimized", "ProfilesSufficient", "ProfilesLost")
}

#[test]
fn a_missing_profile_is_counted_as_lost_and_named() -> Result<()> {
    build_fault(
        "e2e-lost",
        "no-profile-at-exit",
        "PgoOptimized",
        "ProfilesSufficient",
        "ProfilesLost",
    )
}
