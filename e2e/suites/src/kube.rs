//! `kubectl` on the cluster that was named, and on no other.

use std::{
    ffi::OsString,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Variable with the path of `kubectl`.
pub const KUBECTL_VARIABLE: &str = "ANNEAL_E2E_KUBECTL";
/// Variable with the name of the context, when it is not the kubeconfig's own.
pub const CONTEXT_VARIABLE: &str = "ANNEAL_E2E_CONTEXT";
/// Variable with the path of the apiserver's audit log, where it can be read.
pub const AUDIT_VARIABLE: &str = "ANNEAL_E2E_AUDIT_LOG";
/// Variable with the seconds for which nothing may be written; 120 when it is not set.
pub const QUIET_VARIABLE: &str = "ANNEAL_E2E_QUIET_SECONDS";

/// A way to talk to one cluster.
#[derive(Clone, Debug)]
pub struct Kube {
    kubectl: OsString,
    kubeconfig: Option<OsString>,
    context: Option<OsString>,
}

impl Kube {
    /// The cluster behind a kubeconfig or a context of the user's own.
    pub fn new(kubectl: impl Into<OsString>, kubeconfig: Option<OsString>, context: Option<OsString>) -> Self {
        Self {
            kubectl: kubectl.into(),
            kubeconfig,
            context,
        }
    }

    /// The cluster that the environment names: `KUBECONFIG` and the variables above.
    ///
    /// # Errors
    /// When no `kubectl` is named: a suite never guesses a cluster.
    pub fn from_environment() -> Result<Self> {
        let kubectl =
            std::env::var_os(KUBECTL_VARIABLE).with_context(|| format!("{KUBECTL_VARIABLE} is not set: run `cargo xtask test`"))?;
        Ok(Self::new(kubectl, None, std::env::var_os(CONTEXT_VARIABLE)))
    }

    /// Who the apiserver takes the bearer of a token for.
    ///
    /// # Errors
    /// What it says to a token it does not accept.
    pub fn whoami(&self, token: &str) -> Result<String> {
        let server = self.run(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"])?;
        let arguments = [
            "--kubeconfig",
            "/dev/null",
            "--server",
            &server,
            "--insecure-skip-tls-verify",
            "--token",
            token,
            "auth",
            "whoami",
        ];
        let output = Command::new(&self.kubectl)
            .args(arguments)
            .output()
            .context("cannot start kubectl")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A `kubectl` command to add arguments to.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        if let Some(kubeconfig) = &self.kubeconfig {
            command.env("KUBECONFIG", kubeconfig);
        }
        if let Some(context) = &self.context {
            command.arg("--context").arg(context);
        }
        command
    }

    /// Runs `kubectl` and gives what it wrote to its output.
    ///
    /// # Errors
    /// What it wrote to its error output.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .command()
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .context("cannot start kubectl")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "kubectl {}: {}", arguments.join(" "), said.trim());
        String::from_utf8(output.stdout).context("kubectl wrote no UTF-8")
    }

    /// An object, or a list of them.
    ///
    /// # Errors
    /// When it is not there or not JSON.
    pub fn get(&self, namespace: &str, what: &[&str]) -> Result<Value> {
        let text = self.run(&[&["get", "-n", namespace, "-o", "json"], what].concat())?;
        serde_json::from_str(&text).context("kubectl wrote no JSON")
    }

    /// Asks the apiserver what it would say to an object.
    ///
    /// # Errors
    /// What it says.
    pub fn dry_run(&self, object: &Value) -> Result<String> {
        self.send(
            object,
            &["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"],
        )
    }

    /// Applies an object; gives the warnings of the apiserver.
    ///
    /// # Errors
    /// What the apiserver says.
    pub fn apply(&self, object: &Value) -> Result<String> {
        self.send(object, &["apply", "--server-side", "--force-conflicts", "-f", "-"])
    }

    fn send(&self, object: &Value, arguments: &[&str]) -> Result<String> {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start kubectl")?;
        child
            .stdin
            .take()
            .context("standard input is piped")?
            .write_all(object.to_string().as_bytes())
            .context("kubectl reads no input")?;
        let output = child.wait_with_output().context("cannot wait for kubectl")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "kubectl apply: {}", said.trim());
        Ok(said)
    }

    /// Creates a namespace that enforces Pod Security `restricted`.
    ///
    /// # Errors
    /// What the apiserver says.
    pub fn namespace(&self, name: &str) -> Result<()> {
        let labels = json!({
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
            "pod-security.kubernetes.io/warn": "restricted",
            "pod-security.kubernetes.io/audit": "restricted",
        });
        self.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}))
            .map(drop)
    }

    /// Puts a jar into a ConfigMap under the key `app.jar`; gives the jar's digest.
    ///
    /// # Errors
    /// When the jar cannot be read or the apiserver refuses.
    pub fn jar(&self, namespace: &str, name: &str, jar: &Path) -> Result<String> {
        let bytes = std::fs::read(jar).with_context(|| format!("cannot read {}", jar.display()))?;
        self.jar_bytes(namespace, name, &bytes)
    }

    /// The same from memory.
    ///
    /// # Errors
    /// When the apiserver refuses.
    pub fn jar_bytes(&self, namespace: &str, name: &str, bytes: &[u8]) -> Result<String> {
        let metadata = json!({"name": name, "namespace": namespace});
        self.apply(
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "binaryData": {"app.jar": STANDARD.encode(bytes)}}),
        )?;
        Ok(digest(bytes))
    }
}

/// Hex SHA-256.
pub fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
