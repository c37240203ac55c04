//! The store as it really is: read by a pod beside the product, with keys of its own.

use std::io::Read as _;

use anyhow::{Context, Result, ensure};

use serde_json::Value;

use crate::{OPERATOR_NAMESPACE, kube::Kube};

/// Namespace and Deployment of the pod that can look into the store (brought by `cargo xtask test`).
const NAMESPACE: &str = "anneal-look";

/// Every object below a prefix, `key size` a line, sorted.
///
/// # Errors
/// When the pod does not answer.
pub fn list(kube: &Kube, prefix: &str) -> Result<Vec<String>> {
    Ok(look(kube, &["list", prefix])?.lines().map(str::to_owned).collect())
}

/// An object's text.
///
/// # Errors
/// When it is not there.
pub fn text(kube: &Kube, key: &str) -> Result<String> {
    look(kube, &["get", key])
}

/// An object's bytes, inflated where they are gzip.
///
/// # Errors
/// When it is not there or damaged.
pub fn bytes(kube: &Kube, key: &str) -> Result<Vec<u8>> {
    let mut command = kube.command();
    command.args(["exec", "-n", NAMESPACE, "deployment/look", "--", "/anneal-e2e", "store", "get", key]);
    let output = command.output().context("cannot start kubectl")?;
    ensure!(
        output.status.success(),
        "cannot read {key}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    if !output.stdout.starts_with(&[0x1f, 0x8b]) {
        return Ok(output.stdout);
    }
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(output.stdout.as_slice())
        .read_to_end(&mut inflated)
        .with_context(|| format!("{key} is damaged"))?;
    Ok(inflated)
}

/// A grant that the depot gives to a pod of a Function, by a token of the pod's account that is bound to it.
///
/// # Errors
/// When the depot refuses.
pub fn grant(kube: &Kube, pod: &Value, request: &Value) -> Result<String> {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let bound = [
        ("namespace", text("/metadata/namespace")),
        ("audience", "anneal-depot"),
        ("bound-object-kind", "Pod"),
        ("bound-object-name", text("/metadata/name")),
        ("bound-object-uid", text("/metadata/uid")),
    ]
    .map(|(name, value)| format!("--{name}={value}"));
    let mut create = vec!["create", "token", text("/spec/serviceAccountName")];
    create.extend(bound.iter().map(String::as_str));
    let token = kube.run(&create)?;
    let trust = kube.get(OPERATOR_NAMESPACE, &["configmap", "anneal-trust"])?;
    // In one word: a certificate begins with a dash.
    let authorities = format!(
        "--authorities={}",
        trust["data"]["ca.crt"].as_str().context("anneal-trust holds no ca.crt")?
    );
    let depot = format!("https://anneal-depot.{OPERATOR_NAMESPACE}.svc.cluster.local:8081");
    let request = request.to_string();
    let asked = ["--depot", &depot, &authorities, "--token", token.trim(), &request];
    tool(kube, &[&["grant", "ask"], asked.as_slice()].concat())
}

/// Uses a grant; gives the store's status.
///
/// # Errors
/// When the store does not answer.
pub fn use_grant(kube: &Kube, grant: &str, body: &str) -> Result<u16> {
    let status = tool(kube, &["grant", "use", grant.trim(), body])?;
    status.trim().parse().with_context(|| format!("{status:?} is no status"))
}

fn look(kube: &Kube, action: &[&str]) -> Result<String> {
    tool(kube, &[&["store"], action].concat())
}

fn tool(kube: &Kube, arguments: &[&str]) -> Result<String> {
    kube.run(&[&["exec", "-n", NAMESPACE, "deployment/look", "--", "/anneal-e2e"], arguments].concat())
}
