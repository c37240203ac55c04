//! Debian packages that the box and the images need, installed only when something is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{cache, process};

/// A file that proves a package is there, and the package.
pub(crate) type Need = (&'static str, &'static str);

/// What the whole box needs.
pub(crate) const BOX: &[Need] = &[
    ("/usr/bin/containerd", "containerd"),
    ("/usr/sbin/runc", "runc"),
    ("/usr/lib/cni/ptp", "containernetworking-plugins"),
    ("/usr/sbin/nft", "nftables"),
    ("/usr/sbin/conntrack", "conntrack"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/curl", "curl"),
];

/// What a control plane without a node needs.
pub(crate) const CONTROL_PLANE: &[Need] = &[("/usr/sbin/ip", "iproute2"), ("/usr/bin/openssl", "openssl")];

const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs the package that has `program`, unless that is on the PATH.
pub(crate) fn need(program: &str, package: &str) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return Ok(());
    }
    install(&[package])
}

/// Installs what is missing. The daemons that come with the packages are not started.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|(file, _)| !Path::new(file).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn install(missing: &[&str]) -> Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("these Debian packages are missing and there is no apt-get: {}", missing.join(" "));
    }
    println!("installing Debian packages: {}", missing.join(" "));
    let log = cache::folder("log")?.join("apt.log");
    let guard = DaemonsHeldBack::new()?;
    let minutes = |count: u64| Duration::from_secs(60 * count);
    // Lists may be old or absent; a failed update is only fatal if the install fails too.
    let updated = process::run_logged(Command::new("apt-get").arg("update"), &log, minutes(5));
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    let installed = process::run_logged(&mut install, &log, minutes(10));
    drop(guard);
    if let Err(error) = installed {
        updated?;
        return Err(error).context("cannot install Debian packages");
    }
    if missing.contains(&"containerd") {
        // Only for a machine with systemd: the packaged daemon would start at the next boot.
        process::succeeds(Command::new("systemctl").args(["disable", "containerd"]));
    }
    Ok(())
}

/// The address of the Debian archive this machine is set up for.
pub(crate) fn debian_mirror() -> Result<String> {
    let targets = process::output(Command::new("apt-get").args(["indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"]))
        .context("cannot ask apt for its sources")?;
    mirror_in(&targets).context("no Debian archive is among apt's sources (run apt-get update once)")
}

fn mirror_in(targets: &str) -> Option<String> {
    targets
        .lines()
        .find_map(|line| line.strip_prefix("Debian|Debian|"))
        .map(|address| address.trim().to_owned())
}

/// While this lives no package may start a daemon, unless the machine has its own policy.
struct DaemonsHeldBack {
    ours: bool,
}

impl DaemonsHeldBack {
    fn new() -> Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self { ours: false });
        }
        fs::write(POLICY, "#!/bin/sh\nexit 101\n").with_context(|| format!("cannot write {POLICY}"))?;
        fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)).with_context(|| format!("cannot make {POLICY} executable"))?;
        Ok(Self { ours: true })
    }
}

impl Drop for DaemonsHeldBack {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = fs::remove_file(POLICY)
        {
            eprintln!("cannot remove {POLICY}: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mirror_in;

    #[test]
    fn finds_the_archive_and_not_the_security_one() {
        let targets = "Debian|Debian-Security|http://a.example/security/\n\
                       Other|Debian|http://b.example/\nDebian|Debian|http://c.example/debian/\n";
        assert_eq!(mirror_in(targets).as_deref(), Some("http://c.example/debian/"));
        assert_eq!(mirror_in("Other|Other|http://b.example/\n"), None);
    }
}
