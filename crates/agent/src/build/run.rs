//! Starts the compiler, waits for its end within its time, and keeps its output.

use std::{
    ffi::OsString,
    io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anneal_protocol::agent::CONFIG_VARIABLE;
use snafu::ResultExt;
use tokio::time::timeout;

use super::{
    Error, InterruptSnafu, StartSnafu, WriteSnafu,
    capture::{Capture, Log},
    memory::OomKills,
};
use crate::{
    args::Settings,
    child::{Child, Exit, Stopped, prefer_for_oom},
    reaper::Reaper,
    signals::Signals,
};

/// How long the compiler may take to end when the pod goes.
const STOP: Duration = Duration::from_secs(10);

/// A compiler that runs.
pub(crate) struct Run {
    child: Child,
    capture: Capture,
    started: Instant,
    oom_kills: (OomKills, Option<u64>),
}

/// A compiler that has ended.
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) timed_out: bool,
    pub(crate) oom_killed: bool,
    pub(crate) log: Log,
    pub(crate) seconds: u64,
}

impl Run {
    pub(crate) async fn start(settings: &Settings, arguments: &Path) -> Result<Self, Error> {
        let program = &settings.native_image;
        let (output, input) = io::pipe().context(WriteSnafu)?;
        let mut command = Command::new(program);
        let mut file = OsString::from("@");
        file.push(arguments);
        command
            .arg(file)
            .current_dir(settings.workspace.output())
            .env("TMPDIR", settings.workspace.scratch())
            .env_remove(CONFIG_VARIABLE)
            .stdin(Stdio::null())
            .stdout(input.try_clone().context(WriteSnafu)?)
            .stderr(input);
        let oom_kills = OomKills::default();
        let before = oom_kills.count();
        let reaper = Reaper::start().context(StartSnafu { program })?;
        let child = reaper.spawn(&mut command).await.context(StartSnafu { program })?;
        prefer_for_oom(child.pid());
        // The command holds the pipe's other end: it must go, or the output would never end.
        drop(command);
        let capture = Capture::start(output).context(WriteSnafu)?;
        Ok(Self {
            child,
            capture,
            started: Instant::now(),
            oom_kills: (oom_kills, before),
        })
    }

    /// Waits for the end, or brings it about.
    pub(crate) async fn finish(mut self, limit: Duration, signals: &Signals) -> Result<Ended, Error> {
        let mut forwarded = signals.forwarded();
        let ended = async {
            loop {
                tokio::select! {
                    exit = self.child.ended() => return Some(exit),
                    signal = forwarded.next() => self.child.signal(signal),
                    () = signals.leaving() => return None,
                }
            }
        };
        let (exit, timed_out) = match timeout(limit, ended).await {
            Ok(Some(exit)) => (exit, false),
            Ok(None) => {
                let (Stopped::Ended(exit) | Stopped::Killed(exit)) = self.child.stop(STOP).await;
                tracing::info!(?exit, "the compiler was ended because the pod is to go");
                return InterruptSnafu.fail();
            }
            Err(_) => (self.child.kill().await, true),
        };
        let seconds = self.started.elapsed().as_secs();
        let (oom_kills, before) = self.oom_kills;
        let oom_killed = oom_kills.count().zip(before).is_some_and(|(now, before)| now > before);
        let log = self.capture.finish().await;
        Ok(Ended {
            exit,
            timed_out,
            oom_killed,
            log,
            seconds,
        })
    }
}
