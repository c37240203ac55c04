//! The builder's jars, brought by Maven at the version that the pom pins.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::parts::Parts;
use crate::{apt, cache, process};

/// The folder of all jars, without versions in their names; from the cache if it is there.
pub(crate) fn folder(parts: &Parts) -> Result<PathBuf> {
    let target = cache::folder("toolchain")?.join(format!("graalvm-jars-{}", parts.version));
    cache::folder_made_once(&target, |draft| download(parts, draft))
}

fn download(parts: &Parts, draft: &Path) -> Result<()> {
    apt::need("mvn", "maven")?;
    println!("bringing the jars of GraalVM {}", parts.version);
    let log = cache::folder("log")?.join("graalvm-jars.log");
    let mut maven = Command::new("mvn");
    maven
        .env("JAVA_HOME", &parts.jdk)
        // Not quiet: the log says where each jar came from.
        .args(["--batch-mode", "--file"])
        .arg(parts.sources.join("pom.xml"))
        .args(["dependency:copy-dependencies", "-Dmdep.stripVersion=true"])
        .arg(format!("-DoutputDirectory={}", draft.display()));
    process::run_logged(&mut maven, &log, Duration::from_secs(10 * 60)).context("cannot bring the builder's jars")
}
