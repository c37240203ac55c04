//! `cargo xtask differential`: small programs give the same output on the JVM and as native executables, built by the real
//! compiler with the metadata that the tracer recorded. What still differs is listed with its reason, and nothing else may.

mod differences;
mod programs;
mod table;

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use self::{
    differences::Differences,
    programs::{Outcome, Program},
};
use crate::{cache, java, jdk, process, toolchain};

const BUILD: Duration = Duration::from_mins(20);
const MAIN: &str = "dev.anneal.differential.Main";
/// What the builder is asked for beside the metadata: each is documented, and a user with such a program asks for it too.
const ARGUMENTS: [&str; 5] = [
    "--no-fallback",
    "--exact-reachability-metadata",
    "--enable-url-protocols=http,jar",
    "-H:+AddAllCharsets",
    "-H:IncludeLocales=en,de,fr,ja,tr",
];

/// Which programs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Leave classes, metadata and the executable in this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Renew docs/reference/native-differences.md.
    #[arg(long, conflicts_with = "only")]
    write: bool,
}

impl Args {
    /// All programs, as `cargo xtask test` runs them.
    pub(crate) const fn all() -> Self {
        Self {
            only: Vec::new(),
            keep: None,
            write: false,
        }
    }
}

/// Runs them; an error when one differs in a way that is not listed, or no longer differs in one that is.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = cache::repository();
    let scratch = tempfile::tempdir().context("cannot create a temporary folder")?;
    let folder = args.keep.as_deref().unwrap_or_else(|| scratch.path());
    let home = toolchain::graalvm_ce()?;
    java::package(&root)?;
    let jars = compile(&root, folder)?;
    let mut jvm = vec![jdk::home()?.join("bin/java").into_os_string()];
    let class_path = ["-cp".into(), jars.clone(), MAIN.into()];
    let listed = programs::list(&[&jvm[..], &class_path].concat())?;
    let chosen: Vec<Program> = listed
        .into_iter()
        .filter(|program| args.only.is_empty() || args.only.contains(&program.name))
        .collect();
    ensure!(!chosen.is_empty(), "there is no such program");

    println!("running {} programs on the JVM, without and with the tracer", chosen.len());
    jvm.push("--enable-native-access=ALL-UNNAMED".into());
    let plain = programs::run_all(&chosen, folder, |program| [&jvm[..], &program.jvm_options(), &class_path].concat())?;
    let tracer = java::tracer(&root)?;
    let metadata = folder.join("metadata");
    let traced = programs::run_all(&chosen, folder, |program| {
        let agent = format!(
            "-javaagent:{}=config-output-dir={}",
            tracer.display(),
            metadata.join(&program.name).display()
        );
        [&jvm[..], &[agent.into()], &program.jvm_options(), &class_path].concat()
    })?;
    let changed = chosen
        .iter()
        .zip(plain.iter().zip(&traced))
        .filter(|(_, (plain, traced))| plain != traced);
    let changed: Vec<String> = changed
        .map(|(program, (plain, traced))| format!("{}: {}", program.name, plain.compare(traced)))
        .collect();
    ensure!(changed.is_empty(), "the tracer changes {}", changed.join("; "));

    let executable = build(&home, &jars, &metadata, &chosen, folder)?;
    let native = programs::run_all(&chosen, folder, |program| {
        [&[executable.clone().into_os_string()][..], &program.jvm_options()].concat()
    })?;
    conclude(&root, args, &chosen, &plain, &native)
}

fn conclude(root: &Path, args: &Args, chosen: &[Program], jvm: &[Outcome], native: &[Outcome]) -> Result<()> {
    let known = Differences::read(&root.join("e2e/differential/differences.json"))?;
    let (mut wrong, mut listed) = (Vec::new(), 0);
    for ((program, jvm), native) in chosen.iter().zip(jvm).zip(native) {
        match known.judge(&program.name, jvm, native) {
            Ok(()) => listed += usize::from(known.of(&program.name).is_some()),
            Err(sentence) => {
                println!("{}: {sentence}", program.name);
                wrong.push(program.name.as_str());
            }
        }
    }
    println!(
        "{} programs: {} the same, {listed} different as listed, {} not as listed",
        chosen.len(),
        chosen.len() - listed - wrong.len(),
        wrong.len()
    );
    ensure!(wrong.is_empty(), "not as listed: {}", wrong.join(", "));
    if args.write {
        let path = root.join("docs/reference/native-differences.md");
        fs::write(&path, table::page(chosen, &known, &ARGUMENTS)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The class path of the programs: their own classes, and the samples with their launcher.
fn compile(root: &Path, folder: &Path) -> Result<OsString> {
    let (sources, classes) = (root.join("e2e/differential"), folder.join("classes"));
    let mut files: Vec<PathBuf> = fs::read_dir(sources.join("src/dev/anneal/differential"))
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .context("cannot list the programs")?;
    files.sort();
    let mut path = vec![classes.clone(), java::launcher(root)?];
    path.extend(java::SAMPLES.map(|name| java::sample(root, name)));
    let path = std::env::join_paths(path).context("a path has a colon")?;
    let mut javac = Command::new(jdk::home()?.join("bin/javac"));
    // Signals have no other interface.
    javac
        .args(["-XDignore.symbol.file", "-nowarn", "-encoding", "UTF-8", "-cp"])
        .arg(&path)
        .arg("-d")
        .arg(&classes)
        .args(&files);
    process::output(&mut javac).context("the programs do not compile")?;
    let mut copy = Command::new("cp");
    copy.arg("--recursive").arg(sources.join("resources/.")).arg(&classes);
    process::output(&mut copy)?;
    Ok(path)
}

/// One executable of all programs.
fn build(home: &Path, class_path: &OsStr, metadata: &Path, chosen: &[Program], folder: &Path) -> Result<PathBuf> {
    let log = cache::folder("log")?.join("differential.log");
    println!("building them: for minutes; log {}", log.display());
    let start = Instant::now();
    let executable = folder.join("programs");
    let folders: Vec<String> = chosen
        .iter()
        .map(|program| metadata.join(&program.name).display().to_string())
        .collect();
    let mut native = Command::new(home.join("bin/native-image"));
    native
        .args(ARGUMENTS)
        .arg(format!("-H:ConfigurationFileDirectories={}", folders.join(",")));
    native.arg("-cp").arg(class_path).arg(MAIN).arg("-o").arg(&executable);
    process::run_logged(&mut native, &log, BUILD).context("the programs do not build")?;
    println!("built in {} s", start.elapsed().as_secs());
    Ok(executable)
}
