//! The load generator (`e2e/tools`) as a pod, so that it reaches the gateway as any client does.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{OPERATOR_NAMESPACE, kube::Kube, wait};

/// A running load; it ends with its pod.
#[derive(Debug)]
pub struct Load<'a> {
    kube: &'a Kube,
    namespace: String,
}

/// One request of a load that expects 200 and a value at a JSON pointer.
pub fn request(body: &Value, pointer: &str, value: &Value) -> Value {
    json!({
        "path": "/",
        "method": "POST",
        "contentType": "application/json",
        "body": body.to_string(),
        "expect": {"status": 200, "jsonPointerEquals": {"pointer": pointer, "value": value}},
    })
}

/// A stream of requests to one function.
pub fn target(namespace: &str, function: &str, rate_per_second: u32, requests: &[Value]) -> Value {
    json!({
        "name": function,
        "url": format!("http://anneal-gateway.{OPERATOR_NAMESPACE}.svc"),
        "host": format!("{function}.{namespace}"),
        "ratePerSecond": rate_per_second,
        "requests": requests,
    })
}

/// Fails unless requests were sent to the first target and all were answered as expected.
///
/// # Errors
/// With the first failures.
pub fn no_failures(summary: &Value) -> Result<()> {
    let target = &summary["targets"][0];
    ensure!(target["requests"].as_u64().is_some_and(|count| count > 0), "no request was sent");
    ensure!(target["failures"] == 0, "requests failed: {}", target["failureSamples"]);
    Ok(())
}

impl<'a> Load<'a> {
    /// Starts sending to `targets` from a pod in `namespace`, which is made if it is not there.
    ///
    /// # Errors
    /// When the pod does not start.
    pub fn start(kube: &'a Kube, namespace: &str, targets: &[Value]) -> Result<Self> {
        kube.namespace(namespace)?;
        let metadata = json!({"name": "load", "namespace": namespace});
        let data = json!({"targets.json": json!(targets).to_string()});
        kube.run(&["delete", "pod", "load", "-n", namespace, "--ignore-not-found", "--wait"])?;
        kube.apply(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}))?;
        kube.apply(&pod(&metadata))?;
        kube.run(&["wait", "pod/load", "-n", namespace, "--for=condition=Ready", "--timeout=90s"])
            .context("the load generator does not start")?;
        Ok(Self {
            kube,
            namespace: namespace.to_owned(),
        })
    }

    /// The figures so far.
    ///
    /// # Errors
    /// When the pod does not answer.
    pub fn summary(&self) -> Result<Value> {
        self.ask("summary")
    }

    /// Seconds since the first target's first request was due.
    ///
    /// # Errors
    /// When the pod does not answer.
    pub fn elapsed(&self) -> Result<f64> {
        self.summary()?["targets"][0]["elapsedSeconds"]
            .as_f64()
            .context("the load generator's summary has no time")
    }

    /// Ends the load, waits for every answer, and gives the figures.
    ///
    /// # Errors
    /// When the pod does not answer.
    pub fn stop(self) -> Result<Value> {
        self.ask("stop")
    }

    fn ask(&self, what: &str) -> Result<Value> {
        let path = format!("/api/v1/namespaces/{}/pods/load:8090/proxy/{what}", self.namespace);
        let text = wait::until("the load generator answers", Duration::from_secs(60), || {
            self.kube.run(&["get", "--raw", &path])
        })?;
        serde_json::from_str(&text).context("the load generator's summary is not JSON")
    }
}

fn pod(metadata: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "load",
                "image": "anneal.dev/e2e:dev",
                "imagePullPolicy": "IfNotPresent",
                "args": ["load", "--config", "/config/targets.json"],
                // It measures others: without a share of its own, builds would make it late and its answers failures.
                "resources": {"requests": {"cpu": "100m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/summary", "port": 8090}, "periodSeconds": 1},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "config", "mountPath": "/config"}],
            }],
            "volumes": [{"name": "config", "configMap": {"name": "load"}}],
        },
    })
}
