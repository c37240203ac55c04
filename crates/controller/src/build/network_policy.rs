//! Who may talk to a Function's pods, and to whom they may talk. Never the only guard.

use anneal_api::names::{LABEL_COMPONENT, LABEL_FUNCTION};
use anneal_core::names::{self, Role};
use anneal_protocol::{AGENT_PORT, DEPOT_PORT, FUNCTION_PORT};
use serde_json::{Value, json};

use super::{Site, meta};

/// Link-local networks, and where a cloud's metadata service gives out the node's credentials.
const LINK_LOCAL: Except = Except {
    four: &["169.254.0.0/16"],
    six: &["fe80::/10", "fd00:ec2::254/128"],
};
/// Networks that are not the public internet's: the agent refuses their addresses too, unless the operator allows them.
const NOT_PUBLIC: Except = Except {
    four: &[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    ],
    six: &["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
};
/// All addresses of the second family, and those of them that are public at all.
const ALL_SIX: &str = "::/0";
const PUBLIC_SIX: &str = "2000::/3";

/// Networks that are left out, by family.
struct Except {
    four: &'static [&'static str],
    six: &'static [&'static str],
}

/// One policy for each role.
pub(super) fn all(site: Site<'_>) -> Vec<Value> {
    Role::ALL.into_iter().map(|role| policy(site, role)).collect()
}

fn policy(site: Site<'_>, role: Role) -> Value {
    let name = names::network_policy(&site.function.name, role);
    let mut spec = json!({
        "podSelector": {"matchLabels": {LABEL_FUNCTION: site.function.name, LABEL_COMPONENT: role.as_str()}},
        "policyTypes": ["Ingress", "Egress"],
        "egress": egress(site, role),
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

fn egress(site: Site<'_>, role: Role) -> Vec<Value> {
    match role {
        // What a function talks to is its own business; the apiserver and the node's credentials are not.
        Role::Executor => vec![json!({"to": anywhere_but(site, &LINK_LOCAL, ALL_SIX)})],
        Role::Build => vec![dns(site), depot(site), store(site)],
        Role::Resolve => [dns(site), depot(site), store(site)].into_iter().chain(sources(site)).collect(),
    }
}

fn dns(site: Site<'_>) -> Value {
    let mut rule = json!({"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]});
    if !site.config.network_policy.dns.is_empty() {
        rule["to"] = json!(site.config.network_policy.dns);
    }
    rule
}

fn depot(site: Site<'_>) -> Value {
    let pods = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": site.config.gateway_service.namespace}},
        "podSelector": {"matchLabels": site.config.depot_selector},
    });
    json!({"to": [pods], "ports": [port(DEPOT_PORT)]})
}

fn store(site: Site<'_>) -> Value {
    let store = &site.config.network_policy.store;
    let to = if store.peers.is_empty() {
        anywhere_but(site, &LINK_LOCAL, ALL_SIX)
    } else {
        store.peers.clone()
    };
    let ports: Vec<Value> = store.ports.iter().copied().map(port).collect();
    if ports.is_empty() {
        json!({"to": to})
    } else {
        json!({"to": to, "ports": ports})
    }
}

/// Where jars may come from by URL.
fn sources(site: Site<'_>) -> Vec<Value> {
    let public = json!({"to": anywhere_but(site, &NOT_PUBLIC, PUBLIC_SIX), "ports": [port(80), port(443)]});
    let allowed = &site.config.sources.http.allowed_networks;
    let networks: Vec<Value> = allowed.iter().map(|network| json!({"ipBlock": {"cidr": cidr(network)}})).collect();
    let allowed = (!networks.is_empty()).then(|| json!({"to": networks}));
    [Some(public), allowed].into_iter().flatten().collect()
}

/// A single address is allowed too; a policy wants its prefix.
fn cidr(network: &str) -> String {
    match network.split_once('/') {
        Some(_) => network.to_owned(),
        None if network.contains(':') => format!("{network}/128"),
        None => format!("{network}/32"),
    }
}

/// Both families without these networks and without the apiserver.
fn anywhere_but(site: Site<'_>, except: &Except, six: &str) -> Vec<Value> {
    let api_server = || site.config.network_policy.api_server.iter().map(|network| cidr(network));
    let with = |networks: &[&str], of_apiserver: Vec<String>| {
        let networks = networks.iter().map(|network| (*network).to_owned());
        networks.chain(of_apiserver).collect::<Vec<String>>()
    };
    // What is left out must lie within what it is left out of.
    let is_within = |network: &String| six == ALL_SIX || network.starts_with(['2', '3']);
    let four = with(except.four, api_server().filter(|network| !network.contains(':')).collect());
    let of_six = api_server().filter(|network| network.contains(':')).filter(is_within);
    let excepted = with(except.six, of_six.collect());
    vec![
        json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": four}}),
        json!({"ipBlock": {"cidr": six, "except": excepted}}),
    ]
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
