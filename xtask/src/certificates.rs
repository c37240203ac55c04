//! Certificates of private authorities, made by openssl for tests: without passwords.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Without a file of our own, openssl adds the extensions of an authority to every certificate.
const OPENSSL_CONFIG: &str = "[req]\ndistinguished_name = name\nprompt = no\n[name]\n";
const CONFIG_FILE: &str = "openssl.cnf";

/// Writes `ca.key` and `ca.crt` into a folder.
pub(crate) fn authority(folder: &Path, subject: &str) -> Result<()> {
    fs::write(folder.join(CONFIG_FILE), OPENSSL_CONFIG).context("cannot write openssl's configuration")?;
    make(
        folder,
        "ca",
        subject,
        &["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"],
        &[],
    )
}

/// Writes a key and a certificate that the folder's authority has signed.
pub(crate) fn issue(folder: &Path, name: &str, subject: &str, extensions: &[&str]) -> Result<()> {
    let signer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:false"];
    make(folder, name, subject, extensions, &signer)
}

fn make(folder: &Path, name: &str, subject: &str, extensions: &[&str], more: &[&str]) -> Result<()> {
    let mut command = Command::new("openssl");
    command.current_dir(folder);
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]);
    command.args(["-sha256", "-days", "3650", "-subj", subject, "-config", CONFIG_FILE]);
    command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
    command.args(more);
    for extension in extensions {
        command.args(["-addext", extension]);
    }
    process::output(&mut command)
        .with_context(|| format!("cannot make the certificate {name:?}"))
        .map(drop)
}
