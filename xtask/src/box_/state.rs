//! Where a box keeps its files, and how its processes are found again.
//!
//! Processes are found by their command line in /proc, not by a recorded number: that holds after a
//! crash at any point and cannot hit a process that got the number later.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use super::daemon;
use crate::cache;

/// The name of a box that nobody named.
pub(crate) const DEFAULT_NAME: &str = "box";

/// What later commands must know about a running box.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) port: u16,
    pub(crate) control_plane_only: bool,
    pub(crate) kubectl: PathBuf,
}

/// The folder of one box.
#[derive(Clone, Debug)]
pub(crate) struct State {
    name: String,
    folder: PathBuf,
}

impl State {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let valid = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || name.len() > 20 || !name.chars().all(valid) {
            bail!("a box's name must have 1 to 20 lower-case letters, digits or dashes, and {name:?} has not");
        }
        Ok(Self {
            name: name.to_owned(),
            folder: cache::folder("run")?.join(name),
        })
    }

    /// The box whose folder this is.
    pub(crate) fn at(folder: &Path) -> Result<Self> {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .context("a box's folder has a name")?;
        Ok(Self {
            name: name.to_owned(),
            folder: folder.to_path_buf(),
        })
    }

    /// Every box that has a folder, up or not.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let run = cache::folder("run")?;
        let entries = fs::read_dir(&run).with_context(|| format!("cannot list {}", run.display()))?;
        let names = entries
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok());
        names.map(|name| Self::new(&name)).collect()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.path("logs")
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        self.logs().join("audit.log")
    }

    pub(crate) fn pki(&self, name: &str) -> PathBuf {
        self.folder.join("pki").join(name)
    }

    pub(crate) fn relay_socket(&self) -> PathBuf {
        self.path("relay.sock")
    }

    /// Exists once the apiserver is ready and the first objects are in.
    pub(crate) fn control_plane_ready(&self) -> PathBuf {
        self.path("control-plane-ready")
    }

    /// Exists once `up` has seen everything ready; without it the next `up` starts afresh.
    pub(crate) fn complete(&self) -> PathBuf {
        self.path("complete")
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.folder.with_extension("lock")
    }

    /// Locked by the run that has this box for itself.
    pub(crate) fn claim_file(&self) -> PathBuf {
        self.folder.with_extension("claim")
    }

    /// Makes the folder: for root alone, since it holds the cluster's keys.
    pub(crate) fn create(&self) -> Result<()> {
        for folder in [
            "",
            "pki",
            "logs",
            "var-log",
            "cni-cache",
            "cni",
            "kubelet",
            "etcd",
            "containerd",
            "sysctl",
        ] {
            let path = self.folder.join(folder);
            fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        }
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot close {} to others", self.folder.display()))
    }

    pub(crate) fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.folder.display()))
            }
            _ => Ok(()),
        }
    }

    /// Whether other boxes have a folder beside this one.
    pub(crate) fn has_siblings(&self) -> Result<bool> {
        let parent = self.folder.parent().context("a box's folder has a parent")?;
        let entries = fs::read_dir(parent).with_context(|| format!("cannot list {}", parent.display()))?;
        Ok(entries.flatten().any(|entry| entry.path().is_dir() && entry.path() != self.folder))
    }

    pub(crate) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.path(name);
        let text = serde_json::to_vec_pretty(value).context("cannot write JSON")?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<()> {
        self.write_json("box.json", record)
    }

    pub(crate) fn record(&self) -> Result<Record> {
        let path = self.path("box.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// The host's number of the first process of the box's namespaces.
    pub(crate) fn init_process(&self) -> Result<Option<Pid>> {
        Ok(self.find(&[daemon::INIT])?.into_iter().next())
    }

    /// Both processes whose end ends the box, the one inside first.
    pub(crate) fn processes(&self) -> Result<Vec<Pid>> {
        let mut found = self.find(&[daemon::INIT])?;
        found.extend(self.find(&[daemon::HOLD])?);
        Ok(found)
    }

    fn find(&self, roles: &[&str]) -> Result<Vec<Pid>> {
        let folder = self.folder.to_str().context("the box's folder has a name that is not UTF-8")?;
        let entries = fs::read_dir("/proc").context("cannot list /proc")?;
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let number = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
            let Some(pid) = number.and_then(Pid::from_raw) else {
                continue;
            };
            // The process may end while we look; a zombie's command line is empty.
            let Ok(line) = fs::read(entry.path().join("cmdline")) else {
                continue;
            };
            if roles.iter().any(|role| is_command_line_of(&line, role, folder)) {
                found.push(pid);
            }
        }
        Ok(found)
    }
}

/// Only `PROGRAM ROLE FOLDER`: neither `unshare … PROGRAM ROLE FOLDER` nor an editor with that path.
fn is_command_line_of(line: &[u8], role: &str, folder: &str) -> bool {
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    matches!(words.as_slice(), [_, first, second, b""] if *first == role.as_bytes() && *second == folder.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{State, is_command_line_of};

    #[test]
    fn tells_its_processes_from_others() {
        let of = |line: &[u8]| is_command_line_of(line, "box-init", "/run/a");
        assert!(of(b"/bin/xtask\0box-init\0/run/a\0"));
        assert!(!of(b"/bin/xtask\0box-init\0/run/ab\0"));
        assert!(!of(b"unshare\0-n\0/bin/xtask\0box-init\0/run/a\0"));
        assert!(!of(b""));
    }

    #[test]
    fn refuses_names_that_are_no_path_parts() {
        for name in ["", "..", "a/b", "A", "abcdefghijklmnopqrstu"] {
            State::new(name).expect_err("the name is bad");
        }
    }
}
