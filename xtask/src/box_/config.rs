//! The files that the box's components read, and the objects of the cluster's DNS.
//!
//! JSON is YAML: all of them are written as JSON, but for the two formats that are neither.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::cgroups;
use super::state::State;

/// The only node.
pub(crate) const NODE: &str = "box";
/// The node's address.
pub(crate) const NODE_ADDRESS: &str = "10.95.0.1";
/// Addresses of pods.
pub(crate) const POD_RANGE: &str = "10.244.0.0/16";
/// Addresses of Services.
pub(crate) const SERVICE_RANGE: &str = "10.96.0.0/16";
/// The Service of the cluster's DNS.
pub(crate) const DNS_ADDRESS: &str = "10.96.0.10";
/// Where containerd listens, inside the box.
pub(crate) const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";

/// What the kubelet wants of the kernel, below /proc/sys.
pub(crate) const KUBELET_SYSCTLS: &[(&str, &str)] = &[
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// Writes every file; `port` is where the host reaches the apiserver.
pub(crate) fn write(state: &State, port: u16) -> Result<()> {
    let inside = "https://127.0.0.1:6443";
    state.write_json("kubeconfig", &kubeconfig(state, &format!("https://127.0.0.1:{port}"), "admin"))?;
    state.write_json("kubeconfig-inside", &kubeconfig(state, inside, "admin"))?;
    for client in ["controller-manager", "scheduler", "proxy", "coredns", "kubelet"] {
        state.write_json(&format!("{client}.kubeconfig"), &kubeconfig(state, inside, client))?;
    }
    state.write_json("audit-policy.json", &audit_policy())?;
    state.write_json("kubelet.json", &kubelet(state))?;
    state.write_json("cni/10-box.conflist", &cni(state))?;
    let text = |name: &str, content: String| {
        let path = state.path(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
    };
    text("containerd.toml", containerd(state))?;
    text("Corefile", corefile(state))?;
    text(
        "resolv.conf",
        format!("search svc.cluster.local cluster.local\nnameserver {NODE_ADDRESS}\n"),
    )
}

fn kubeconfig(state: &State, server: &str, client: &str) -> Value {
    let path = |name: String| state.pki(&name);
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "box",
        "clusters": [{"name": "box", "cluster": {
            "server": server, "certificate-authority": state.pki("ca.crt")}}],
        "users": [{"name": client, "user": {
            "client-certificate": path(format!("{client}.crt")), "client-key": path(format!("{client}.key"))}}],
        "contexts": [{"name": "box", "context": {"cluster": "box", "user": client, "namespace": "default"}}],
    })
}

/// Who did what to which object, without bodies. The suites count writes in this log, so only the
/// reads and the heartbeats of the control plane itself are left out.
fn audit_policy() -> Value {
    json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*", "/openapi*", "/version*", "/api*"]},
            {"level": "None", "verbs": ["get", "list", "watch"], "users": [
                "system:apiserver", "system:kube-controller-manager", "system:kube-scheduler",
                "system:kube-proxy", "system:coredns", "system:node:box"]},
            {"level": "None", "verbs": ["get", "list", "watch"], "userGroups": ["system:serviceaccounts:kube-system"]},
            {"level": "None", "users": ["system:node:box", "system:apiserver"],
             "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
            {"level": "Metadata"},
        ],
    })
}

fn kubelet(state: &State) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": false}, "webhook": {"enabled": true, "cacheTTL": "2m"},
            "x509": {"clientCAFile": state.pki("ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "address": "0.0.0.0",
        "containerRuntimeEndpoint": format!("unix://{CONTAINERD_SOCKET}"),
        "cgroupDriver": "cgroupfs", "cgroupRoot": cgroups::root(state), "failCgroupV1": false,
        "failSwapOn": false, "protectKernelDefaults": true, "oomScoreAdj": 0,
        "resolvConf": "", "clusterDNS": [DNS_ADDRESS], "clusterDomain": "cluster.local",
        "maxPods": 110, "serializeImagePulls": false, "containerLogMaxSize": "50Mi",
        "registryPullQPS": 0, "eventRecordQPS": 0, "nodeStatusUpdateFrequency": "10s",
        "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99, "imageMinimumGCAge": "24h",
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%"},
        "systemReserved": {"cpu": "50m", "memory": "256Mi"}, "enforceNodeAllocatable": ["pods"],
        "volumePluginDir": state.path("kubelet").join("volume-plugins"),
        "podLogsDir": "/var/log/pods", "logging": {"verbosity": 1},
    })
}

/// A link per pod, all traffic routed: with a bridge, answers between pods on it would pass by the
/// address translation of Services on kernels without `br_netfilter`.
fn cni(state: &State) -> Value {
    json!({
        "cniVersion": "1.0.0", "name": "box",
        "plugins": [
            {"type": "ptp", "ipMasq": false,
             "ipam": {"type": "host-local", "dataDir": state.path("cni-addresses"),
                      "ranges": [[{"subnet": POD_RANGE}]], "routes": [{"dst": "0.0.0.0/0"}]}},
            {"type": "portmap", "capabilities": {"portMappings": true}, "snat": true},
        ],
    })
}

fn containerd(state: &State) -> String {
    let quoted = |path: &Path| format!("{:?}", path.display().to_string());
    format!(
        r#"version = 2
root = {root}
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "anneal.dev/pause:dev"
# Lowering a score takes a right that a virtual machine's root may lack; runc then dies.
restrict_oom_score_adj = true
disable_hugetlb_controller = true
tolerate_missing_hugetlb_controller = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = {cni}
"#,
        root = quoted(&state.path("containerd")),
        cni = quoted(&state.path("cni")),
    )
}

/// Names outside the cluster get a quick "no": nothing out there can be reached.
fn corefile(state: &State) -> String {
    format!(
        r#"cluster.local in-addr.arpa ip6.arpa {{
    bind {NODE_ADDRESS}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig "{}"
        pods insecure
        ttl 5
    }}
    cache 5
    loadbalance
}}
. {{
    bind {NODE_ADDRESS}
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
}}
"#,
        state.path("coredns.kubeconfig").display()
    )
}

/// `CoreDNS` runs on the node and not as a pod; its Service therefore names its endpoint by hand.
pub(crate) fn dns_objects() -> String {
    let labels = json!({"kubernetes.io/service-name": "kube-dns", "k8s-app": "kube-dns"});
    let ports = |target: bool| -> Vec<Value> {
        [("dns", "UDP"), ("dns-tcp", "TCP")]
            .iter()
            .map(|(name, protocol)| {
                let mut port = json!({"name": name, "port": 53, "protocol": protocol});
                if target {
                    port["targetPort"] = json!(53);
                }
                port
            })
            .collect()
    };
    let read = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["list", "watch"]});
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Service",
         "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
         "spec": {"clusterIP": DNS_ADDRESS, "ports": ports(true)}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
         "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": labels},
         "endpoints": [{"addresses": [NODE_ADDRESS], "conditions": {"ready": true}}], "ports": ports(false)},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "box:coredns"},
         "rules": [read("", &["endpoints", "services", "pods", "namespaces"]),
                   read("discovery.k8s.io", &["endpointslices"])]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "box:coredns"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "box:coredns"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:coredns"}]},
    ]})
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::{audit_policy, dns_objects};

    #[test]
    fn audit_keeps_every_write_to_objects() {
        let policy = audit_policy();
        let rules = policy["rules"].as_array().expect("the policy has rules");
        assert_eq!(rules.last().expect("it has some")["level"], "Metadata");
        for rule in &rules[..rules.len() - 1] {
            let narrow = !rule["verbs"].is_null() || !rule["nonResourceURLs"].is_null() || !rule["users"].is_null();
            assert!(narrow, "{rule}");
        }
    }

    #[test]
    fn dns_service_has_both_protocols() {
        let objects = dns_objects();
        assert!(objects.contains("UDP") && objects.contains("TCP"));
    }
}
