//! Starts processes, collects them when they end, and collects orphans where this process is PID 1.
//!
//! This is the only place that waits for processes. Waiting for *any* child, as PID 1 must, would steal the exit
//! status from whoever else waits for one of them; so nobody else does, and no other part of the agent uses
//! `std`'s or `tokio`'s own waiting. The lock is held while a process is started, so that one that ends at once
//! is known by the time it is collected; and while one is signalled, so that a signal never meets a stranger
//! that got the number of a process that was collected already.

use std::{
    collections::HashMap,
    io,
    os::unix::process::CommandExt,
    process::Command,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group, wait, waitid, waitpid,
    },
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::child::{Child, Exit};

const BUSY_TRIES: u32 = 100;
const BUSY_WAIT: Duration = Duration::from_millis(10);

/// Knows the processes that were started and are not collected yet.
pub(crate) struct Reaper {
    running: Mutex<HashMap<Pid, watch::Sender<Option<Exit>>>>,
    orphans: Orphans,
}

/// What becomes of processes whose parents ended before them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Orphans {
    /// This process is PID 1 and inherits what others leave behind.
    Collect,
    /// They go to somebody else.
    Leave,
}

impl Reaper {
    /// Begins to collect, within the current runtime, until the last handle is dropped.
    pub(crate) fn start() -> io::Result<Arc<Self>> {
        Self::start_with(if getpid().is_init() { Orphans::Collect } else { Orphans::Leave })
    }

    pub(crate) fn start_with(orphans: Orphans) -> io::Result<Arc<Self>> {
        let reaper = Arc::new(Self {
            running: Mutex::default(),
            orphans,
        });
        let mut deaths = signal(SignalKind::child())?;
        let known: Weak<Self> = Arc::downgrade(&reaper);
        tokio::spawn(async move {
            while deaths.recv().await.is_some() {
                match known.upgrade() {
                    Some(reaper) => reaper.collect(),
                    None => return,
                }
            }
        });
        Ok(reaper)
    }

    /// Starts a process as the leader of a process group of its own.
    ///
    /// An executable that was just written may be open for writing for a moment more, in a process that was being
    /// started meanwhile; the kernel refuses to start it until then.
    pub(crate) async fn spawn(self: &Arc<Self>, command: &mut Command) -> io::Result<Child> {
        for _ in 0..BUSY_TRIES {
            match self.spawn_once(command) {
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                    tokio::time::sleep(BUSY_WAIT).await;
                }
                spawned => return spawned,
            }
        }
        self.spawn_once(command)
    }

    fn spawn_once(self: &Arc<Self>, command: &mut Command) -> io::Result<Child> {
        let mut running = self.running();
        // The handle is dropped: on Unix that neither ends nor collects the process.
        let id = command.process_group(0).spawn()?.id();
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the process has no id"))?;
        let (ended, exit) = watch::channel(None);
        running.insert(pid, ended);
        drop(running);
        Ok(Child::new(pid, exit, Arc::clone(self)))
    }

    /// Sends a signal to a process that is not collected yet.
    pub(crate) fn signal(&self, pid: Pid, signal: Signal) {
        let running = self.running();
        if running.contains_key(&pid) {
            report(kill_process(pid, signal), pid, signal);
        }
    }

    /// Sends a signal to the whole group of a process that is not collected yet.
    pub(crate) fn signal_group(&self, pid: Pid, signal: Signal) {
        let running = self.running();
        if running.contains_key(&pid) {
            report(kill_process_group(pid, signal), pid, signal);
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Pid, watch::Sender<Option<Exit>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Collects everything that has ended.
    fn collect(&self) {
        let mut running = self.running();
        let leaders: Vec<Pid> = running.keys().copied().collect();
        for pid in leaders {
            if has_ended(pid) {
                // Whatever of the group is left would hold the port. The dead leader still holds the
                // group's number, so no other group can be meant.
                report(kill_process_group(pid, Signal::KILL), pid, Signal::KILL);
                let status = waitpid(Some(pid), WaitOptions::NOHANG).ok().flatten();
                let exit = status.map_or(Exit::Lost, |(_, status)| exit(status));
                end(&mut running, pid, exit);
            }
        }
        if self.orphans == Orphans::Collect {
            while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
                tracing::debug!(pid = pid.as_raw_nonzero().get(), "collected");
                if running.contains_key(&pid) {
                    // It has ended since the look above. Its number is not given to others so soon.
                    report(kill_process_group(pid, Signal::KILL), pid, Signal::KILL);
                    end(&mut running, pid, exit(status));
                }
            }
        }
    }
}

fn has_ended(pid: Pid) -> bool {
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::Pid(pid), peek) {
        Ok(found) => found.is_some(),
        Err(Errno::CHILD) => true,
        Err(_) => false,
    }
}

fn end(running: &mut HashMap<Pid, watch::Sender<Option<Exit>>>, pid: Pid, exit: Exit) {
    if let Some(ended) = running.remove(&pid) {
        ended.send_replace(Some(exit));
    }
}

fn exit(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Lost,
    }
}

fn report(result: Result<(), Errno>, pid: Pid, signal: Signal) {
    match result {
        // Nothing is left to be signalled: that is what a signal after the end finds.
        Ok(()) | Err(Errno::SRCH) => {}
        Err(error) => {
            tracing::warn!(%error, pid = pid.as_raw_nonzero().get(), ?signal, "not signalled");
        }
    }
}
