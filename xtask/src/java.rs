//! The Java side: launcher, samples and test jars, built by Maven with a JDK 25.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{apt, jdk, process};

/// Builds every jar but the compiler's add-on, which needs the compiler; tests are `cargo xtask test`'s.
pub(crate) fn package(root: &Path) -> Result<()> {
    process::run(maven(root)?.args(["--quiet", "--projects", "!pgo", "package", "-DskipTests"]))
}

/// The launcher jar; it is built if it is not there.
pub(crate) fn launcher(root: &Path) -> Result<PathBuf> {
    jar(root, "launcher")
}

/// The tracer's jar; it is built if it is not there.
pub(crate) fn tracer(root: &Path) -> Result<PathBuf> {
    jar(root, "tracer")
}

/// The sample functions, by their modules below `java/samples`.
pub(crate) const SAMPLES: [&str; 6] = ["hello", "sleep", "filehash", "json", "reflect", "http"];

/// A sample's jar, where [`package`] leaves it.
pub(crate) fn sample(root: &Path, name: &str) -> PathBuf {
    root.join(format!("java/samples/{name}/target/{name}.jar"))
}

/// The jar that adds profile-guided optimization to the Community Edition's builder; it is always built.
pub(crate) fn pgo(root: &Path) -> Result<PathBuf> {
    process::run(maven(root)?.args(["--quiet", "--projects", "pgo", "package", "-DskipTests"]))?;
    Ok(root.join("java/pgo/target/anneal-pgo.jar"))
}

fn jar(root: &Path, module: &str) -> Result<PathBuf> {
    let jar = root.join(format!("java/{module}/target/anneal-{module}.jar"));
    if !jar.exists() {
        package(root)?;
    }
    Ok(jar)
}

/// Builds every jar and runs the unit tests.
pub(crate) fn test(root: &Path) -> Result<()> {
    process::run(maven(root)?.args(["--no-transfer-progress", "package"]))
}

fn maven(root: &Path) -> Result<Command> {
    apt::need("mvn", "maven")?;
    let mut maven = Command::new("mvn");
    maven
        .env("JAVA_HOME", jdk::home()?)
        .args(["--batch-mode", "--file"])
        .arg(root.join("java/pom.xml"));
    Ok(maven)
}
