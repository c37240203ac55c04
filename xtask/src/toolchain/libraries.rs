//! The JDK's C libraries as archives that an executable is linked with.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::parts::Parts;
use super::{relocatable, support};
use crate::process;

/// The libraries whose Java side an image may have. `jimage` reads the JDK's own module file, which an image does not
/// have: the builder asks for the archive, nothing in it is used.
const NAMES: [&str; 9] = [
    "java",
    "net",
    "nio",
    "zip",
    "verify",
    "prefs",
    "extnet",
    "management",
    "management_ext",
];
const EMPTY: [&str; 1] = ["jimage"];

/// Writes all archives into `folder`, and `libjvm.a`, which they need, into `clibraries`.
pub(crate) fn make(parts: &Parts, folder: &Path, clibraries: &Path, scratch: &Path) -> Result<()> {
    let mut wanted = BTreeSet::new();
    for name in NAMES {
        let library = parts.jdk.join(format!("lib/lib{name}.so"));
        let bytes = fs::read(&library).with_context(|| format!("cannot read {}", library.display()))?;
        let object = relocatable::from_shared_library(name, &bytes)
            .with_context(|| format!("{} cannot be made part of an executable", library.display()))?;
        let path = scratch.join(format!("jdk_{name}.o"));
        fs::write(&path, object).with_context(|| format!("cannot write {}", path.display()))?;
        wanted.extend(relocatable::undefined(&bytes)?);
        let start_up = start_up(parts, name, &relocatable::defined(&bytes)?, scratch)?;
        archive(&folder.join(format!("lib{name}.a")), &[path, start_up])?;
    }
    for name in EMPTY {
        archive(&folder.join(format!("lib{name}.a")), &[])?;
    }
    jvm(parts, &wanted, clibraries, scratch)
}

/// The function that starts a library up. One that is part of an executable has to say that it knows JNI 1.8, the first
/// version in which there are such libraries; shared ones may say less, or have no such function.
fn start_up(parts: &Parts, name: &str, defined: &[String], scratch: &Path) -> Result<PathBuf> {
    let mut text = String::from("#include <jni.h>\n");
    let mut answer = "JNI_VERSION_1_8".to_owned();
    if defined.iter().any(|symbol| symbol == "JNI_OnLoad") {
        let own = relocatable::start_up_name(name);
        writeln!(text, "jint {own}(JavaVM *vm, void *reserved);")?;
        answer = format!("{own}(vm, reserved) < 0 ? JNI_ERR : JNI_VERSION_1_8");
    }
    let head = format!("jint JNI_OnLoad_{name}(JavaVM *vm, void *reserved)");
    writeln!(text, "{head};\n{head} {{ (void) vm; (void) reserved; return {answer}; }}")?;
    support::compile_text(parts, &format!("start_up_{name}"), &text, scratch)
}

/// What the JDK's libraries expect from the virtual machine: our few functions, and for the rest ones that abort.
fn jvm(parts: &Parts, wanted: &BTreeSet<String>, clibraries: &Path, scratch: &Path) -> Result<()> {
    let mut members = support::compile(parts, "libjvm", scratch)?;
    let mut ours = BTreeSet::new();
    for member in &members {
        let bytes = fs::read(member).with_context(|| format!("cannot read {}", member.display()))?;
        ours.extend(relocatable::defined(&bytes)?);
    }
    let mut text = String::from("_Noreturn void anneal_unreached(const char *function);\n");
    for name in wanted.iter().filter(|name| name.starts_with("JVM_") && !ours.contains(*name)) {
        writeln!(text, "void {name}(void);\nvoid {name}(void) {{ anneal_unreached(\"{name}\"); }}")?;
    }
    members.push(support::compile_text(parts, "unreached", &text, scratch)?);
    archive(&clibraries.join("libjvm.a"), &members)
}

/// Writes an archive anew.
pub(crate) fn archive(path: &Path, members: &[PathBuf]) -> Result<()> {
    // D: no times and owners, so that the same members give the same bytes.
    process::output(Command::new("ar").arg("rcsD").arg(path).args(members)).map(drop)
}
