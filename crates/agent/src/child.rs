//! One process the agent has started: its end, and the ways to bring it about.

use std::{sync::Arc, time::Duration};

use rustix::process::{Pid, Signal};
use tokio::{sync::watch, time::timeout};

use crate::reaper::Reaper;

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Somebody else collected it.
    Lost,
}

impl Exit {
    /// As a shell has it: the code, or 128 + signal.
    pub(crate) const fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
            Self::Lost => -1,
        }
    }
}

/// How a process that was asked to end did so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stopped {
    /// In time.
    Ended(Exit),
    /// It had to be killed.
    Killed(Exit),
}

/// A process, killed with its group when this is dropped.
pub(crate) struct Child {
    pid: Pid,
    exit: watch::Receiver<Option<Exit>>,
    reaper: Arc<Reaper>,
}

impl Child {
    pub(crate) const fn new(pid: Pid, exit: watch::Receiver<Option<Exit>>, reaper: Arc<Reaper>) -> Self {
        Self { pid, exit, reaper }
    }

    pub(crate) const fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits for its end. May be called again, and may be cancelled.
    pub(crate) async fn ended(&mut self) -> Exit {
        match self.exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Lost),
            Err(_) => Exit::Lost,
        }
    }

    /// Sends a signal to the process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        self.reaper.signal(self.pid, signal);
    }

    /// Kills it with its group, and waits until it is collected.
    pub(crate) async fn kill(&mut self) -> Exit {
        self.reaper.signal_group(self.pid, Signal::KILL);
        self.ended().await
    }

    /// Asks it to end, and kills it after this long.
    pub(crate) async fn stop(&mut self, patience: Duration) -> Stopped {
        self.signal(Signal::TERM);
        match timeout(patience, self.ended()).await {
            Ok(exit) => Stopped::Ended(exit),
            Err(_) => Stopped::Killed(self.kill().await),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.reaper.signal_group(self.pid, Signal::KILL);
    }
}

/// Makes the kernel end this process, and not the agent, when memory runs out.
pub(crate) fn prefer_for_oom(pid: Pid) {
    let path = format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero());
    if let Err(error) = std::fs::write(&path, "1000") {
        tracing::debug!(%error, "the process's out-of-memory score stays as it is");
    }
}

#[cfg(test)]
mod tests;
