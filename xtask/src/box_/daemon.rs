//! The two processes that stay while a box is up: the holder outside, the first process inside.
//!
//! The holder owns the namespaces (by `unshare --kill-child`) and the apiserver's port on loopback.
//! When either ends, the other does.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::state::State;
use super::{init, relay};

/// First argument of the process outside.
pub(crate) const HOLD: &str = "box-hold";
/// First argument of the process inside.
pub(crate) const INIT: &str = "box-init";

const APISERVER: &str = "127.0.0.1:6443";

/// Runs one of the two, if this process was started as one.
pub(crate) fn run_if_named() -> Result<bool> {
    let words: Vec<_> = std::env::args_os().collect();
    let [_, role, folder] = words.as_slice() else {
        return Ok(false);
    };
    let folder = PathBuf::from(folder);
    if role == HOLD {
        hold(&State::at(&folder)?)?;
    } else if role == INIT {
        init::run(&State::at(&folder)?)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn hold(state: &State) -> Result<()> {
    let record = state.record()?;
    let listener =
        TcpListener::bind(("127.0.0.1", record.port)).with_context(|| format!("cannot listen on loopback port {}", record.port))?;
    relay::serve_port(listener, state.relay_socket(), APISERVER.to_owned(), Arc::default());
    let log = File::create(state.logs().join("init.log")).context("cannot create a log")?;
    let copy = log.try_clone().context("cannot share the log's handle")?;
    // Each link of the chain ends with the one before it, however that one ends.
    let status = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare"])
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["--propagation", "private"])
        .arg(std::env::current_exe().context("cannot find this program's own path")?)
        .arg(INIT)
        .arg(state.folder())
        .stdout(log)
        .stderr(copy)
        .status()
        .context("cannot start unshare")?;
    println!("the box's namespaces ended: {status}");
    Ok(())
}
