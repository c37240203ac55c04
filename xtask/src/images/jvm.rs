//! The file system of the JVM image: Debian's JRE 25 on Debian's essential packages.
//!
//! Made by mmdebstrap from the archive this machine is set up for, trimmed of what no process reads.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::layer::Layer;
use crate::{apt, cache, process};

const SUITE: &str = "trixie";
const PACKAGES: &str = "openjdk-25-jre-headless,ca-certificates";
const OPTIONS: &[&str] = &[
    "--variant=essential",
    "--aptopt=Acquire::Languages \"none\"",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    // The folders stay: alternatives put links into them.
    "--dpkgopt=path-exclude=/usr/share/man/*/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--setup-hook=mkdir -p \"$1/usr/share/man/man1\"",
    "--customize-hook=rm -rf \"$1\"/var/cache/* \"$1\"/var/lib/apt/lists/* \"$1\"/var/log/*",
    "--skip=output/dev",
];

/// The layer, from the cache if this recipe was followed before.
pub(crate) fn layer() -> Result<Layer> {
    let recipe = cache::short_hash([SUITE, PACKAGES].iter().chain(OPTIONS).map(|text| text.as_bytes()));
    let folder = cache::folder("images")?.join(format!("jvm-25-{recipe}"));
    let folder = cache::folder_made_once(&folder, |draft| make(&draft.join("layer.tar")))?;
    Layer::of_file(&folder.join("layer.tar"))
}

fn make(target: &Path) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("the JVM image is assembled from packages: that needs root");
    }
    apt::need("mmdebstrap", "mmdebstrap")?;
    println!("assembling the JVM image (a minute, once)");
    let log = cache::folder("log")?.join("jvm-image.log");
    let mut command = Command::new("mmdebstrap");
    command
        .args(OPTIONS)
        .arg(format!("--include={PACKAGES}"))
        .arg(SUITE)
        .arg(target)
        .arg(apt::debian_mirror()?)
        // Same packages, same bytes.
        .env("SOURCE_DATE_EPOCH", "0");
    process::run_logged(&mut command, &log, Duration::from_secs(15 * 60)).context("cannot assemble the JVM image")
}
