//! What a sample runs on, and what has to be made for it before.

use std::{
    ffi::{OsStr, OsString},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{
    sample::{Program, Sample},
    server::Server,
};
use crate::{cache, java, jdk, process, toolchain};

const BUILD: Duration = Duration::from_mins(20);
/// A JVM that wrote an AOT cache did so after it was asked to end.
const END: Duration = Duration::from_mins(2);
/// Requests by which a cache or metadata is made.
const TRAINING: u32 = 50;
/// What the product's share of 60 percent makes of a container of 256 MiB, where a JVM also takes this collector by itself.
const HEAP: &str = "-Xmx153m";
const COLLECTOR: &str = "-XX:+UseSerialGC";
/// The product's arguments beside the level.
const ARGUMENTS: [&str; 2] = ["--no-fallback", "--exact-reachability-metadata"];

/// What runs a sample.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variant {
    /// The JVM with the tracer: the product's first stage.
    Traced,
    /// The JVM: the second.
    Hotspot,
    /// The JVM with classes, profiles and compiled-code links of an earlier run (JEP 483, 514 and 515).
    AotCache,
    /// A native executable of a level.
    Native(&'static str),
}

/// In the order of the table.
pub(crate) const VARIANTS: [Variant; 6] = [
    Variant::Traced,
    Variant::Hotspot,
    Variant::AotCache,
    Variant::Native("b"),
    Variant::Native("2"),
    Variant::Native("3"),
];

impl Variant {
    /// For people.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Traced => "JVM with the tracer".to_owned(),
            Self::Hotspot => "JVM".to_owned(),
            Self::AotCache => "JVM with AOT cache".to_owned(),
            Self::Native(level) => format!("native -O{level}"),
        }
    }
}

/// A sample with everything that its variants need.
pub(crate) struct Prepared {
    pub(crate) sample: Sample,
    java: PathBuf,
    tracer: PathBuf,
    program: Program,
    /// Kept between runs: metadata and executables.
    folder: PathBuf,
    /// Of this run: the entry jar, the AOT cache, and what measured tracers write.
    scratch: tempfile::TempDir,
}

impl Prepared {
    /// Makes what is not there yet.
    pub(crate) fn make(root: &Path, sample: Sample, files: SocketAddr) -> Result<Self> {
        let home = toolchain::graalvm_ce()?;
        let kept = cache::folder("bench")?;
        let scratch = tempfile::tempdir_in(&kept).context("cannot create a temporary folder")?;
        let program = sample.program(root, scratch.path())?;
        let java = jdk::home()?.join("bin/java");
        let tracer = java::tracer(root)?;
        let key = key(&home, &java, &tracer, &program.class_path)?;
        let folder = kept.join(format!("stages-{}-{key}", sample.name));
        let mut prepared = Self {
            sample,
            java,
            tracer,
            program,
            folder: folder.clone(),
            scratch,
        };
        cache::folder_made_once(&folder, |draft| {
            draft.clone_into(&mut prepared.folder);
            prepared.fill(&home, files)
        })?;
        prepared.folder = folder;
        prepared.cache_ahead_of_time(files)?;
        Ok(prepared)
    }

    fn fill(&self, home: &Path, files: SocketAddr) -> Result<()> {
        println!("{}: metadata", self.sample.name);
        let metadata = self.folder.join("metadata");
        self.train(&[self.tracing(&metadata)], files)?;
        for variant in VARIANTS {
            if let Variant::Native(level) = variant {
                self.compile(home, &metadata, level)?;
            }
        }
        Ok(())
    }

    /// In every run anew: a cache is good only for the very files that it was made from, by their time too.
    fn cache_ahead_of_time(&self, files: SocketAddr) -> Result<()> {
        println!("{}: AOT cache", self.sample.name);
        let mut option = OsString::from("-XX:AOTCacheOutput=");
        option.push(self.aot_cache());
        self.train(&[option], files)?;
        ensure!(self.aot_cache().is_file(), "the JVM wrote no AOT cache");
        Ok(())
    }

    /// Starts it on the JVM, asks it, and ends it.
    fn train(&self, options: &[OsString], files: SocketAddr) -> Result<()> {
        let port = process::free_port()?;
        let server = Server::start(self.jvm(options).env("PORT", port.to_string()), port)?;
        let request = self.sample.request(files);
        server.first_answer(&request)?;
        for _ in 0..TRAINING {
            server.ask(&request)?;
        }
        server.end(END)
    }

    fn compile(&self, home: &Path, metadata: &Path, level: &str) -> Result<()> {
        let log = cache::folder("log")?.join(format!("bench-{}-O{level}.log", self.sample.name));
        println!("{}: native -O{level}; log {}", self.sample.name, log.display());
        let start = Instant::now();
        let mut native = Command::new(home.join("bin/native-image"));
        native.args(ARGUMENTS).arg(format!("-O{level}"));
        native.arg(format!("-H:ConfigurationFileDirectories={}", metadata.display()));
        native
            .arg("-cp")
            .arg(&self.program.class_path)
            .arg("-o")
            .arg(self.executable(level));
        native.arg(&self.program.main_class);
        process::run_logged(&mut native, &log, BUILD).with_context(|| format!("cannot compile {}", self.sample.name))?;
        println!("    {} s", start.elapsed().as_secs());
        Ok(())
    }

    /// How a variant is started; its port is `PORT` of the environment.
    pub(crate) fn command(&self, variant: Variant) -> Command {
        match variant {
            Variant::Traced => self.jvm(&[self.tracing(&self.scratch.path().join("metadata"))]),
            Variant::Hotspot => self.jvm(&[]),
            Variant::AotCache => {
                let mut option = OsString::from("-XX:AOTCache=");
                option.push(self.aot_cache());
                self.jvm(&[option, "-XX:AOTMode=on".into()])
            }
            Variant::Native(level) => {
                let mut native = Command::new(self.executable(level));
                native.arg(HEAP);
                native
            }
        }
    }

    /// The size of what is started beside the JVM.
    pub(crate) fn bytes(&self, variant: Variant) -> Result<u64> {
        let file = match variant {
            Variant::Traced | Variant::Hotspot => return Ok(0),
            Variant::AotCache => self.aot_cache(),
            Variant::Native(level) => self.executable(level),
        };
        let metadata = file.metadata().with_context(|| format!("cannot look at {}", file.display()))?;
        Ok(metadata.len())
    }

    fn jvm(&self, options: &[OsString]) -> Command {
        let mut java = Command::new(&self.java);
        java.args([HEAP, COLLECTOR]).args(options).arg("-cp").arg(&self.program.class_path);
        java.arg(&self.program.main_class);
        java
    }

    fn tracing(&self, folder: &Path) -> OsString {
        format!("-javaagent:{}=config-output-dir={}", self.tracer.display(), folder.display()).into()
    }

    fn aot_cache(&self) -> PathBuf {
        self.scratch.path().join("app.aot")
    }

    fn executable(&self, level: &str) -> PathBuf {
        self.folder.join(format!("native-O{level}"))
    }
}

/// The same inputs have the same key.
fn key(home: &Path, java: &Path, tracer: &Path, class_path: &OsStr) -> Result<String> {
    let mut parts = vec![home.display().to_string(), process::output(Command::new(java).arg("--version"))?];
    for jar in std::env::split_paths(class_path).chain([tracer.to_path_buf()]) {
        parts.push(cache::sha256_of_file(&jar)?);
    }
    parts.extend(ARGUMENTS.map(str::to_owned));
    parts.push(include_str!("variant.rs").to_owned());
    parts.push(include_str!("sample.rs").to_owned());
    Ok(cache::short_hash(parts.iter().map(String::as_bytes)))
}
