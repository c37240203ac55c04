//! The operator on a cluster, as a platform team would put it there: a Secret, two charts, helm.

use std::path::Path;

use anneal_suites::OPERATOR_NAMESPACE;
use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{box_, box_::MinioInfo, builder::Builder, cluster::Cluster, images, process};

/// Namespace of the pod with which the suites look into the store.
const LOOK_NAMESPACE: &str = "anneal-look";

/// Brings images, MinIO, the operator and a look into the store to a cluster; `values` are given to helm as they are.
pub(crate) fn everything(cluster: &Cluster, root: &Path, builder: Builder, built: &[images::Image], values: &[&str]) -> Result<()> {
    images::load(cluster, built)?;
    let minio = box_::minio_up(cluster)?;
    operator(cluster, &minio, root, builder, built, values)?;
    look(cluster, &minio)
}

/// Installs the charts, or upgrades them, and waits until every component is ready.
fn operator(cluster: &Cluster, minio: &MinioInfo, root: &Path, builder: Builder, built: &[images::Image], values: &[&str]) -> Result<()> {
    let kube = cluster.kube();
    kube.namespace(OPERATOR_NAMESPACE)?;
    kube.apply(&secret("anneal-store", OPERATOR_NAMESPACE, minio))?;
    let charts = root.join("charts");
    let mut definitions = cluster.helm()?;
    definitions
        .args(["upgrade", "--install", "anneal-crds"])
        .arg(charts.join("anneal-crds"));
    process::output(definitions.args(["--namespace", OPERATOR_NAMESPACE, "--wait"])).context("cannot install the definitions")?;
    let mut install = cluster.helm()?;
    install.args(["upgrade", "--install", "anneal"]).arg(charts.join("anneal"));
    install
        .args(["--namespace", OPERATOR_NAMESPACE, "--wait", "--timeout", "3m", "--values"])
        .arg(root.join("e2e/values/common.yaml"))
        .arg("--values")
        .arg(builder.values(root));
    for (key, value) in [("store.endpoint", &minio.endpoint), ("store.bucket", &minio.bucket)] {
        install.arg("--set").arg(format!("{key}={value}"));
    }
    // The tag stays the same when the image is built anew: what names the bytes is in the pods' annotations.
    let image = built
        .iter()
        .find(|image| image.name() == "anneal.dev/anneal:dev")
        .map(images::Image::digest)
        .unwrap_or_default();
    for component in ["controller", "depot", "gateway"] {
        install
            .arg("--set-string")
            .arg(format!("{component}.podAnnotations.anneal\\.dev/image={image}"));
    }
    for value in values {
        install.args(["--set", value]);
    }
    process::output(&mut install).context("cannot install the operator")?;
    Ok(())
}

/// Starts the pod with which the suites and the demo write and read the store.
fn look(cluster: &Cluster, minio: &MinioInfo) -> Result<()> {
    let kube = cluster.kube();
    kube.namespace(LOOK_NAMESPACE)?;
    kube.apply(&secret("store", LOOK_NAMESPACE, minio))?;
    kube.apply(&look_deployment(minio))?;
    cluster.wait_for_deployment(LOOK_NAMESPACE, "look", std::time::Duration::from_secs(60))
}

/// Puts bytes into the store, as a user who uploads a jar does.
pub(crate) fn upload(cluster: &Cluster, file: &Path, key: &str) -> Result<()> {
    let mut put = cluster.kubectl();
    put.args([
        "exec",
        "--stdin",
        "-n",
        LOOK_NAMESPACE,
        "deployment/look",
        "--",
        "/anneal-e2e",
        "store",
        "put",
        "/dev/stdin",
        key,
    ]);
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    process::output_with_input(&mut put, &bytes)
        .context("cannot upload to the store")
        .map(drop)
}

fn secret(name: &str, namespace: &str, minio: &MinioInfo) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "stringData": {"accessKey": minio.access_key, "secretKey": minio.secret_key},
    })
}

fn look_deployment(minio: &MinioInfo) -> Value {
    let from_secret = |name: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "store", "key": key}}});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "look", "namespace": LOOK_NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {"app": "look"}},
            "template": {
                "metadata": {"labels": {"app": "look"}},
                "spec": {
                    "automountServiceAccountToken": false,
                    "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [{
                        "name": "look",
                        "image": "anneal.dev/e2e:dev",
                        "imagePullPolicy": "IfNotPresent",
                        "args": ["serve-file", "--bytes", "1"],
                        "env": [
                            {"name": "ANNEAL_STORE_ENDPOINT", "value": minio.endpoint},
                            {"name": "ANNEAL_STORE_BUCKET", "value": minio.bucket},
                            from_secret("ANNEAL_STORE_ACCESS_KEY", "accessKey"),
                            from_secret("ANNEAL_STORE_SECRET_KEY", "secretKey"),
                        ],
                        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                    }],
                },
            },
        },
    })
}
