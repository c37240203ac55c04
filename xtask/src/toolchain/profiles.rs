//! Builds a program whose counts are known, reads what it counts, and builds it with profiles good and bad.

mod counts;
mod spoiled;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anneal_iprof::{ConflictPolicy, Limits, Profile};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::counts::Counts;
use super::parts::Parts;
use crate::{cache, process};

const BUILD: Duration = Duration::from_secs(30 * 60);
const WAIT: Duration = Duration::from_secs(30);
const PROGRAM: &str = "Profiled";
/// Rounds and threads of the run that guides the builds, and of those whose output is compared.
const RUN: [&str; 2] = ["600000", "4"];

struct Suite<'a> {
    home: &'a Path,
    folder: &'a Path,
}

pub(crate) fn run(parts: &Parts, home: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let suite = Suite {
        home,
        folder: folder.path(),
    };
    let mut compile = Command::new(parts.jdk.join("bin/javac"));
    compile.arg("-d").arg(folder.path()).arg(parts.sources.join("prove/Profiled.java"));
    process::output(&mut compile)?;
    let mut jvm = Command::new(parts.jdk.join("bin/java"));
    let expected = process::output(jvm.arg("-cp").arg(folder.path()).arg(PROGRAM).args(RUN))?;

    let (counting, _) = suite.build("counting", &["--pgo-instrument"], "instrument")?;
    suite.counts_exactly(&counting)?;
    suite.keeps_what_threads_count(&counting)?;
    suite.dumps_on_demand_and_at_the_end(&counting)?;

    let profile = suite.profile(&counting, &RUN)?;
    suite.builds_the_same_program(&profile, &expected)?;
    suite.refuses_what_is_no_profile(&profile)
}

impl Suite<'_> {
    /// An executable, and what the builder says it made of profiles; its report must say so too.
    fn build(&self, name: &str, options: &[&str], word: &str) -> Result<(PathBuf, String)> {
        let log = cache::folder("log")?.join(format!("graalvm-ce-profiles-{name}.log"));
        fs::write(&log, "").context("cannot empty the log")?;
        println!("building {name}; log {}", log.display());
        let executable = self.folder.join(name);
        let report = self.folder.join(format!("{name}.json"));
        let mut native = self.native_image(options);
        native
            .arg(format!("-H:BuildOutputJSONFile={}", report.display()))
            .arg("-o")
            .arg(&executable);
        process::run_logged(native.arg(PROGRAM), &log, BUILD).with_context(|| format!("cannot build {name}"))?;
        let report: Value = serde_json::from_slice(&fs::read(&report).context("there is no report")?).context("the report is no JSON")?;
        let said = &report["general_info"]["graal_compiler"]["pgo"];
        ensure!(*said == serde_json::json!([word]), "the report of {name} says {said}, not {word}");
        let log = fs::read_to_string(&log).context("cannot read the log")?;
        let made: Vec<&str> = log.lines().filter(|line| line.contains("PGO:")).collect();
        for line in &made {
            println!("  {line}");
        }
        Ok((executable, made.join("\n")))
    }

    fn native_image(&self, options: &[&str]) -> Command {
        let mut native = Command::new(self.home.join("bin/native-image"));
        native.args(["--no-fallback", "-cp"]).arg(self.folder).args(options);
        native
    }

    /// Runs a counting program to its end, with the profile in a file of its own.
    fn profile(&self, program: &Path, arguments: &[&str]) -> Result<PathBuf> {
        let file = self.folder.join(format!("{}.iprof", arguments.join("-")));
        let mut run = Command::new(program);
        run.args(arguments).arg(format!("-XX:ProfilesDumpFile={}", file.display()));
        process::output(&mut run)?;
        Ok(file)
    }

    fn counts_exactly(&self, program: &Path) -> Result<()> {
        let counts = Counts::of(&read(&self.profile(program, &["1200", "1"])?)?, PROGRAM);
        counts.equal(&Counts::expected(1200, 1))?;
        println!("one thread: all {} records of the program are exact", counts.len());
        // Without the option the profile goes to the working folder.
        let folder = self.folder.join("working");
        fs::create_dir(&folder).context("cannot create a folder")?;
        process::output(Command::new(program).args(["10", "1"]).current_dir(&folder))?;
        read(&folder.join("default.iprof"))?;
        let left: Vec<_> = fs::read_dir(&folder).context("cannot list a folder")?.flatten().collect();
        ensure!(left.len() == 1, "more than the profile is left in the working folder: {left:?}");
        Ok(())
    }

    fn keeps_what_threads_count(&self, program: &Path) -> Result<()> {
        let counts = Counts::of(&read(&self.profile(program, &["300000", "16"])?)?, PROGRAM);
        let kept = counts.least_share_of(&Counts::expected(300_000, 16))?;
        println!("sixteen threads: {:.3} % of the events of every record", 100.0 * kept);
        ensure!((0.99..=1.0).contains(&kept), "counts were lost");
        Ok(())
    }

    fn dumps_on_demand_and_at_the_end(&self, program: &Path) -> Result<()> {
        let file = self.folder.join("demanded.iprof");
        let mut child = Command::new(program)
            .args(["1200", "1", "wait"])
            .arg(format!("-XX:ProfilesDumpFile={}", file.display()))
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the program")?;
        let seen = Self::dumps_of_a_running_program(&mut child, &file);
        // Whatever came of it, the program does not stay.
        child.kill().context("cannot end the program")?;
        child.wait().context("cannot reap the program")?;
        seen
    }

    fn dumps_of_a_running_program(child: &mut Child, file: &Path) -> Result<()> {
        let expected = Counts::expected_while_waiting(1200, 1);
        let said = BufReader::new(child.stdout.take().context("standard output is piped")?).lines();
        let waits = said.map_while(Result::ok).any(|line| line == "waiting");
        ensure!(waits, "the program ended before it waited");
        signal(child, "USR2")?;
        process::wait_until("the profile on demand", WAIT, || read(file).map(drop))?;
        Counts::of(&read(file)?, PROGRAM).equal(&expected)?;
        ensure!(
            child.try_wait().context("cannot ask for the program")?.is_none(),
            "the program has ended by the signal"
        );
        fs::remove_file(file).context("cannot remove the profile")?;
        // Demands that the end overtakes leave nothing behind.
        for name in ["USR2", "USR2", "USR2", "TERM"] {
            signal(child, name)?;
        }
        let status = child.wait().context("cannot reap the program")?;
        ensure!(status.code() == Some(128 + 15), "the program ended with {status} at SIGTERM");
        Counts::of(&read(file)?, PROGRAM).equal(&expected)?;
        let folder = file.parent().context("the profile is in a folder")?;
        let names = fs::read_dir(folder).context("cannot list a folder")?.flatten();
        let drafts: Vec<_> = names
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "tmp"))
            .collect();
        ensure!(drafts.is_empty(), "drafts are left: {drafts:?}");
        println!("a whole profile on demand, and another at SIGTERM");
        Ok(())
    }

    fn builds_the_same_program(&self, profile: &Path, expected: &str) -> Result<()> {
        let text = fs::read(profile).context("cannot read the profile")?;
        let mut profiles = vec![("guided", profile.to_path_buf())];
        for (name, spoiled) in [
            ("foreign", spoiled::foreign(&text)?),
            ("empty", spoiled::empty()),
            ("mutated", spoiled::mutated(&text)?),
        ] {
            let file = self.folder.join(format!("{name}.iprof"));
            fs::write(&file, spoiled).context("cannot write a profile")?;
            // The product itself would not take an empty one.
            if name != "empty" {
                read(&file).with_context(|| format!("the {name} profile should be a valid one"))?;
            }
            profiles.push((name, file));
        }
        for (name, file) in profiles {
            let (program, made) = self.build(name, &[&format!("--pgo={}", file.display())], "user-provided")?;
            let uses = [" branches", " switches", " calls inlined", " of them behind"].map(|what| count_before(&made, what));
            let is_used = if matches!(name, "foreign" | "empty") {
                uses.iter().all(|uses| *uses == Some(0))
            } else {
                // A mutated profile may leave switches and types alone.
                uses.iter()
                    .take(if name == "guided" { 4 } else { 1 })
                    .all(|uses| uses.is_some_and(|uses| uses > 0))
            };
            ensure!(is_used, "of the {name} profile the builder made {uses:?}: {made}");
            let said = process::output(Command::new(&program).args(RUN))?;
            ensure!(
                said == expected,
                "built with the {name} profile the program says {said:?}, not {expected:?}"
            );
        }
        Ok(())
    }

    fn refuses_what_is_no_profile(&self, profile: &Path) -> Result<()> {
        let text = fs::read(profile).context("cannot read the profile")?;
        let file = self.folder.join("cut.iprof");
        fs::write(&file, &text[..text.len() / 2]).context("cannot write a profile")?;
        let built = self
            .native_image(&[&format!("--pgo={}", file.display()), "-o", "cut", PROGRAM])
            .output()
            .context("cannot start the builder")?;
        let said = String::from_utf8_lossy(&built.stdout).into_owned() + &String::from_utf8_lossy(&built.stderr);
        let is_refused = !built.status.success() && said.contains("Error:") && said.contains("cut.iprof is not valid");
        ensure!(is_refused, "a profile that is cut was not refused: {said}");
        println!("a profile that is cut is refused");
        Ok(())
    }
}

/// The number that stands before a word of the builder's.
fn count_before(said: &str, word: &str) -> Option<u64> {
    let (before, _) = said.split_once(word)?;
    before.rsplit(' ').next()?.parse().ok()
}

/// A profile that the product accepts.
fn read(file: &Path) -> Result<Profile> {
    let text = fs::File::open(file).with_context(|| format!("there is no {}", file.display()))?;
    match Profile::read(text, &Limits::default(), ConflictPolicy::Dominant) {
        Ok(profile) => Ok(profile),
        Err(fault) => bail!("{} is not valid: {fault}", file.display()),
    }
}

fn signal(child: &Child, name: &str) -> Result<()> {
    process::output(Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string())).map(drop)
}
