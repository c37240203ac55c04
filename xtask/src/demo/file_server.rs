//! What the sample `filehash` downloads from: over HTTP, and over TLS with a certificate of a private authority.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use serde_json::json;

use super::samples::NAMESPACE;
use crate::{apt, certificates, cluster::Cluster, process};

/// Deploys it, with an authority that the function is told by a ConfigMap; that of an earlier demo stays, as its executors know it.
pub(crate) fn deploy(cluster: &Cluster, manifest: &Path) -> Result<()> {
    let mut known = cluster.kubectl();
    known.args([
        "get",
        "secret/fileserver-tls",
        "configmap/fileserver-authority",
        "--namespace",
        NAMESPACE,
    ]);
    if !process::succeeds(&mut known) {
        certify(cluster)?;
    }
    cluster.apply(&fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?)?;
    cluster.wait_for_deployment(NAMESPACE, "fileserver", Duration::from_secs(60))
}

fn certify(cluster: &Cluster) -> Result<()> {
    apt::need("openssl", "openssl")?;
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    certificates::authority(folder.path(), "/CN=file server's authority")?;
    let names = format!("subjectAltName=DNS:fileserver.{NAMESPACE},DNS:fileserver.{NAMESPACE}.svc");
    certificates::issue(folder.path(), "tls", "/CN=file server", &[&names, "extendedKeyUsage=serverAuth"])?;
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).with_context(|| format!("openssl made no {name}"));
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "fileserver-tls", "namespace": NAMESPACE},
        "stringData": {"tls.crt": read("tls.crt")?, "tls.key": read("tls.key")?},
    });
    let authority = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "fileserver-authority", "namespace": NAMESPACE},
        "data": {"ca.crt": read("ca.crt")?},
    });
    cluster.apply(&secret.to_string())?;
    cluster.apply(&authority.to_string())
}
