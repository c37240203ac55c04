//! SIGKILL for a container's processes, on any cluster: a DaemonSet that sees its node's processes, in a namespace of its own.
//! A pod's deletion, forced or not, begins with SIGTERM; this does not.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::kube::Kube;

const NAMESPACE: &str = "anneal-killer";
const NAME: &str = "killer";

/// The DaemonSet, ready on every node.
#[derive(Debug)]
pub struct Killer<'a> {
    kube: &'a Kube,
}

impl<'a> Killer<'a> {
    /// Brings it to the cluster.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(kube: &'a Kube) -> Result<Self> {
        let labels = json!({"pod-security.kubernetes.io/enforce": "privileged"});
        kube.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}))?;
        kube.apply(&daemon_set())?;
        kube.run(&["rollout", "status", "daemonset", NAME, "-n", NAMESPACE, "--timeout=90s"])
            .context("the killer does not start")?;
        Ok(Self { kube })
    }

    /// Kills every process of a pod's first container; the kubelet starts it again in the same pod.
    ///
    /// # Errors
    /// When it does not run, or the killer does not reach it.
    pub fn kill(&self, namespace: &str, pod: &str) -> Result<()> {
        let victim = self.kube.get(namespace, &["pod", pod])?;
        let id = victim["status"]["containerStatuses"][0]["containerID"]
            .as_str()
            .and_then(|id| id.split_once("://"))
            .map(|(_, id)| id)
            .with_context(|| format!("no container of {pod} runs"))?;
        let node = format!(
            "--field-selector=spec.nodeName={}",
            victim["spec"]["nodeName"].as_str().unwrap_or_default()
        );
        let found = self.kube.get(NAMESPACE, &["pods", "-l", "app=killer", &node])?;
        let killer = found["items"][0]["metadata"]["name"]
            .as_str()
            .context("no killer runs on that node")?;
        self.kube
            .run(&["exec", "-n", NAMESPACE, killer, "--", "/anneal-e2e", "kill", id])
            .map(drop)
    }
}

/// How often the containers of a pod were started again.
pub fn restarts(pod: &Value) -> u64 {
    let statuses = pod["status"]["containerStatuses"].as_array();
    statuses
        .into_iter()
        .flatten()
        .filter_map(|status| status["restartCount"].as_u64())
        .sum()
}

fn daemon_set() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}},
                "spec": {
                    "hostPID": true,
                    "automountServiceAccountToken": false,
                    "terminationGracePeriodSeconds": 1,
                    "tolerations": [{"operator": "Exists"}],
                    "containers": [{
                        "name": NAME,
                        "image": "anneal.dev/e2e:dev",
                        "imagePullPolicy": "IfNotPresent",
                        "args": ["serve-file", "--bytes", "1"],
                        // SELinux and AppArmor, too, keep a container from another's processes.
                        "securityContext": {"privileged": true, "runAsUser": 0},
                    }],
                },
            },
        },
    })
}
