//! Who may talk to a Function's pods, and to whom they may talk. Never the only guard.

use anneal_api::names::{LABEL_COMPONENT, LABEL_FUNCTION};
use anneal_core::names::{self, Role};
use anneal_protocol::{AGENT_PORT, FUNCTION_PORT};
use serde_json::{Value, json};

use super::{Site, meta};

/// One policy for each role.
pub(super) fn all(site: Site<'_>) -> Vec<Value> {
    Role::ALL.into_iter().map(|role| policy(site, role)).collect()
}

fn policy(site: Site<'_>, role: Role) -> Value {
    let name = names::network_policy(&site.function.name, role);
    let mut spec = json!({
        "podSelector": {"matchLabels": {LABEL_FUNCTION: site.function.name, LABEL_COMPONENT: role.as_str()}},
        "policyTypes": ["Ingress", "Egress"],
        // Everything but link-local addresses: there a cloud's metadata service gives out the node's credentials.
        "egress": [{"to": [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}},
            {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10", "fd00:ec2::254/128"]}},
        ]}],
    });
    if role == Role::Executor {
        spec["ingress"] = json!([{"from": [gateways(site)], "ports": [port(FUNCTION_PORT), port(AGENT_PORT)]}]);
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta::metadata(site, &name, &meta::labels(site, role.as_str())),
        "spec": spec,
    })
}

fn gateways(site: Site<'_>) -> Value {
    json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": site.config.gateway_service.namespace}},
        "podSelector": {"matchLabels": site.config.gateway_selector},
    })
}

fn port(number: u16) -> Value {
    json!({"protocol": "TCP", "port": number})
}
