//! Which programs a box runs, with which arguments, and what each waits for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::config::{NODE, NODE_ADDRESS, POD_RANGE, SERVICE_RANGE};
use super::state::State;
use crate::go_parts;

const ETCD_PORT: u16 = 2379;

/// What must be there before a component starts.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum After {
    Nothing,
    File(PathBuf),
    Port(u16),
}

/// One program that runs as long as the box does.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) log: PathBuf,
    pub(crate) after: After,
}

/// The folders of the programs that are built and not installed.
#[derive(Debug)]
pub(crate) struct Programs {
    kubernetes: PathBuf,
    etcd: PathBuf,
    coredns: Option<PathBuf>,
}

impl Programs {
    pub(crate) fn build(control_plane_only: bool) -> Result<Self> {
        let coredns = if control_plane_only {
            None
        } else {
            Some(go_parts::COREDNS.folder()?)
        };
        Ok(Self {
            kubernetes: go_parts::KUBERNETES.folder()?,
            etcd: go_parts::ETCD.folder()?,
            coredns,
        })
    }

    pub(crate) fn kubectl(&self) -> PathBuf {
        self.kubernetes.join("kubectl")
    }
}

/// All components of a box.
pub(crate) fn components(state: &State, programs: &Programs, control_plane_only: bool) -> Vec<Component> {
    let mut components = vec![
        etcd(state, programs),
        apiserver(state, programs),
        controller_manager(state, programs),
    ];
    if !control_plane_only {
        components.push(containerd(state));
        components.push(scheduler(state, programs));
        components.push(kubelet(state, programs));
        components.push(proxy(state, programs));
        components.extend(coredns(state, programs));
    }
    components
}

fn component(state: &State, name: &str, program: PathBuf, after: After, arguments: Vec<String>) -> Component {
    Component {
        name: name.to_owned(),
        program,
        arguments,
        environment: BTreeMap::new(),
        log: state.logs().join(format!("{name}.log")),
        after,
    }
}

fn etcd(state: &State, programs: &Programs) -> Component {
    let client = format!("http://127.0.0.1:{ETCD_PORT}");
    let arguments = vec![
        flag("data-dir", state.path("etcd/data").display()),
        flag("listen-client-urls", &client),
        flag("advertise-client-urls", &client),
        flag("listen-peer-urls", "http://127.0.0.1:2380"),
        flag("initial-advertise-peer-urls", "http://127.0.0.1:2380"),
        flag("initial-cluster", "default=http://127.0.0.1:2380"),
        flag("quota-backend-bytes", 4_u64 << 30),
        flag("log-level", "warn"),
        // The data lives as long as the box: no need to wait for the disk.
        "--unsafe-no-fsync".to_owned(),
    ];
    component(state, "etcd", programs.etcd.join("etcd"), After::Nothing, arguments)
}

fn apiserver(state: &State, programs: &Programs) -> Component {
    let pki = |name: &str| state.pki(name).display().to_string();
    let arguments = vec![
        flag("etcd-servers", format!("http://127.0.0.1:{ETCD_PORT}")),
        flag("advertise-address", NODE_ADDRESS),
        flag("secure-port", 6443),
        flag("service-cluster-ip-range", SERVICE_RANGE),
        flag("tls-cert-file", pki("apiserver.crt")),
        flag("tls-private-key-file", pki("apiserver.key")),
        flag("client-ca-file", pki("ca.crt")),
        flag("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
        flag("service-account-key-file", pki("service-accounts.pub")),
        flag("service-account-signing-key-file", pki("service-accounts.key")),
        flag("authorization-mode", "Node,RBAC"),
        flag("enable-admission-plugins", "NodeRestriction,PodSecurity"),
        flag("allow-privileged", true),
        flag("kubelet-client-certificate", pki("apiserver-kubelet-client.crt")),
        flag("kubelet-client-key", pki("apiserver-kubelet-client.key")),
        // The node's name resolves nowhere; `kubectl logs` would look it up.
        flag("kubelet-preferred-address-types", "InternalIP"),
        flag("audit-policy-file", state.path("audit-policy.json").display()),
        flag("audit-log-path", state.audit_log().display()),
        flag("audit-log-maxsize", 500),
        flag("audit-log-maxbackup", 10),
        flag("profiling", false),
    ];
    let program = programs.kubernetes.join("kube-apiserver");
    component(state, "kube-apiserver", program, After::Port(ETCD_PORT), arguments)
}

fn controller_manager(state: &State, programs: &Programs) -> Component {
    let pki = |name: &str| state.pki(name).display().to_string();
    let arguments = vec![
        flag("kubeconfig", state.path("controller-manager.kubeconfig").display()),
        flag("use-service-account-credentials", true),
        flag("service-account-private-key-file", pki("service-accounts.key")),
        flag("root-ca-file", pki("ca.crt")),
        flag("cluster-signing-cert-file", pki("ca.crt")),
        flag("cluster-signing-key-file", pki("ca.key")),
        flag("leader-elect", false),
        flag("bind-address", "127.0.0.1"),
        flag("profiling", false),
    ];
    let program = programs.kubernetes.join("kube-controller-manager");
    component(state, "kube-controller-manager", program, ready(state), arguments)
}

fn scheduler(state: &State, programs: &Programs) -> Component {
    let arguments = vec![
        flag("kubeconfig", state.path("scheduler.kubeconfig").display()),
        flag("leader-elect", false),
        flag("bind-address", "127.0.0.1"),
        flag("profiling", false),
    ];
    component(
        state,
        "kube-scheduler",
        programs.kubernetes.join("kube-scheduler"),
        ready(state),
        arguments,
    )
}

fn containerd(state: &State) -> Component {
    let arguments = vec![flag("config", state.path("containerd.toml").display())];
    component(state, "containerd", PathBuf::from("/usr/bin/containerd"), After::Nothing, arguments)
}

fn kubelet(state: &State, programs: &Programs) -> Component {
    let arguments = vec![
        flag("config", state.path("kubelet.json").display()),
        flag("kubeconfig", state.path("kubelet.kubeconfig").display()),
        flag("root-dir", state.path("kubelet").display()),
        flag("cert-dir", state.path("kubelet/pki").display()),
        flag("hostname-override", NODE),
        flag("node-ip", NODE_ADDRESS),
    ];
    component(state, "kubelet", programs.kubernetes.join("kubelet"), ready(state), arguments)
}

fn proxy(state: &State, programs: &Programs) -> Component {
    let arguments = vec![
        flag("kubeconfig", state.path("proxy.kubeconfig").display()),
        flag("hostname-override", NODE),
        flag("proxy-mode", "nftables"),
        flag("cluster-cidr", POD_RANGE),
        flag("oom-score-adj", 0),
        // These would be written to sysctls that are not ours to write.
        flag("conntrack-max-per-core", 0),
        flag("conntrack-min", 0),
        flag("conntrack-tcp-timeout-established", "0s"),
        flag("conntrack-tcp-timeout-close-wait", "0s"),
    ];
    component(state, "kube-proxy", programs.kubernetes.join("kube-proxy"), ready(state), arguments)
}

fn coredns(state: &State, programs: &Programs) -> Option<Component> {
    let program = programs.coredns.as_ref()?.join("coredns");
    let arguments = vec!["-conf".to_owned(), state.path("Corefile").display().to_string()];
    Some(component(state, "coredns", program, ready(state), arguments))
}

fn ready(state: &State) -> After {
    After::File(state.control_plane_ready())
}

fn flag(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}
