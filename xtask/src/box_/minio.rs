//! MinIO in a cluster: the store that the operator and the suites use.
//!
//! Its root key is made when it is first applied, and lives in the cluster only.

use std::fs::{self, File};
use std::io::Read;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::{apt, cache, images, process};

const NAMESPACE: &str = "minio";
const SERVICE: &str = "minio";
const PORT: u16 = 9000;
const BUCKET: &str = "anneal";

/// How to reach the store.
#[derive(Clone, Debug)]
pub(crate) struct MinioInfo {
    /// From inside the cluster.
    pub(crate) endpoint: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) bucket: String,
}

/// Starts MinIO with an empty bucket, or finds the one that runs.
pub(crate) fn minio_up(cluster: &Cluster) -> Result<MinioInfo> {
    let root = cache::repository();
    if !cluster.has_images() {
        images::load(cluster, &images::build(&root, &[images::Kind::Minio])?)?;
    }
    let path = root.join("e2e/box/minio.yaml");
    let manifest = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    cluster.apply(&manifest)?;
    let (access_key, secret_key) = match stored_keys(cluster)? {
        Some(keys) => keys,
        None => make_keys(cluster)?,
    };
    cluster
        .wait_for_deployment(NAMESPACE, "minio", Duration::from_secs(90))
        .context("MinIO did not start")?;
    let info = MinioInfo {
        endpoint: format!("http://{SERVICE}.{NAMESPACE}.svc.cluster.local:{PORT}"),
        access_key,
        secret_key,
        bucket: BUCKET.to_owned(),
    };
    process::wait_until("the bucket exists", Duration::from_secs(30), || info.make_bucket(cluster))?;
    Ok(info)
}

impl MinioInfo {
    fn make_bucket(&self, cluster: &Cluster) -> Result<()> {
        apt::need("curl", "curl")?;
        let forward = cluster.forward(NAMESPACE, SERVICE, PORT)?;
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--max-time", "10", "--config", "-"])
            .args([
                "--aws-sigv4",
                "aws:amz:us-east-1:s3",
                "--request",
                "PUT",
                "--write-out",
                "%{http_code}",
            ])
            .arg(format!("http://{}/{}", forward.address(), self.bucket));
        // By standard input: no list of processes shows the key there.
        let user = format!("user = \"{}:{}\"\n", self.access_key, self.secret_key);
        let answer = process::output_with_input(&mut command, user.as_bytes())?;
        // 409: it is there already, and ours.
        ensure!(answer.ends_with("200") || answer.ends_with("409"), "MinIO answered {answer}");
        Ok(())
    }
}

fn stored_keys(cluster: &Cluster) -> Result<Option<(String, String)>> {
    let mut get = cluster.kubectl();
    get.args([
        "get",
        "secret",
        "minio-root",
        "--namespace",
        NAMESPACE,
        "--ignore-not-found",
        "--output=json",
    ]);
    let text = process::output(&mut get).context("cannot read MinIO's keys")?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let secret: Value = serde_json::from_str(&text).context("kubectl's answer is not JSON")?;
    let key = |name: &str| {
        let text = secret["data"][name]
            .as_str()
            .with_context(|| format!("MinIO's Secret has no {name}"))?;
        cache::from_base64(text)
    };
    Ok(Some((key("accessKey")?, key("secretKey")?)))
}

fn make_keys(cluster: &Cluster) -> Result<(String, String)> {
    let mut random = [0_u8; 30];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut random))
        .context("cannot read random bytes")?;
    let text = cache::hex(&random);
    let (access, secret) = text.split_at(20);
    let object = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "minio-root", "namespace": NAMESPACE},
        "stringData": {"accessKey": access, "secretKey": secret},
    });
    cluster.apply(&object.to_string())?;
    Ok((access.to_owned(), secret.to_owned()))
}
