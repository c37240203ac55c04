//! What the sample `filehash` downloads from: over HTTP, and over TLS with a certificate of a private authority.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use serde_json::json;

use super::samples::NAMESPACE;
use crate::{apt, certificates, cluster::Cluster};

/// Deploys it with a new authority, which the function is told by a ConfigMap.
pub(crate) fn deploy(cluster: &Cluster, manifest: &Path) -> Result<()> {
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
    cluster.apply(&authority.to_string())?;
    cluster.apply(&fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?)?;
    // One of an earlier demo shows the certificate of an authority that is gone.
    let mut restart = cluster.kubectl();
    restart.args(["rollout", "restart", "deployment", "fileserver", "--namespace", NAMESPACE]);
    crate::process::output(&mut restart)?;
    cluster.wait_for_deployment(NAMESPACE, "fileserver", Duration::from_secs(60))
}
