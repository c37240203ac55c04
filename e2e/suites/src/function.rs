//! A Function under test: its manifest, and what its status says.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{STANDIN, kube::Kube, toolchain, wait};

/// A Function of the cluster.
#[derive(Clone, Debug)]
pub struct Function<'a> {
    /// The cluster.
    pub kube: &'a Kube,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A small, quick spec for the toolchain that builds: source `configMap` `<name>-jar`, thresholds of a few dozen requests.
pub fn spec(name: &str, target: &str) -> Value {
    let toolchain = toolchain();
    let build = if toolchain == STANDIN {
        json!({"cpuMillis": 100, "memoryMebibytes": 1024, "timeoutSeconds": 120})
    } else {
        json!({"cpuMillis": 500, "memoryMebibytes": 4096, "timeoutSeconds": 1200})
    };
    json!({
        "source": {"configMap": {"name": format!("{name}-jar"), "key": "app.jar"}},
        "toolchain": toolchain,
        "target": target,
        "pipeline": {
            "hotspotAgent": {"minRequests": 20, "maxSeconds": 60},
            "instrumented": {"sharePercent": 40, "requestsPerProfile": 30},
            "profiles": {"min": 1, "minEvents": 10},
        },
        "build": build,
        "resources": {"cpuMillis": 20, "memoryMebibytes": 256},
    })
}

impl<'a> Function<'a> {
    /// Applies a spec under this name.
    ///
    /// # Errors
    /// What the apiserver says.
    pub fn apply(kube: &'a Kube, namespace: &str, name: &str, spec: &Value) -> Result<Self> {
        let metadata = json!({"name": name, "namespace": namespace});
        kube.apply(&json!({"apiVersion": "anneal.dev/v1alpha1", "kind": "Function", "metadata": metadata, "spec": spec}))?;
        Ok(Self {
            kube,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The object.
    ///
    /// # Errors
    /// When it is not there.
    pub fn object(&self) -> Result<Value> {
        self.kube.get(&self.namespace, &["function", &self.name])
    }

    /// Waits until the status fulfils a condition; the error holds the last status.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub fn wait(&self, what: &str, deadline: Duration, condition: impl Fn(&Value) -> bool) -> Result<Value> {
        wait::until(&format!("{}/{} {what}", self.namespace, self.name), deadline, || {
            let object = self.object()?;
            if condition(&object["status"]) {
                return Ok(object);
            }
            bail!("{}", serde_json::to_string_pretty(&object["status"]).unwrap_or_default())
        })
    }

    /// Waits until a stage is reached and carries all requests.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub fn reaches(&self, stage: &str, deadline: Duration) -> Result<Value> {
        self.wait(&format!("reaches {stage}"), deadline, |status| {
            status["stage"] == stage
                && traffic(status)
                    .iter()
                    .any(|target| target["stage"] == stage && target["percent"] == 100)
        })
    }

    /// Waits until a condition has this status and reason.
    ///
    /// # Errors
    /// When the deadline passes first.
    pub fn says(&self, kind: &str, status: &str, reason: &str, deadline: Duration) -> Result<Value> {
        self.wait(&format!("says {kind}={status}, {reason}"), deadline, |object| {
            condition(object, kind).is_some_and(|found| found["status"] == status && found["reason"] == reason)
        })
    }

    /// Deletes it and waits until it is gone.
    ///
    /// # Errors
    /// When it does not go within three minutes.
    pub fn delete(&self) -> Result<()> {
        self.kube
            .run(&["delete", "function", &self.name, "-n", &self.namespace, "--wait", "--timeout=180s"])
            .context("the Function does not go")
            .map(drop)
    }
}

/// A condition of a status.
pub fn condition<'v>(status: &'v Value, kind: &str) -> Option<&'v Value> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

/// The targets of a status.
pub fn traffic(status: &Value) -> &[Value] {
    status["traffic"].as_array().map_or(&[], Vec::as_slice)
}
