//! SIGKILL for the processes of one container, seen from a pod with the node's processes: what no handler can soften.

use std::fs;

use anyhow::{Context, Result, ensure};
use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};

/// Which container.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Its id as in a pod's status, without the runtime's prefix: part of its processes' cgroup under every driver.
    id: String,
}

/// Kills them; none is an error.
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(
        args.id.len() >= 32 && args.id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{:?} is no container id",
        args.id
    );
    let mut killed = 0;
    for entry in fs::read_dir("/proc").context("cannot list /proc")?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw)
        else {
            continue;
        };
        // A process may end while we look.
        let cgroups = fs::read_to_string(entry.path().join("cgroup")).unwrap_or_default();
        if !cgroups.contains(&args.id) {
            continue;
        }
        match kill_process(pid, Signal::KILL) {
            Ok(()) => killed += 1,
            Err(Errno::SRCH) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot kill process {}", pid.as_raw_nonzero())),
        }
    }
    ensure!(killed > 0, "no process runs in container {}", args.id);
    println!("{killed}");
    Ok(())
}
