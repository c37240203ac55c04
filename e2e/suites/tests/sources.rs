//! Jars by URL: fetched by a pod of the tenant's, from hosts that the operator's configuration allows.

use std::time::Duration;

use anneal_suites::{
    function::{self, Function},
    kube::Kube,
    sample_jar,
};
use anyhow::Result;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(120);
const NAMESPACE: &str = "e2e-http-source";

/// A pod that serves a jar at `/file`, and its Service.
fn jar_server() -> [Value; 2] {
    let metadata = json!({"name": "jars", "namespace": NAMESPACE, "labels": {"app": "jars"}});
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "jars",
                "image": "anneal.dev/e2e:dev",
                "imagePullPolicy": "IfNotPresent",
                "args": ["serve-file", "--file", "/jars/app.jar"],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "jars", "mountPath": "/jars"}],
            }],
            "volumes": [{"name": "jars", "configMap": {"name": "jars"}}],
        },
    });
    let spec = json!({"selector": {"app": "jars"}, "ports": [{"port": 80, "targetPort": 8080}]});
    [
        pod,
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}),
    ]
}

#[test]
fn a_jar_by_url_is_fetched_from_an_allowed_host_and_from_no_other() -> Result<()> {
    let kube = Kube::from_environment()?;
    kube.namespace(NAMESPACE)?;
    let sha256 = kube.jar(NAMESPACE, "jars", &sample_jar("hello"))?;
    for object in jar_server() {
        kube.apply(&object)?;
    }
    kube.run(&["wait", "pod/jars", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=60s"])?;
    let with_url = |url: &str, sha256: &str| {
        let mut spec = function::spec("remote", "Hotspot");
        spec["source"] = json!({"http": {"url": url, "sha256": sha256}});
        spec
    };
    let allowed = format!("http://jars.{NAMESPACE}.svc.cluster.local/file");
    let remote = Function::apply(&kube, NAMESPACE, "remote", &with_url(&allowed, &sha256))?;
    remote.wait("serves", SOON, |status| !function::traffic(status).is_empty())?;
    let wrong = Function::apply(&kube, NAMESPACE, "wrong", &with_url(&allowed, &"0".repeat(64)))?;
    wrong.says("SourceResolved", "False", "DigestMismatch", SOON)?;
    let forbidden = Function::apply(&kube, NAMESPACE, "forbidden", &with_url("http://169.254.169.254/latest", &sha256))?;
    forbidden.says("SourceResolved", "False", "SourceForbidden", SOON)?;
    [remote, wrong, forbidden].iter().try_for_each(Function::delete)
}
