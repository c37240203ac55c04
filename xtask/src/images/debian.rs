//! File systems of Debian packages on Debian's essential ones.
//!
//! Made by mmdebstrap from the archive this machine is set up for, trimmed of what no process reads.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::layer::Layer;
use crate::{apt, cache, process};

const SUITE: &str = "trixie";
const OPTIONS: &[&str] = &[
    "--variant=essential",
    "--aptopt=Acquire::Languages \"none\"",
    "--aptopt=APT::Install-Recommends \"false\"",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    // The folders stay: alternatives put links into them.
    "--dpkgopt=path-exclude=/usr/share/man/*/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--setup-hook=mkdir -p \"$1/usr/share/man/man1\"",
    "--customize-hook=rm -rf \"$1\"/var/cache/* \"$1\"/var/lib/apt/lists/* \"$1\"/var/log/*",
    "--skip=output/dev",
];

/// A file system that images are made of.
pub(crate) struct System {
    name: &'static str,
    packages: &'static str,
}

/// Runs Java programs.
pub(crate) const JVM: System = System {
    name: "jvm-25",
    packages: "openjdk-25-jre-headless,ca-certificates",
};
/// Links native executables.
pub(crate) const LINKER: System = System {
    name: "linker",
    packages: "gcc,libc6-dev,zlib1g-dev,ca-certificates",
};

impl System {
    /// The layer, from the cache if this recipe was followed before.
    pub(crate) fn layer(&self) -> Result<Layer> {
        let recipe = cache::short_hash([SUITE, self.packages].iter().chain(OPTIONS).map(|text| text.as_bytes()));
        let folder = cache::folder("images")?.join(format!("{}-{recipe}", self.name));
        let folder = cache::folder_made_once(&folder, |draft| self.make(&draft.join("layer.tar")))?;
        Layer::of_file(&folder.join("layer.tar"))
    }

    fn make(&self, target: &Path) -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            bail!("the image {} is assembled from packages: that needs root", self.name);
        }
        apt::need("mmdebstrap", "mmdebstrap")?;
        println!("assembling the file system {} (a minute, once)", self.name);
        let log = cache::folder("log")?.join(format!("{}-image.log", self.name));
        let mut command = Command::new("mmdebstrap");
        command
            .args(OPTIONS)
            .arg(format!("--include={}", self.packages))
            .arg(SUITE)
            .arg(target)
            .arg(apt::debian_mirror()?)
            // Same packages, same bytes.
            .env("SOURCE_DATE_EPOCH", "0");
        process::run_logged(&mut command, &log, Duration::from_secs(15 * 60))
            .with_context(|| format!("cannot assemble the file system {}", self.name))
    }
}
