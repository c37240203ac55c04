//! The home: a copy of the JDK with the builder's jars, the C libraries and the front end in the places where the
//! builder looks for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::parts::Parts;
use super::{front_end, jars, libraries, support};
use crate::{cache, process};

/// What a build needs nothing of, by its name in the JDK's folder.
const LEFT_OUT: [&str; 3] = ["jmods", "man", "demo"];
/// The same below its `lib`.
const LEFT_OUT_OF_LIB: [&str; 1] = ["src.zip"];

/// Jars that have a place of their own; all others are the builder's.
const PLACES: [(&str, &str); 5] = [
    ("compiler.jar", "lib/jvmci/graal.jar"),
    ("word.jar", "lib/jvmci/word.jar"),
    ("collections.jar", "lib/jvmci/collections.jar"),
    ("nativeimage.jar", "lib/jvmci/nativeimage.jar"),
    ("truffle-compiler.jar", "lib/truffle/truffle-compiler.jar"),
];

/// The home, from the cache if the same parts made one before.
pub(crate) fn assemble(parts: &Parts) -> Result<PathBuf> {
    let jars = jars::folder(parts)?;
    let target = cache::folder("toolchain")?.join(format!("graalvm-ce-{}", parts.key));
    cache::folder_made_once(&target, |draft| {
        let start = Instant::now();
        println!("assembling GraalVM CE {} on JDK {}", parts.version, parts.jdk_version);
        make(parts, &jars, draft)?;
        println!("assembled in {} s", start.elapsed().as_secs());
        Ok(())
    })
}

fn make(parts: &Parts, jars: &Path, home: &Path) -> Result<()> {
    copy_jdk(&parts.jdk, home)?;
    let builder = home.join("lib/svm/builder");
    let archives = home.join("lib/static/linux-amd64/glibc");
    let clibraries = home.join("lib/svm/clibraries/linux-amd64/glibc");
    let headers = home.join("lib/svm/clibraries/include");
    for folder in [
        &builder,
        &archives,
        &clibraries,
        &headers,
        &home.join("lib/jvmci"),
        &home.join("lib/truffle"),
    ] {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    place_jars(jars, home, &builder)?;
    for entry in list(&parts.sources.join("c/include"))? {
        copy(&entry, &headers)?;
    }
    let scratch = tempfile::tempdir().context("cannot create a temporary folder")?;
    libraries::make(parts, &archives, &clibraries, scratch.path())?;
    support::make(parts, &clibraries, scratch.path())?;
    let libraries = builder.join("lib");
    fs::create_dir(&libraries).with_context(|| format!("cannot create {}", libraries.display()))?;
    support::make_reporter(parts, &libraries, scratch.path())?;
    front_end::make(parts, home, scratch.path())
}

/// Copies what links name, not the links: Debian's JDK has its configuration below /etc.
fn copy_jdk(jdk: &Path, home: &Path) -> Result<()> {
    for entry in list(jdk)? {
        let name = entry.file_name().unwrap_or_default();
        if name == "lib" {
            let lib = home.join("lib");
            fs::create_dir(&lib).with_context(|| format!("cannot create {}", lib.display()))?;
            for below in list(&entry)? {
                if !LEFT_OUT_OF_LIB.iter().any(|left| below.ends_with(left)) {
                    copy(&below, &lib)?;
                }
            }
        } else if !LEFT_OUT.iter().any(|left| name == *left) {
            copy(&entry, home)?;
        }
    }
    Ok(())
}

fn place_jars(jars: &Path, home: &Path, builder: &Path) -> Result<()> {
    for jar in list(jars)? {
        let place = PLACES.iter().find(|(name, _)| jar.ends_with(name));
        let target = match (place, jar.file_name()) {
            (Some((_, place)), _) => home.join(place),
            (None, Some(name)) => builder.join(name),
            (None, None) => continue,
        };
        fs::copy(&jar, &target).with_context(|| format!("cannot copy {}", jar.display()))?;
    }
    if let Some((_, missing)) = PLACES.iter().find(|(_, place)| !home.join(place).exists()) {
        bail!("Maven brought no {missing}");
    }
    Ok(())
}

fn copy(from: &Path, folder: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    copy.args(["--recursive", "--dereference", "--preserve=mode,timestamps", "--reflink=auto"]);
    process::output(copy.arg(from).arg(folder)).map(drop)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .with_context(|| format!("cannot list {}", folder.display()))?;
    entries.sort();
    Ok(entries)
}
