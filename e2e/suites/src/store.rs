//! The store as it really is: read by a pod beside the product, with keys of its own.

use std::io::Read as _;

use anyhow::{Context, Result, ensure};

use crate::kube::Kube;

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

fn look(kube: &Kube, action: &[&str]) -> Result<String> {
    kube.run(&[&["exec", "-n", NAMESPACE, "deployment/look", "--", "/anneal-e2e", "store"], action].concat())
}
