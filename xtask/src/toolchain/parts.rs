//! What a home is assembled from, and the name that follows from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{apt, cache, jdk, process};

/// What the assembly, and later every build, runs.
const PROGRAMS: &[apt::Need] = &[
    ("/usr/bin/gcc", "gcc"),
    ("/usr/bin/ar", "binutils"),
    ("/usr/include/stdlib.h", "libc6-dev"),
    ("/usr/include/zlib.h", "zlib1g-dev"),
];

/// The parts that are known before anything is made.
pub(crate) struct Parts {
    /// `e2e/toolchain/graalvm-ce`.
    pub(crate) sources: PathBuf,
    pub(crate) jdk: PathBuf,
    /// The version of the builder's jars.
    pub(crate) version: String,
    /// The JDK's own words for its version.
    pub(crate) jdk_version: String,
    /// The same parts have the same key.
    pub(crate) key: String,
}

impl Parts {
    pub(crate) fn find() -> Result<Self> {
        if std::env::consts::ARCH != "x86_64" {
            bail!("the C libraries are written for amd64 alone");
        }
        apt::ensure(PROGRAMS)?;
        let sources = cache::repository().join("e2e/toolchain/graalvm-ce");
        let jdk = jdk::home()?;
        let version = pinned_version(&sources.join("pom.xml"))?;
        let release = jdk.join("release");
        let release = fs::read_to_string(&release).with_context(|| format!("cannot read {}", release.display()))?;
        let jdk_version = quoted(&release, "JAVA_RUNTIME_VERSION")
            .or_else(|| quoted(&release, "JAVA_VERSION"))
            .context("the JDK's release file names no version")?;
        let compiler = process::output(Command::new("gcc").arg("-dumpfullversion"))?;
        let mut inputs = vec![release.into_bytes(), compiler.into_bytes()];
        inputs.extend(files_below(&sources)?);
        let add_on = cache::repository().join("java/pgo");
        inputs.extend(files_below(&add_on.join("src/main"))?);
        inputs.push(fs::read(add_on.join("pom.xml")).context("cannot read the add-on's pom")?);
        inputs.extend(OWN_RECIPE.iter().map(|text| text.as_bytes().to_vec()));
        let key = cache::short_hash(inputs.iter().map(Vec::as_slice));
        Ok(Self {
            sources,
            jdk,
            version,
            jdk_version,
            key,
        })
    }
}

/// The modules that decide what a home has; the proof and the tests are not among them.
const OWN_RECIPE: [&str; 6] = [
    include_str!("front_end.rs"),
    include_str!("home.rs"),
    include_str!("jars.rs"),
    include_str!("libraries.rs"),
    include_str!("relocatable.rs"),
    include_str!("support.rs"),
];

fn pinned_version(pom: &Path) -> Result<String> {
    let text = fs::read_to_string(pom).with_context(|| format!("cannot read {}", pom.display()))?;
    let (_, rest) = text.split_once("<graalvm.version>").context("the pom pins no graalvm.version")?;
    let (version, _) = rest.split_once('<').context("the pom's graalvm.version does not end")?;
    Ok(version.to_owned())
}

/// The value of `KEY="value"`.
fn quoted(release: &str, key: &str) -> Option<String> {
    let line = release
        .lines()
        .find_map(|line| line.strip_prefix(key).and_then(|rest| rest.strip_prefix("=\"")))?;
    line.strip_suffix('"').map(str::to_owned)
}

/// Names and contents of all files but the texts for people, in the order of their names.
fn files_below(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .with_context(|| format!("cannot list {}", folder.display()))?;
    paths.sort();
    let mut contents = Vec::new();
    for path in paths {
        if path.is_dir() {
            contents.extend(files_below(&path)?);
        } else if path.extension().is_none_or(|extension| extension != "md") {
            contents.push(path.file_name().unwrap_or_default().as_encoded_bytes().to_vec());
            contents.push(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn reads_a_value_of_the_release_file() {
        let release = "JAVA_VERSION=\"25.0.3\"\nJAVA_RUNTIME_VERSION=\"25.0.3+9-LTS\"\n";
        assert_eq!(quoted(release, "JAVA_RUNTIME_VERSION").as_deref(), Some("25.0.3+9-LTS"));
        assert_eq!(quoted(release, "LIBC"), None);
    }
}
