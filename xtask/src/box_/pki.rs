//! The box's certificates, made by openssl: one authority, short lists of names, no password.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::config::{NODE, NODE_ADDRESS};
use super::state::State;
use crate::process;

/// Without a file of our own, openssl adds the extensions of an authority to every certificate.
const OPENSSL_CONFIG: &str = "[req]\ndistinguished_name = name\nprompt = no\n[name]\n";

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
    fs::write(state.pki("openssl.cnf"), OPENSSL_CONFIG).context("cannot write openssl's configuration")?;
    certificate(
        state,
        "ca",
        "/CN=box-ca",
        &["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"],
    )?;
    let names = format!(
        "subjectAltName=IP:127.0.0.1,IP:{NODE_ADDRESS},IP:10.96.0.1,DNS:localhost,DNS:{NODE},DNS:kubernetes,\
         DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
    );
    certificate(state, "apiserver", "/CN=kube-apiserver", &[&names, "extendedKeyUsage=serverAuth"])?;
    for (name, subject) in CLIENTS {
        certificate(state, name, subject, &["extendedKeyUsage=clientAuth"])?;
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

fn certificate(state: &State, name: &str, subject: &str, extensions: &[&str]) -> Result<()> {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]);
    command
        .args(["-sha256", "-days", "3650", "-subj", subject, "-config"])
        .arg(state.pki("openssl.cnf"));
    command.arg("-keyout").arg(state.pki(&format!("{name}.key")));
    command.arg("-out").arg(state.pki(&format!("{name}.crt")));
    if name != "ca" {
        command.arg("-CA").arg(state.pki("ca.crt")).arg("-CAkey").arg(state.pki("ca.key"));
        command.args(["-addext", "basicConstraints=critical,CA:false"]);
    }
    for extension in extensions {
        command.args(["-addext", extension]);
    }
    process::output(&mut command)
        .with_context(|| format!("cannot make the certificate {name:?}"))
        .map(drop)
}
