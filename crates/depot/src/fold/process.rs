//! The depot's side of a process that folds: asks, waits for so long, and ends it.

use std::{io, os::unix::process::ExitStatusExt, process::Stdio, time::Duration};

use anneal_protocol::facts::Convergence;
use async_trait::async_trait;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{
    Merged, Rejection,
    folder::{Answer, Death, Folder},
    processes::ProcessSettings,
    wire::{self, HEADER, Kind, SMALL, Summary},
};
use crate::layout::Subject;

/// For a process to be gone after its output has ended.
const GRACE: Duration = Duration::from_secs(2);

/// A process that holds one merge. It is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    deadline: Duration,
    /// The largest merge.
    state: u64,
}

impl Process {
    /// Starts a process with nothing in its environment.
    pub(super) fn start(settings: &ProcessSettings, subject: Subject) -> io::Result<Self> {
        let subject = match subject {
            Subject::Profile { .. } => "profile",
            Subject::Metadata { .. } => "metadata",
        };
        let limits = &settings.limits;
        let mut command = Command::new(&settings.program);
        command.args(&settings.arguments).arg(format!("--subject={subject}"));
        for (flag, value) in [
            ("memory", settings.memory),
            ("raw", limits.raw),
            ("inflated", limits.inflated),
            ("metadata", limits.metadata),
            ("state", limits.state),
        ] {
            command.arg(format!("--{flag}={value}"));
        }
        command
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A panic's message may hold what a tenant sent.
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let lost = || io::Error::other("a pipe is missing");
        let input = child.stdin.take().ok_or_else(lost)?;
        let output = child.stdout.take().ok_or_else(lost)?;
        Ok(Self {
            child,
            input,
            output,
            deadline: settings.deadline,
            state: limits.state,
        })
    }

    async fn ask(&mut self, kind: Kind, body: &[u8]) -> io::Result<(Kind, Vec<u8>)> {
        self.input.write_all(&wire::header(kind, body.len())).await?;
        self.input.write_all(body).await?;
        self.input.flush().await?;
        self.read(SMALL).await
    }

    async fn read(&mut self, limit: u64) -> io::Result<(Kind, Vec<u8>)> {
        let mut start = [0; HEADER];
        self.output.read_exact(&mut start).await?;
        let (kind, length) = wire::parse(start)?;
        let mut body = vec![0; wire::bounded(length, limit)?];
        self.output.read_exact(&mut body).await?;
        Ok((kind, body))
    }

    async fn read_bytes(&mut self) -> io::Result<Vec<u8>> {
        match self.read(self.state).await? {
            (Kind::Bytes, body) => Ok(body),
            _ => Err(nonsense()),
        }
    }

    async fn read_merged(&mut self) -> io::Result<Result<Merged, Rejection>> {
        let summary: Summary = match self.ask(Kind::Finish, b"").await? {
            (Kind::Merged, body) => serde_json::from_slice(&body)?,
            (Kind::Refused, body) => return Ok(Err(serde_json::from_slice(&body)?)),
            _ => return Err(nonsense()),
        };
        let published = self.read_bytes().await?;
        let state = if summary.state { Some(self.read_bytes().await?) } else { None };
        Ok(Ok(Merged {
            digest: summary.digest,
            published,
            state,
            events: summary.events,
        }))
    }

    async fn call<T: DeserializeOwned>(&mut self, kind: Kind, body: &[u8]) -> Answer<T> {
        let called = timeout(self.deadline, self.ask(kind, body)).await;
        let result = called.map(|asked| {
            Ok(match asked? {
                (Kind::Done, body) => Ok(serde_json::from_slice(&body)?),
                (Kind::Refused, body) => Err(serde_json::from_slice(&body)?),
                _ => return Err(nonsense()),
            })
        });
        self.judge(result).await
    }

    /// Waits for the end of a process that did not answer as it should.
    async fn judge<T>(&mut self, result: Result<io::Result<T>, tokio::time::error::Elapsed>) -> Result<T, Death> {
        match result {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => tracing::debug!(%error, "a process that folds does not answer"),
            Err(_) => {
                self.end().await;
                return Err(Death::Late(self.deadline));
            }
        }
        let status = timeout(GRACE, self.child.wait()).await;
        self.end().await;
        let signal = status.ok().and_then(Result::ok).and_then(|status| status.signal());
        Err(signal.map_or(Death::Fault, Death::Killed))
    }

    async fn end(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "a process that folds was gone");
        }
    }
}

#[async_trait]
impl Folder for Process {
    async fn begin(&mut self, state: Option<Bytes>) -> Answer<()> {
        match state {
            Some(state) => self.call(Kind::Resume, &state).await,
            None => self.call(Kind::Begin, b"").await,
        }
    }

    async fn fold(&mut self, raw: Bytes) -> Answer<Option<Convergence>> {
        self.call(Kind::Fold, &raw).await
    }

    async fn finish(&mut self) -> Answer<Merged> {
        let merged = timeout(self.deadline, self.read_merged()).await;
        self.judge(merged).await
    }

    fn resident(&self) -> u64 {
        self.child.id().and_then(resident).unwrap_or(u64::MAX)
    }
}

/// Memory that a process has for itself.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB"));
    Some(kibibytes?.parse::<u64>().ok()? << 10)
}

fn nonsense() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is none to this question")
}
