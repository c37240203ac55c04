//! `cargo xtask box …`: the command line of the box.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::state::{DEFAULT_NAME, State};
use crate::cluster::Cluster;
use crate::process;

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Start a cluster, or do nothing if it is up.
    Up(Up),
    /// Remove a cluster and everything it left behind.
    Down(Named),
    /// Say whether it is up, and what runs there.
    Status(Named),
    /// Print the path of its kubeconfig, for use on this host.
    Kubeconfig(Named),
    /// Open a shell inside its namespaces.
    Shell(Named),
    /// Run a command inside its namespaces.
    Exec(Exec),
    /// Start the object store in it, and print how to reach it.
    Minio(Named),
}

#[derive(Args)]
pub(crate) struct Named {
    /// Which box.
    #[arg(long, default_value = DEFAULT_NAME)]
    name: String,
}

#[derive(Args)]
pub(crate) struct Up {
    #[command(flatten)]
    named: Named,
    /// Run etcd, the apiserver and the controller-manager only.
    #[arg(long)]
    control_plane_only: bool,
}

#[derive(Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    named: Named,
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub(crate) fn run(task: Task) -> Result<()> {
    match task {
        Task::Up(up) => {
            let options = super::Options {
                name: up.named.name,
                control_plane_only: up.control_plane_only,
            };
            let cluster = super::up(&options)?;
            let path = cluster.kubeconfig().context("a box has a kubeconfig")?;
            println!("export KUBECONFIG={}", path.display());
            Ok(())
        }
        Task::Down(named) => super::down(&named.name),
        Task::Status(named) => status(&named.name),
        Task::Kubeconfig(named) => {
            let cluster = super::connect(&named.name)?;
            println!("{}", cluster.kubeconfig().context("a box has a kubeconfig")?.display());
            Ok(())
        }
        Task::Shell(named) => {
            let mut shell = super::connect(&named.name)?.exec_in_namespaces("bash")?;
            Err(shell.exec()).context("cannot start a shell in the box")
        }
        Task::Exec(exec) => {
            let (program, arguments) = exec.words.split_first().context("clap requires a program")?;
            let mut command = super::connect(&exec.named.name)?.exec_in_namespaces(program)?;
            Err(command.args(arguments).exec()).with_context(|| format!("cannot start {program} in the box"))
        }
        Task::Minio(named) => {
            let info = super::minio_up(&super::connect(&named.name)?)?;
            println!("endpoint {} bucket {}", info.endpoint, info.bucket);
            println!("access key {} secret key {}", info.access_key, info.secret_key);
            Ok(())
        }
    }
}

fn status(name: &str) -> Result<()> {
    let state = State::new(name)?;
    let Some(pid) = state.init_process()? else {
        println!("box {name:?} is down");
        return Ok(());
    };
    let cluster = Cluster::of_box(&state)?;
    println!("box {name:?} is up; its first process is {} on this host", pid.as_raw_nonzero());
    println!("kubeconfig {}", state.path("kubeconfig").display());
    println!("audit log  {}", state.audit_log().display());
    println!("logs       {}", state.logs().display());
    let ready = process::output(cluster.kubectl().args(["get", "--raw", "/readyz", "--request-timeout=3s"]));
    println!("apiserver  {}", if ready.is_ok() { "ready" } else { "not ready" });
    if !state.record()?.control_plane_only {
        show(cluster.kubectl().args(["get", "nodes", "--output=wide"]));
        show(cluster.kubectl().args(["get", "pods", "--all-namespaces"]));
    }
    Ok(())
}

/// For people: a refusal is as much an answer as a table is.
fn show(command: &mut Command) {
    match process::output(command) {
        Ok(text) => print!("{text}"),
        Err(error) => println!("{error:#}"),
    }
}
