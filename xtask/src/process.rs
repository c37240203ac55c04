//! Running other programs: with the command line in every error, and a deadline on every wait.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a command with the terminal's own output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    check(command, status, "")
}

/// Runs a command and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", line(command)))?;
    check(command, output.status, &String::from_utf8_lossy(&output.stderr))?;
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no UTF-8", line(command)))
}

/// Runs a command with `input` on its standard input and returns its standard output.
pub(crate) fn output_with_input(command: &mut Command, input: &[u8]) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", line(command)))?;
    let mut stdin = child.stdin.take().expect("standard input was piped above");
    let written = stdin.write_all(input);
    drop(stdin);
    let output = child
        .wait_with_output()
        .with_context(|| format!("cannot wait for {}", line(command)))?;
    check(command, output.status, &String::from_utf8_lossy(&output.stderr))?;
    written.with_context(|| format!("{} did not read its input", line(command)))?;
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no UTF-8", line(command)))
}

/// Says whether a command ended well; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command with its output appended to `log`, and kills it at the deadline.
pub(crate) fn run_logged(command: &mut Command, log: &Path, deadline: Duration) -> Result<()> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write the log {}", log.display()))?;
    let copy = file.try_clone().context("cannot share the log's handle")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(copy)
        .spawn()
        .with_context(|| format!("cannot start {}", line(command)))?;
    let end = Instant::now() + deadline;
    loop {
        let status = child.try_wait().with_context(|| format!("cannot wait for {}", line(command)))?;
        if let Some(status) = status {
            return check(command, status, &tail(log));
        }
        if Instant::now() > end {
            child.kill().context("cannot kill a command past its deadline")?;
            child.wait().context("cannot reap a killed command")?;
            bail!("{} took longer than {} s; see {}", line(command), deadline.as_secs(), log.display());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Asks again and again until `condition` holds; the last refusal is part of the error.
pub(crate) fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> Result<()>) -> Result<()> {
    let end = Instant::now() + deadline;
    loop {
        match condition() {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > end => {
                return Err(error.context(format!("{what}: still not so after {} s", deadline.as_secs())));
            }
            Err(_) => thread::sleep(Duration::from_millis(150)),
        }
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port")?;
    Ok(listener.local_addr().context("a listener has an address")?.port())
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

fn check(command: &Command, status: ExitStatus, said: &str) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("{} ended with {status}: {}", line(command), said.trim())
}

fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
