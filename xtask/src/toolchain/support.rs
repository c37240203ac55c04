//! The C libraries of ours: compiled for a home, and tested on their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::libraries::archive;
use super::parts::Parts;
use crate::process;

const FLAGS: &[&str] = &[
    "-std=gnu11",
    "-D_GNU_SOURCE",
    "-O2",
    "-fPIC",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Werror",
    // What an executable does not use of a library is left out by the linker.
    "-ffunction-sections",
    "-fdata-sections",
];

/// Archives that the builder asks for under these names, beside `libjvm.a`.
const ARCHIVES: [(&str, &str); 2] = [("libchelper", "liblibchelper.a"), ("svm_container", "libsvm_container.a")];

/// Writes the archives into `clibraries`.
pub(crate) fn make(parts: &Parts, clibraries: &Path, scratch: &Path) -> Result<()> {
    for (folder, name) in ARCHIVES {
        archive(&clibraries.join(name), &compile(parts, folder, scratch)?)?;
    }
    Ok(())
}

/// Writes the library that the builder itself loads for its report.
pub(crate) fn make_reporter(parts: &Parts, folder: &Path, scratch: &Path) -> Result<()> {
    let objects = compile(parts, "reporterchelper", scratch)?;
    let mut link = Command::new("gcc");
    link.arg("-shared")
        .arg("-o")
        .arg(folder.join("libreporterchelper.so"))
        .args(objects);
    process::output(&mut link).map(drop)
}

/// Compiles every C file of a folder, in the order of their names.
pub(crate) fn compile(parts: &Parts, folder: &str, scratch: &Path) -> Result<Vec<PathBuf>> {
    let folder = parts.sources.join("c").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .with_context(|| format!("cannot list {}", folder.display()))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    files.sort();
    files.iter().map(|file| compile_file(parts, file, scratch)).collect()
}

/// Compiles a text that the assembly itself wrote.
pub(crate) fn compile_text(parts: &Parts, name: &str, text: &str, scratch: &Path) -> Result<PathBuf> {
    let file = scratch.join(format!("{name}.c"));
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    compile_file(parts, &file, scratch)
}

fn compile_file(parts: &Parts, file: &Path, scratch: &Path) -> Result<PathBuf> {
    let stem = file.file_stem().context("a C file has a name")?;
    let object = scratch.join(stem).with_extension("o");
    process::output(gcc(parts).arg("-c").arg(file).arg("-o").arg(&object))?;
    Ok(object)
}

fn gcc(parts: &Parts) -> Command {
    let c = parts.sources.join("c");
    let mut gcc = Command::new("gcc");
    gcc.args(FLAGS);
    for folder in [
        c.join("include"),
        c.join("svm_container"),
        parts.jdk.join("include"),
        parts.jdk.join("include/linux"),
    ] {
        gcc.arg("-I").arg(folder);
    }
    gcc
}

/// Compiles the test program with the archives, as an executable would be, and runs it.
pub(crate) fn test(parts: &Parts) -> Result<()> {
    let scratch = tempfile::tempdir().context("cannot create a temporary folder")?;
    make(parts, scratch.path(), scratch.path())?;
    archive(&scratch.path().join("libjvm.a"), &compile(parts, "libjvm", scratch.path())?)?;
    let program = scratch.path().join("support-test");
    let mut link = gcc(parts);
    for file in [
        "test/main.c",
        "test/signals.c",
        "test/places.c",
        "test/processor.c",
        "test/cgroups.c",
    ] {
        link.arg(parts.sources.join("c").join(file));
    }
    link.arg("-o").arg(&program).arg("-L").arg(scratch.path());
    process::output(link.args(["-llibchelper", "-lsvm_container", "-ljvm", "-pthread"]))
        .context("cannot build the tests of the C libraries")?;
    process::run(Command::new(program).arg(scratch.path())).context("a test of the C libraries failed")
}
