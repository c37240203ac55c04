//! The box's certificates: one authority, short lists of names.

use std::process::Command;

use anyhow::{Context, Result};

use super::config::{NODE, NODE_ADDRESS};
use super::state::State;
use crate::{certificates, process};

/// A client's file name and its subject; the subject decides what RBAC grants.
pub(crate) const CLIENTS: &[(&str, &str)] = &[
    ("admin", "/O=system:masters/CN=box-admin"),
    ("apiserver-kubelet-client", "/O=system:masters/CN=box-apiserver"),
    ("controller-manager", "/CN=system:kube-controller-manager"),
    ("scheduler", "/CN=system:kube-scheduler"),
    ("proxy", "/CN=system:kube-proxy"),
    ("coredns", "/CN=system:coredns"),
    ("kubelet", "/O=system:nodes/CN=system:node:box"),
];

/// Writes every key and certificate of the box.
pub(crate) fn write(state: &State) -> Result<()> {
    let folder = state.path("pki");
    certificates::authority(&folder, "/CN=box-ca")?;
    let names = format!(
        "subjectAltName=IP:127.0.0.1,IP:{NODE_ADDRESS},IP:10.96.0.1,DNS:localhost,DNS:{NODE},DNS:kubernetes,\
         DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
    );
    certificates::issue(&folder, "apiserver", "/CN=kube-apiserver", &[&names, "extendedKeyUsage=serverAuth"])?;
    for (name, subject) in CLIENTS {
        certificates::issue(&folder, name, subject, &["extendedKeyUsage=clientAuth"])?;
    }
    let mut key = Command::new("openssl");
    key.args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"])
        .arg(state.pki("service-accounts.key"));
    process::output(&mut key).context("cannot make the key of service accounts")?;
    let mut public = Command::new("openssl");
    public.args(["pkey", "-pubout", "-in"]).arg(state.pki("service-accounts.key"));
    public.arg("-out").arg(state.pki("service-accounts.pub"));
    process::output(&mut public)
        .context("cannot derive the public key of service accounts")
        .map(drop)
}
