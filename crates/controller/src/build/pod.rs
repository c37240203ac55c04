//! The pod that all roles share: our agent is PID 1, installed by an init container; nothing runs as root or holds a credential
//! but a token that only the depot accepts. Beside it lies by whom that is known.

use anneal_api::names::{TRUST_CONFIG_MAP, TRUST_KEY};
use anneal_core::{
    names,
    spec::{EnvValue, EnvVar, Resources},
};
use anneal_protocol::{
    DEPOT_AUDIENCE,
    agent::{AGENT_PATH, AgentConfig, CONFIG_VARIABLE, INSTALL_DIR, POD_NAME_VARIABLE, POD_UID_VARIABLE, TOKEN_PATH, WORK_DIR},
};
use serde_json::{Value, json};

use super::Site;

/// Any user but root; 65532 is what distroless images call nonroot.
const USER: i64 = 65532;
/// Seconds for which a token is good; the kubelet renews it.
const TOKEN_SECONDS: i64 = 3600;
/// Drain, dump and upload.
const GRACE_SECONDS: i64 = 120;

/// What differs between the roles.
pub(super) struct Pod<'a> {
    /// Name of the main container.
    pub(super) container: &'static str,
    /// Image of the main container.
    pub(super) image: &'a str,
    /// Where the agent comes from.
    pub(super) agent_image: &'a str,
    /// What the agent is told.
    pub(super) config: &'a AgentConfig,
    /// The function's own environment.
    pub(super) env: &'a [EnvVar],
    /// Requests and limits.
    pub(super) resources: Value,
    /// Size of the writable volume.
    pub(super) work_size: &'static str,
    /// `kubernetes.io/arch` of the node, where it matters.
    pub(super) architecture: Option<&'a str>,
    /// Whether the container is over once its work is done.
    pub(super) restart_policy: &'static str,
}

/// CPU as requested, memory as requested and as limit.
pub(super) fn resources(resources: Resources) -> Value {
    let memory = format!("{}Mi", resources.memory_mebibytes);
    json!({"requests": {"cpu": format!("{}m", resources.cpu_millis), "memory": memory}, "limits": {"memory": memory}})
}

impl Pod<'_> {
    /// The pod's spec.
    pub(super) fn render(&self, site: Site<'_>) -> Value {
        let mut spec = json!({
            "serviceAccountName": names::service_account(&site.function.name),
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "restartPolicy": self.restart_policy,
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [self.install(site)],
            "containers": [self.main()],
            "volumes": [
                {"name": "bin", "emptyDir": {"sizeLimit": "256Mi"}},
                {"name": "work", "emptyDir": {"sizeLimit": self.work_size}},
                {"name": "token", "projected": {"sources": [
                    {"serviceAccountToken": {"audience": DEPOT_AUDIENCE, "expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                    {"configMap": {"name": TRUST_CONFIG_MAP, "items": [{"key": TRUST_KEY, "path": TRUST_KEY}]}},
                ]}},
            ],
        });
        if let Some(architecture) = self.architecture {
            spec["nodeSelector"] = json!({"kubernetes.io/arch": architecture});
        }
        spec
    }

    fn install(&self, site: Site<'_>) -> Value {
        json!({
            "name": "install",
            "image": self.agent_image,
            "imagePullPolicy": site.config.image_pull_policy,
            "args": ["install-agent", INSTALL_DIR],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": security_context(),
            "volumeMounts": [{"name": "bin", "mountPath": INSTALL_DIR}],
        })
    }

    fn main(&self) -> Value {
        json!({
            "name": self.container,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": [AGENT_PATH, "agent"],
            "env": self.environment(),
            "resources": self.resources,
            "securityContext": security_context(),
            "volumeMounts": [
                {"name": "bin", "mountPath": INSTALL_DIR, "readOnly": true},
                {"name": "work", "mountPath": WORK_DIR},
                // Java programs, compilers among them, know no TMPDIR.
                {"name": "work", "mountPath": "/tmp", "subPath": "tmp"},
                {"name": "token", "mountPath": TOKEN_PATH.trim_end_matches("/token"), "readOnly": true},
            ],
        })
    }

    fn environment(&self) -> Vec<Value> {
        let config = serde_json::to_string(self.config).unwrap_or_default();
        let field = |name: &str, path: &str| json!({"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}});
        let mut environment: Vec<Value> = self.env.iter().map(variable).collect();
        environment.extend([
            json!({"name": CONFIG_VARIABLE, "value": config}),
            field(POD_NAME_VARIABLE, "metadata.name"),
            field(POD_UID_VARIABLE, "metadata.uid"),
            json!({"name": "HOME", "value": WORK_DIR}),
            json!({"name": "TMPDIR", "value": format!("{WORK_DIR}/tmp")}),
        ]);
        environment
    }
}

fn variable(variable: &EnvVar) -> Value {
    let EnvVar { name, value } = variable;
    match value {
        // The apiserver leaves an empty value out.
        EnvValue::Text(text) if text.is_empty() => json!({"name": name}),
        EnvValue::Text(text) => json!({"name": name, "value": text}),
        EnvValue::Secret { name: secret, key } => json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}),
        EnvValue::ConfigMap { name: map, key } => json!({"name": name, "valueFrom": {"configMapKeyRef": {"name": map, "key": key}}}),
    }
}

fn security_context() -> Value {
    json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})
}
