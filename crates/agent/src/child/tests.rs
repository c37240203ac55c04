use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, getpid, set_child_subreaper, test_kill_process};

use super::{Child, Exit, Stopped};
use crate::{
    reaper::{Orphans, Reaper},
    testing::{eventually, lines, soon},
};

const LONG: Duration = Duration::from_secs(60);

async fn shell(reaper: &Arc<Reaper>, folder: &Path, script: &str) -> Child {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).current_dir(folder).stdin(Stdio::null());
    reaper.spawn(&mut command).await.unwrap()
}

/// Waits until the script has said this many things.
async fn said(folder: &Path, count: usize) -> Vec<String> {
    eventually(async || {
        let said = lines(&folder.join("said"));
        (said.len() >= count).then_some(said)
    })
    .await
}

#[tokio::test]
async fn codes_and_signals_are_told_apart() {
    let (reaper, folder) = (Reaper::start().unwrap(), tempfile::tempdir().unwrap());
    let mut child = shell(&reaper, folder.path(), "exit 7").await;
    assert_eq!(soon(child.ended()).await, Exit::Code(7));
    assert_eq!(soon(child.ended()).await, Exit::Code(7), "it may be asked again");
    let mut child = shell(&reaper, folder.path(), "kill -9 $$").await;
    let exit = soon(child.ended()).await;
    assert_eq!((exit, exit.code()), (Exit::Signal(9), 137));
}

#[tokio::test]
async fn many_that_end_at_once_are_all_collected() {
    let (reaper, folder) = (Reaper::start().unwrap(), tempfile::tempdir().unwrap());
    let mut children = Vec::new();
    for code in 0..50 {
        children.push((code, shell(&reaper, folder.path(), &format!("exit {code}")).await));
    }
    for (code, mut child) in children {
        assert_eq!(soon(child.ended()).await, Exit::Code(code));
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let reaper = Reaper::start().unwrap();
    let spawned = reaper.spawn(&mut Command::new("/nowhere/at/all")).await;
    assert_eq!(spawned.err().map(|error| error.kind()), Some(std::io::ErrorKind::NotFound));
}

#[tokio::test]
async fn one_that_listens_ends_in_its_own_way() {
    let (reaper, folder) = (Reaper::start().unwrap(), tempfile::tempdir().unwrap());
    let script = "trap 'exit 143' TERM; echo up >> said; while :; do sleep 60 & wait $!; done";
    let mut child = shell(&reaper, folder.path(), script).await;
    said(folder.path(), 1).await;
    assert_eq!(soon(child.stop(LONG)).await, Stopped::Ended(Exit::Code(143)));
}

#[tokio::test]
async fn one_that_does_not_listen_is_killed() {
    let (reaper, folder) = (Reaper::start().unwrap(), tempfile::tempdir().unwrap());
    let script = "trap '' TERM; echo up >> said; while :; do sleep 60 & wait $!; done";
    let mut child = shell(&reaper, folder.path(), script).await;
    said(folder.path(), 1).await;
    let stopped = soon(child.stop(Duration::from_millis(50))).await;
    assert_eq!(stopped, Stopped::Killed(Exit::Signal(9)));
}

#[tokio::test]
async fn other_signals_are_passed_on() {
    let (reaper, folder) = (Reaper::start().unwrap(), tempfile::tempdir().unwrap());
    // Not SIGINT or SIGQUIT: what runs in the background of a script inherits those as ignored, and then no shell can trap them.
    let script = "trap 'echo told >> said; exit 0' USR1; echo up >> said; \
                  while :; do sleep 60 & wait $!; done";
    let mut child = shell(&reaper, folder.path(), script).await;
    said(folder.path(), 1).await;
    child.signal(Signal::USR1);
    assert_eq!(soon(child.ended()).await, Exit::Code(0));
    assert_eq!(said(folder.path(), 2).await, ["up", "told"]);
}

#[tokio::test]
async fn nobody_of_the_group_outlives_its_leader() {
    let (reaper, folder) = (Reaper::start().unwrap(), tempfile::tempdir().unwrap());
    let script = "sleep 600 & echo $! >> said; exit 3";
    let mut child = shell(&reaper, folder.path(), script).await;
    assert_eq!(soon(child.ended()).await, Exit::Code(3));
    let left: i32 = said(folder.path(), 1).await[0].parse().unwrap();
    is_dead(left).await;
}

#[tokio::test]
async fn one_that_is_forgotten_is_killed_with_its_group() {
    let (reaper, folder) = (Reaper::start().unwrap(), tempfile::tempdir().unwrap());
    let script = "sleep 600 & echo $! >> said; wait";
    let child = shell(&reaper, folder.path(), script).await;
    let left: i32 = said(folder.path(), 1).await[0].parse().unwrap();
    drop(child);
    is_dead(left).await;
}

/// A process that was left to another reaper counts as dead while it waits to be collected.
async fn is_dead(pid: i32) {
    eventually(async || {
        let is_gone = test_kill_process(Pid::from_raw(pid).unwrap()).is_err();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (is_gone || stat.contains(") Z ")).then_some(())
    })
    .await;
}

/// The process that adopts orphans collects every child there is, so it cannot be the one that runs the other tests.
#[test]
fn orphans_are_collected_and_steal_no_exit_code() {
    let inner = "child::tests::inner_orphans_are_collected";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", inner, "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "runs in a process of its own, started by the test above"]
async fn inner_orphans_are_collected() {
    set_child_subreaper(Some(getpid())).unwrap();
    let reaper = Reaper::start_with(Orphans::Collect).unwrap();
    let folder = tempfile::tempdir().unwrap();
    // Each leaves two orphans: one that has ended already, and one that ends with its group.
    let script = "sh -c 'sh -c \"exit 4\" & echo $! >> said; sleep 600 & echo $! >> said'; exit 3";
    let mut children = Vec::new();
    for _ in 0..20 {
        children.push(shell(&reaper, folder.path(), script).await);
    }
    for child in &mut children {
        assert_eq!(soon(child.ended()).await, Exit::Code(3));
    }
    for orphan in said(folder.path(), 40).await {
        eventually(async || (!std::fs::exists(format!("/proc/{orphan}")).unwrap()).then_some(())).await;
    }
}
