//! A rare request reaches what was not registered: the JVM takes over, and the next executable knows it.

use std::time::Duration;

use anneal_suites::{
    function::{self, Function},
    kube::Kube,
    load::{self, Load},
    patience, sample_jar, store, test_jar, wait,
};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A window that the rare requests of these tests meet several times.
const WINDOW: i64 = 150;
const COMMON_PER_SECOND: u32 = 20;

fn common() -> Vec<Value> {
    vec![load::request(&json!({"op": "common", "text": "a"}), "/result", &json!("A"))]
}

fn rare() -> Vec<Value> {
    vec![load::request(&json!({"op": "rare", "text": "abc"}), "/result", &json!("cba"))]
}

/// A Function that serves natively, was traced without its rare request, and is under load.
fn native<'a>(kube: &'a Kube, namespace: &str, handler: &Value) -> Result<(Function<'a>, Load<'a>)> {
    kube.namespace(namespace)?;
    kube.jar(namespace, "reflect-jar", &sample_jar("reflect"))?;
    let mut spec = function::spec("reflect", "Native");
    spec["handler"] = handler.clone();
    spec["pipeline"]["hotspotAgent"]["minRequests"] = json!(WINDOW);
    let reflect = Function::apply(kube, namespace, "reflect", &spec)?;
    reflect.wait("serves", patience(), |status| !function::traffic(status).is_empty())?;
    let load = Load::start(kube, namespace, &[load::target(namespace, "reflect", COMMON_PER_SECOND, &common())])?;
    reflect.reaches("Native", patience())?;
    Ok((reflect, load))
}

fn newest(status: &Value) -> &Value {
    status["revisions"].as_array().and_then(|all| all.last()).unwrap_or(&Value::Null)
}

/// Waits until a second revision has traced anew, and serves natively.
fn serves_natively_again(function: &Function<'_>) -> Result<Value> {
    function.wait("opens a revision that traces anew", patience(), |status| {
        let newest = newest(status);
        newest["number"] == 2 && newest["retrace"]["times"] == 1
    })?;
    function.wait("is served by the JVM", patience(), |status| {
        let main = function::traffic(status).iter().max_by_key(|target| target["percent"].as_i64());
        newest(status)["number"] == 2 && main.is_some_and(|main| main["stage"] == "Hotspot" || main["stage"] == "HotspotAgent")
    })?;
    let object = function.reaches("Native", patience())?;
    ensure!(
        newest(&object["status"])["number"] == 2,
        "it is another revision: {}",
        object["status"]["revisions"]
    );
    let reasons: Vec<&Value> = object["status"]["history"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|move_| &move_["reason"])
        .collect();
    ensure!(reasons.contains(&&json!("MissingRegistration")), "history has only {reasons:?}");
    Ok(object)
}

/// Waits until this many more rare requests were answered natively; returns the figures.
fn answered_natively(load: &Load<'_>) -> Result<Value> {
    let natively = |summary: &Value| summary["targets"][0]["latency"]["Native"]["count"].as_u64().unwrap_or_default();
    let before = natively(&load.summary()?);
    wait::until("rare requests are answered natively", Duration::from_secs(60), || {
        let summary = load.summary()?;
        ensure!(natively(&summary) >= before + 3, "{}", summary["targets"][0]);
        Ok(summary["targets"][0].clone())
    })
}

/// The merged metadata that the newest revision's builds had.
fn metadata(function: &Function<'_>, object: &Value) -> Result<String> {
    let revision = newest(&object["status"]);
    let text = |value: &Value| value.as_str().map(str::to_owned).context("the revision is not complete");
    let key = format!(
        "functions/{}/{}/{}/metadata/{}/merged/{}.json",
        function.namespace,
        function.name,
        text(&object["metadata"]["uid"])?,
        text(&revision["jar"])?,
        text(&revision["metadata"])?
    );
    store::text(function.kube, &key)
}

#[test]
fn without_leave_the_rare_request_fails_clearly_until_the_jvm_serves() -> Result<()> {
    let kube = Kube::from_environment()?;
    let (reflect, steady) = native(&kube, "e2e-fallback", &json!({}))?;
    let before = reflect.object()?;
    ensure!(
        !metadata(&reflect, &before)?.contains("reflect.Rare"),
        "the rare class was traced before"
    );
    let seldom = Load::start(
        &kube,
        "e2e-fallback-rare",
        &[load::target(&reflect.namespace, "reflect", 1, &rare())],
    )?;
    let object = serves_natively_again(&reflect)?;
    ensure!(
        metadata(&reflect, &object)?.contains("reflect.Rare"),
        "the rare class is not registered"
    );
    ensure!(newest(&object["status"])["metadata"] != newest(&before["status"])["metadata"]);
    let so_far = answered_natively(&seldom)?["failures"].clone();
    let summary = seldom.stop()?;
    let target = &summary["targets"][0];
    ensure!(target["failures"] == so_far, "the new executable fails: {target}");
    let samples = target["failureSamples"].as_array().cloned().unwrap_or_default();
    ensure!(!samples.is_empty(), "no rare request has failed, so nothing was shown: {target}");
    let is_clear = |sample: &Value| {
        sample["reason"]
            .as_str()
            .is_some_and(|reason| reason.starts_with("status 500") && reason.contains("missing registration"))
    };
    ensure!(samples.iter().all(is_clear), "{samples:?}");
    load::no_failures(&steady.stop()?)?;
    reflect.delete()
}

#[test]
fn with_leave_nobody_sees_an_error() -> Result<()> {
    let kube = Kube::from_environment()?;
    let (reflect, steady) = native(&kube, "e2e-replay", &json!({"retry": "Idempotent"}))?;
    let seldom = Load::start(&kube, "e2e-replay-rare", &[load::target(&reflect.namespace, "reflect", 1, &rare())])?;
    let object = serves_natively_again(&reflect)?;
    ensure!(
        metadata(&reflect, &object)?.contains("reflect.Rare"),
        "the rare class is not registered"
    );
    let target = answered_natively(&seldom)?;
    let first = &target["stages"][0]["stage"];
    ensure!(first == "HotspotAgent" || first == "Hotspot", "the first answer came from {first}");
    ensure!(target["gatewayRetries"].as_u64() > Some(0), "nothing was sent again: {target}");
    load::no_failures(&seldom.stop()?)?;
    load::no_failures(&steady.stop()?)?;
    reflect.delete()
}

#[test]
fn a_program_with_a_server_of_its_own_is_noticed_by_what_it_prints() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-fallback-http";
    kube.namespace(namespace)?;
    kube.jar(namespace, "rare-jar", &test_jar("rare-http"))?;
    let mut spec = function::spec("rare", "Native");
    spec["handler"] = json!({"class": "dev.anneal.testjars.rarehttp.Server", "contract": "Http"});
    spec["pipeline"]["hotspotAgent"]["minRequests"] = json!(WINDOW);
    let function = Function::apply(&kube, namespace, "rare", &spec)?;
    function.wait("serves", patience(), |status| !function::traffic(status).is_empty())?;
    let answers = |path: &str, word: &str| {
        let mut request = load::request(&json!({}), "/answer", &json!(word));
        request["path"] = json!(path);
        vec![request]
    };
    let steady = Load::start(
        &kube,
        namespace,
        &[load::target(namespace, "rare", COMMON_PER_SECOND, &answers("/", "common"))],
    )?;
    function.reaches("Native", patience())?;
    let seldom = Load::start(
        &kube,
        "e2e-fallback-http-rare",
        &[load::target(namespace, "rare", 1, &answers("/rare/Rare", "rare"))],
    )?;
    serves_natively_again(&function)?;
    let so_far = answered_natively(&seldom)?["failures"].clone();
    let summary = seldom.stop()?;
    ensure!(summary["targets"][0]["failures"] == so_far, "the new executable fails: {summary}");
    load::no_failures(&steady.stop()?)?;
    function.delete()
}
