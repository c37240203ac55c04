//! The programs, what each needs, and what becomes of one that is run.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::process;

/// Nothing takes longer, on a slow machine either.
const PATIENCE: Duration = Duration::from_mins(2);
/// What programs read that read their input.
const INPUT: &str = "first\nzweite Zeile \u{e4}\n";

/// A program by its entry in the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    /// What native images get wrong there.
    pub(crate) group: String,
    settings: Vec<String>,
}

/// What a program printed and how it ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) lines: Vec<String>,
}

impl Outcome {
    /// The first line that differs, for people.
    pub(crate) fn compare(&self, other: &Self) -> String {
        let end = "<end>".to_owned();
        let mut pairs = (0..self.lines.len().max(other.lines.len())).map(|index| {
            let line = |outcome: &Self| outcome.lines.get(index).unwrap_or(&end).clone();
            (line(self), line(other))
        });
        let (one, other) = pairs.find(|(one, other)| one != other).unwrap_or_default();
        format!("{one:?} against {other:?}")
    }
}

/// What the catalog holds.
pub(crate) fn list(main: &[OsString]) -> Result<Vec<Program>> {
    let (java, rest) = main.split_first().context("a command has a program")?;
    let text = process::output(Command::new(java).args(rest).arg("--list"))?;
    let programs = text.lines().map(|line| {
        let mut parts = line.split('\t');
        let mut next = || parts.next().with_context(|| format!("{line:?} is no entry"));
        let (name, group) = (next()?.to_owned(), next()?.to_owned());
        let settings = next()?
            .split(',')
            .filter(|setting| !setting.is_empty())
            .map(str::to_owned)
            .collect();
        Ok(Program { name, group, settings })
    });
    programs.collect()
}

/// Runs all of them, two at a time, in their order of the result.
pub(crate) fn run_all(programs: &[Program], folder: &Path, command: impl Fn(&Program) -> Vec<OsString> + Sync) -> Result<Vec<Outcome>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, program)) =
            { Some(next.fetch_add(1, Ordering::SeqCst)) }.and_then(|index| Some((index, programs.get(index)?)))
        {
            done.push((
                index,
                program
                    .run(folder, &command(program))
                    .with_context(|| format!("program {}", program.name)),
            ));
        }
        done
    };
    let mut all = thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        let results = workers.into_iter().map(|worker| worker.join().expect("a worker does not panic"));
        results.flatten().collect::<Vec<_>>()
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

impl Program {
    /// Options of the JVM, which native executables take too.
    pub(crate) fn jvm_options(&self) -> Vec<OsString> {
        self.settings
            .iter()
            .filter(|setting| setting.starts_with('-'))
            .map(Into::into)
            .collect()
    }

    fn has(&self, setting: &str) -> bool {
        self.settings.iter().any(|known| known == setting)
    }

    fn run(&self, folder: &Path, command: &[OsString]) -> Result<Outcome> {
        let errors = folder.join(format!("{}.errors", self.name));
        // Whoever runs this in the background may ignore signals, and would leave that to the program.
        let mut child = Command::new("env");
        child.arg("--default-signal").args(command).arg(&self.name).current_dir(folder);
        for variable in ["LANG", "TZ", "JAVA_TOOL_OPTIONS"] {
            child.env_remove(variable);
        }
        child.env("LC_ALL", "C.UTF-8");
        if self.has("port") {
            child.env("PORT", process::free_port()?.to_string());
        }
        child.envs(self.settings.iter().filter_map(|setting| {
            let (key, value) = setting.split_once('=')?;
            key.chars()
                .all(|letter| letter.is_ascii_uppercase() || letter == '_')
                .then_some((key, value))
        }));
        child
            .stdin(if self.has("stdin") { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped());
        child.stderr(File::create(&errors).with_context(|| format!("cannot create {}", errors.display()))?);
        let mut child = child.spawn().context("cannot start it")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(INPUT.as_bytes()).context("it takes no input")?;
        }
        let mut lines = self.listen(&mut child)?;
        let text = fs::read_to_string(&errors).context("cannot read what it said of errors")?;
        if self.has("errors") {
            lines.extend(text.lines().filter(|line| !line.contains("VM warning: Sharing")).map(str::to_owned));
        } else if lines.last().is_none_or(|end| end != "status 0") {
            lines.extend(thrown(&text));
        }
        Ok(Outcome { lines })
    }

    /// Reads what it prints, sends it its signal when it is ready, and waits for its end.
    fn listen(&self, child: &mut Child) -> Result<Vec<String>> {
        let signal = self.settings.iter().find_map(|setting| setting.strip_prefix("signal="));
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("it has no id")?;
        let mut out = BufReader::new(child.stdout.take().context("standard output is piped")?);
        // A reader that blocks for ever is ended with the program.
        let watch = Watch::start(pid);
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        while out.read_until(b'\n', &mut line).context("cannot read what it prints")? > 0 {
            lines.push(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned());
            line.clear();
            if let Some(signal) = signal.filter(|_| lines.last().is_some_and(|line| line == "ready")) {
                kill_process(pid, number(signal)?).context("cannot send it a signal")?;
            }
        }
        let status = child.wait().context("cannot wait for it")?;
        ensure!(!watch.expired(), "it did not end within {} s", PATIENCE.as_secs());
        lines.push(match (status.code(), status.signal()) {
            (Some(code), _) => format!("status {code}"),
            (None, signal) => format!("signal {}", signal.unwrap_or_default()),
        });
        Ok(lines)
    }
}

/// What ended the program, if an exception did: its class, because the JVM words messages of its own in another way.
fn thrown(errors: &str) -> Option<String> {
    let line = errors.lines().find(|line| line.starts_with("Exception in thread"))?;
    Some(line.split(": ").next().unwrap_or(line).to_owned())
}

fn number(name: &str) -> Result<Signal> {
    Ok(match name {
        "TERM" => Signal::TERM,
        "INT" => Signal::INT,
        "USR2" => Signal::USR2,
        _ => bail!("no program gets the signal {name}"),
    })
}

/// Ends a process that takes too long.
struct Watch {
    done: std::sync::mpsc::Sender<()>,
    thread: thread::JoinHandle<bool>,
}

impl Watch {
    fn start(pid: Pid) -> Self {
        let (done, ended) = std::sync::mpsc::channel();
        let start = Instant::now();
        let thread = thread::spawn(move || {
            let late = ended.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
            if late && start.elapsed() >= PATIENCE {
                // It is not collected before this thread has ended.
                let _gone = kill_process(pid, Signal::KILL);
            }
            late
        });
        Self { done, thread }
    }

    fn expired(self) -> bool {
        drop(self.done);
        self.thread.join().unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_known_by_its_class() {
        let errors = "warning\nException in thread \"main\" a.B: text: more\n\tat a.C\n";
        assert_eq!(thrown(errors).as_deref(), Some("Exception in thread \"main\" a.B"));
        assert_eq!(
            thrown("Exception in thread \"main\" a.B\n").as_deref(),
            Some("Exception in thread \"main\" a.B")
        );
        assert_eq!(thrown("nothing\n"), None);
    }
}
