//! `cargo xtask fuzz`: damaged input in a process that is watched from outside.
//!
//! It needs no special toolchain. The process writes each input down before it takes it, so a crash, a hang or a want of memory
//! leaves the input behind.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};

use crate::{cache, process};

/// What is fuzzed.
#[derive(clap::Subcommand)]
pub(crate) enum Task {
    /// The profile reader and merge, against `serde_json` and a naive merger.
    Iprof(Args),
}

/// For how long, and from where.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Where the stream of chance starts; otherwise the clock decides, and it is printed.
    #[arg(long)]
    seed: Option<u64>,
}

/// The most that the process may hold.
const MOST_BYTES: u64 = 128 << 20;
/// The most processor time that one input may take.
const LONGEST: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);
/// A process lives this long, then the next one starts with another seed.
const ROUND_SECONDS: u64 = 60;

/// Runs rounds until the time is over or one fails.
pub(crate) fn run(task: &Task) -> Result<()> {
    let Task::Iprof(args) = task;
    let root = cache::repository();
    process::run(
        Command::new("cargo")
            .current_dir(&root)
            .args(["build", "--release", "--package", "anneal-iprof", "--example", "fuzz"]),
    )?;
    let folder = root.join("target/fuzz/iprof");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut seed = match args.seed {
        Some(seed) => seed,
        None => clock_seed()?,
    };
    let (mut steps, mut accepted) = (0, 0);
    for second in (0..args.minutes * 60).step_by(usize::try_from(ROUND_SECONDS)?) {
        let seconds = ROUND_SECONDS.min(args.minutes * 60 - second);
        let round = Round {
            root: &root,
            state: folder.join("state"),
            seed,
            seconds,
        };
        let (done, taken) = round.run()?;
        (steps, accepted) = (steps + done, accepted + taken);
        println!("seed {seed}: {done} inputs, {taken} of them accepted; {steps} in all");
        seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
    }
    println!(
        "{steps} inputs in {} minutes, {accepted} accepted; no crash, no hang, no difference",
        args.minutes
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "each run looks elsewhere, and prints where it started")]
fn clock_seed() -> Result<u64> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .context("the clock stands before 1970")?;
    Ok(now.as_secs())
}

struct Round<'a> {
    root: &'a Path,
    state: PathBuf,
    seed: u64,
    seconds: u64,
}

impl Round<'_> {
    /// Returns how many inputs were taken, and how many of them were accepted.
    fn run(&self) -> Result<(u64, u64)> {
        let log = self.state.with_extension("log");
        let mut command = Command::new(self.root.join("target/release/examples/fuzz"));
        command.arg(&self.state).arg(self.seed.to_string()).arg(self.seconds.to_string());
        let corpus = self.root.join("crates/iprof/tests/corpus");
        for entry in fs::read_dir(&corpus).with_context(|| format!("cannot list {}", corpus.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "iprof") {
                command.arg(path);
            }
        }
        let errors = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .context("cannot start the fuzzing process")?;
        if let Err(fault) = self.watch(&mut child) {
            drop(child.kill());
            drop(child.wait());
            return Err(self.keep_input(fault));
        }
        let output = child.wait_with_output().context("cannot wait for the fuzzing process")?;
        if !output.status.success() {
            let words = fs::read_to_string(&log).unwrap_or_default();
            return Err(self.keep_input(anyhow::anyhow!("the process ended with {}: {}", output.status, words.trim())));
        }
        let words = String::from_utf8(output.stdout).context("the process printed no UTF-8")?;
        let mut numbers = words.split_whitespace().map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(steps)), Some(Ok(accepted))) => Ok((steps, accepted)),
            _ => bail!("the process printed {words:?}"),
        }
    }

    /// Waits until the process ends by itself.
    fn watch(&self, child: &mut Child) -> Result<()> {
        let (mut last_step, mut since) = (0, Duration::ZERO);
        while child.try_wait().context("cannot wait for the fuzzing process")?.is_none() {
            thread::sleep(LOOK);
            let Some((used, peak)) = usage(child.id()) else {
                continue;
            };
            ensure!(peak <= MOST_BYTES, "the process holds {peak} bytes");
            let step = self.step();
            if step != last_step {
                (last_step, since) = (step, used);
            }
            ensure!(used.saturating_sub(since) <= LONGEST, "an input takes longer than {LONGEST:?}");
        }
        Ok(())
    }

    fn step(&self) -> u64 {
        let state = fs::read(&self.state).unwrap_or_default();
        state.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    fn keep_input(&self, fault: anyhow::Error) -> anyhow::Error {
        let state = fs::read(&self.state).unwrap_or_default();
        let length = state
            .get(8..16)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_le_bytes);
        let end = usize::try_from(length).map_or(state.len(), |length| (16 + length).min(state.len()));
        let path = self.state.with_file_name(format!("input-{}-{}", self.seed, self.step()));
        match fs::write(&path, state.get(16..end).unwrap_or_default()) {
            Ok(()) => fault.context(format!("the input is in {}", path.display())),
            Err(error) => fault.context(format!("the input cannot be kept: {error}")),
        }
    }
}

/// Processor time and the largest resident set of a process, while it lives.
fn usage(process: u32) -> Option<(Duration, u64)> {
    let read = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    let nanoseconds = read("schedstat")?.split_whitespace().next()?.parse().ok()?;
    let status = read("status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((Duration::from_nanos(nanoseconds), kibibytes << 10))
}
