//! What a tenant's pod and the depot's own account may not do, tried on the real apiserver.

use std::time::Duration;

use anneal_suites::{
    OPERATOR_NAMESPACE,
    audit::Audit,
    function::{self, Function},
    kube::Kube,
    sample_jar,
};
use anyhow::{Result, ensure};
use serde_json::Value;

const SERVES: Duration = Duration::from_secs(180);

fn serving<'a>(kube: &'a Kube, namespace: &str) -> Result<Function<'a>> {
    kube.namespace(namespace)?;
    kube.jar(namespace, "hello-jar", &sample_jar("hello"))?;
    let hello = Function::apply(kube, namespace, "hello", &function::spec("hello", "Hotspot"))?;
    hello.wait("serves", SERVES, |status| !function::traffic(status).is_empty())?;
    Ok(hello)
}

fn pods(kube: &Kube, namespace: &str) -> Result<Vec<Value>> {
    Ok(kube.get(namespace, &["pods", "-l", "anneal.dev/function=hello"])?["items"]
        .as_array()
        .cloned()
        .unwrap_or_default())
}

#[test]
fn no_pod_of_a_function_holds_a_store_credential_or_a_token_for_the_apiserver() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-tokens";
    let hello = serving(&kube, namespace)?;
    let found = pods(&kube, namespace)?;
    ensure!(!found.is_empty(), "the function has no pods");
    for pod in &found {
        let text = pod["spec"].to_string();
        ensure!(
            pod["spec"]["automountServiceAccountToken"] == false,
            "a token is mounted by default: {text}"
        );
        ensure!(
            !text.contains("anneal-store") && !text.contains("ANNEAL_STORE"),
            "a store credential: {text}"
        );
        for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
            ensure!(volume.get("secret").is_none(), "a Secret is mounted: {volume}");
            for source in volume["projected"]["sources"].as_array().into_iter().flatten() {
                ensure!(
                    source["serviceAccountToken"]["audience"] == "anneal-depot" || source["configMap"]["name"] == "anneal-trust",
                    "neither a token for the depot nor by whom that is known: {source}"
                );
            }
        }
    }
    if let Some(audit) = Audit::from_environment() {
        let violations = audit.pod_security_violations(namespace)?;
        ensure!(violations.is_empty(), "pods that are not restricted: {violations:?}");
    }
    // The audience of the apiserver itself is not among them: a token like theirs is refused, one of its own audience is not.
    let token = |audience: &[&str]| kube.run(&[&["create", "token", "anneal-hello", "-n", namespace], audience].concat());
    ensure!(
        kube.whoami(token(&[])?.trim())?.contains("anneal-hello"),
        "the apiserver does not know the function's account"
    );
    let refused = kube.whoami(token(&["--audience", "anneal-depot"])?.trim());
    ensure!(
        refused.as_ref().is_err_and(|error| error.to_string().contains("Unauthorized")),
        "a token of the depot's audience: {refused:?}"
    );
    hello.delete()
}

#[test]
fn the_depots_account_can_change_nothing_but_its_annotation() -> Result<()> {
    let kube = Kube::from_environment()?;
    let namespace = "e2e-fence";
    let hello = serving(&kube, namespace)?;
    let pod = pods(&kube, namespace)?[0]["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let depot = format!("--as=system:serviceaccount:{OPERATOR_NAMESPACE}:anneal-depot");
    let patch = |body: &str| kube.run(&["patch", "pod", &pod, "-n", namespace, &depot, "--type=strategic", "-p", body]);
    patch(r#"{"metadata":{"annotations":{"anneal.dev/profile-count":"1"}}}"#)?;
    for forbidden in [
        r#"{"metadata":{"annotations":{"other":"1"}}}"#,
        r#"{"metadata":{"labels":{"anneal.dev/function":"other"}}}"#,
        r#"{"metadata":{"finalizers":["a.b/c"]}}"#,
        r#"{"spec":{"containers":[{"name":"executor","image":"other"}]}}"#,
        r#"{"spec":{"activeDeadlineSeconds":1}}"#,
    ] {
        let refused = patch(forbidden);
        let by_policy = refused
            .as_ref()
            .is_err_and(|error| error.to_string().contains("ValidatingAdmissionPolicy"));
        ensure!(by_policy, "{forbidden} was not refused by the policy: {refused:?}");
    }
    ensure!(
        kube.run(&["delete", "pod", &pod, "-n", namespace, &depot]).is_err(),
        "the depot could delete a pod"
    );
    hello.delete()
}
