//! The apiserver's audit log: what the operator's accounts really wrote.

use std::{ffi::OsString, path::PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{OPERATOR_NAMESPACE, kube::AUDIT_VARIABLE};

/// The audit log of the cluster under test.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

/// A mutating request that was answered.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Write {
    /// `create`, `patch`, …
    pub verb: String,
    /// `deployments`, `functions/status`, …
    pub resource: String,
    /// Name of the object; empty for creations of unnamed ones.
    pub name: String,
}

impl Audit {
    /// The log that the environment names; none where it cannot be read.
    pub fn from_environment() -> Option<Self> {
        std::env::var_os(AUDIT_VARIABLE).map(|path: OsString| Self { path: path.into() })
    }

    /// How long the log is by now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn position(&self) -> Result<usize> {
        Ok(usize::try_from(
            std::fs::metadata(&self.path).context("cannot read the audit log")?.len(),
        )?)
    }

    /// Writes of the operator's accounts to objects of a namespace since a position, Events apart.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn writes(&self, since: usize, namespace: &str) -> Result<Vec<Write>> {
        let ours = format!("system:serviceaccount:{OPERATOR_NAMESPACE}:");
        let is_ours = |event: &Value| event["user"]["username"].as_str().is_some_and(|name| name.starts_with(&ours));
        let events = self.events(since)?;
        let mine = events
            .iter()
            .filter(|event| is_ours(event) && event["objectRef"]["namespace"] == namespace);
        Ok(mine.filter_map(write).filter(|write| write.resource != "events").collect())
    }

    /// Every event about pods of a namespace that broke Pod Security `restricted`, as the apiserver noted it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn pod_security_violations(&self, namespace: &str) -> Result<Vec<Value>> {
        let violates = |event: &Value| !event["annotations"]["pod-security.kubernetes.io/audit-violations"].is_null();
        Ok(self
            .events(0)?
            .into_iter()
            .filter(|event| event["objectRef"]["namespace"] == namespace && violates(event))
            .collect())
    }

    fn events(&self, since: usize) -> Result<Vec<Value>> {
        let log = std::fs::read(&self.path).context("cannot read the audit log")?;
        let text = String::from_utf8_lossy(log.get(since..).unwrap_or_default()).into_owned();
        // A position may lie within a line.
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

fn write(event: &Value) -> Option<Write> {
    let (verb, object) = (event["verb"].as_str()?, &event["objectRef"]);
    let mutating = ["create", "update", "patch", "delete", "deletecollection"].contains(&verb);
    let answered = event["stage"] == "ResponseComplete" && event["responseStatus"]["code"].as_u64().is_some_and(|code| code < 400);
    let resource = match object["subresource"].as_str() {
        Some(subresource) => format!("{}/{subresource}", object["resource"].as_str()?),
        None => object["resource"].as_str()?.to_owned(),
    };
    let name = object["name"].as_str().unwrap_or_default().to_owned();
    (mutating && answered).then(|| Write {
        verb: verb.to_owned(),
        resource,
        name,
    })
}
