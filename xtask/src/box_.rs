//! The cluster box: a real Kubernetes cluster in its own network, mount and process namespaces.
//!
//! This module owns the life of a box (`up`, `down`, `status`); its parts are below it. Nothing of
//! a box may outlive `down`, and no packet leaves it. Root is needed.

pub(crate) mod command;
pub(crate) mod daemon;

mod cgroups;
mod config;
mod init;
mod minio;
mod own;
mod pki;
mod plan;
pub(crate) mod relay;
mod state;

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub(crate) use minio::{MinioInfo, minio_up};
pub(crate) use own::Own;
pub(crate) use state::{DEFAULT_NAME, State};

use crate::cluster::Cluster;
use crate::{apt, images, process};

/// What to bring up.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The box's name; boxes of different names can run side by side.
    pub(crate) name: String,
    /// etcd, apiserver and controller-manager only: no node, no pods.
    pub(crate) control_plane_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: state::DEFAULT_NAME.to_owned(),
            control_plane_only: false,
        }
    }
}

/// Brings a box up, or returns the one of that name that is already up.
pub(crate) fn up(options: &Options) -> Result<Cluster> {
    require_root()?;
    let state = State::new(&options.name)?;
    let _lock = lock(&state)?;
    if state.init_process()?.is_some() && state.complete().exists() {
        let record = state.record()?;
        if record.control_plane_only != options.control_plane_only {
            bail!("box {:?} is already up in the other form; run `box down` first", options.name);
        }
        let cluster = Cluster::of_box(&state)?;
        wait_for_control_plane(&cluster, &state)?;
        println!("box {:?} was up already", options.name);
        return Ok(cluster);
    }
    clear_dead_siblings(&state)?;
    apt::ensure(if options.control_plane_only { apt::CONTROL_PLANE } else { apt::BOX })?;
    let programs = plan::Programs::build(options.control_plane_only)?;
    let start = Instant::now();
    clear(&state)?;
    prepare(&state, options, &programs)?;
    start_daemon(&state)?;
    let cluster = Cluster::of_box(&state)?;
    bring_up(&cluster, &state, options)
        .with_context(|| format!("box {:?} did not come up; its logs are in {}", options.name, state.logs().display()))?;
    fs::write(state.complete(), "").context("cannot mark the box as complete")?;
    println!("box {:?} is ready after {:.1} s", options.name, start.elapsed().as_secs_f32());
    Ok(cluster)
}

/// Removes a box and everything it left, however it ended. Doing it twice is fine.
pub(crate) fn down(name: &str) -> Result<()> {
    require_root()?;
    let state = State::new(name)?;
    let _lock = lock(&state)?;
    clear(&state)
}

/// The running box of that name.
pub(crate) fn connect(name: &str) -> Result<Cluster> {
    let state = State::new(name)?;
    if state.init_process()?.is_none() {
        bail!("box {name:?} is not up; `cargo xtask box up --name {name}` starts it");
    }
    Cluster::of_box(&state)
}

fn require_root() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("the box makes namespaces and mounts: it needs root");
    }
    Ok(())
}

/// One command at a time works on a box; the lock goes with the process.
fn lock(state: &State) -> Result<File> {
    let path = state.lock_file();
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

fn prepare(state: &State, options: &Options, programs: &plan::Programs) -> Result<()> {
    state.create()?;
    // The port is free now; the daemon says so in its log should it be taken meanwhile.
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .context("there is no free port on loopback")?
        .port();
    pki::write(state)?;
    config::write(state, port)?;
    if !options.control_plane_only {
        cgroups::create(state)?;
        init::create_mount_points()?;
    }
    let components = plan::components(state, programs, options.control_plane_only);
    state.write_json("plan.json", &components)?;
    state.write_record(&state::Record {
        port,
        control_plane_only: options.control_plane_only,
        kubectl: programs.kubectl(),
    })
}

/// Starts the process that stays: it must survive this one and its terminal.
fn start_daemon(state: &State) -> Result<()> {
    let log = File::create(state.logs().join("box.log")).context("cannot create the box's log")?;
    let copy = log.try_clone().context("cannot share the log's handle")?;
    Command::new("setsid")
        .arg(std::env::current_exe().context("cannot find this program's own path")?)
        .arg(daemon::HOLD)
        .arg(state.folder())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(copy)
        .spawn()
        .context("cannot start the box's process")?;
    process::wait_until("the box's first process runs", Duration::from_secs(10), || {
        state.init_process()?.context("there is no such process").map(drop)
    })
}

fn bring_up(cluster: &Cluster, state: &State, options: &Options) -> Result<()> {
    wait_for_control_plane(cluster, state)?;
    // On a loaded machine the server takes its time to describe itself, and kubectl asks for that first.
    process::wait_until("the objects of the cluster's DNS are in", Duration::from_secs(180), || {
        cluster.apply(&config::dns_objects())
    })?;
    // The rest may start only now: what meets a half-ready server backs off for long seconds.
    fs::write(state.control_plane_ready(), "").context("cannot mark the control plane as ready")?;
    let seconds = Duration::from_secs;
    process::wait_until("service accounts are made", seconds(120), || {
        process::output(cluster.kubectl().args(["get", "serviceaccount", "default"])).map(drop)
    })?;
    if options.control_plane_only {
        return Ok(());
    }
    process::wait_until("containerd answers", seconds(90), || {
        process::output(cluster.exec_in_namespaces("ctr")?.arg("version")).map(drop)
    })?;
    images::load(cluster, &[images::pause()?])?;
    process::output(
        cluster
            .kubectl()
            .args(["wait", "--for=create", "--timeout=120s", "node", config::NODE]),
    )
    .and_then(|_| {
        process::output(
            cluster
                .kubectl()
                .args(["wait", "--for=condition=Ready", "--timeout=120s", "node", config::NODE]),
        )
    })
    .context("the node did not become Ready")?;
    process::wait_until("the cluster's DNS answers", seconds(120), || {
        let name = "kubernetes.default.svc.cluster.local";
        process::output(cluster.exec_in_namespaces("getent")?.args(["hosts", name])).map(drop)
    })
}

fn wait_for_control_plane(cluster: &Cluster, state: &State) -> Result<()> {
    process::wait_until("the apiserver is ready", Duration::from_secs(240), || {
        if state.init_process()?.is_none() {
            bail!("the box has ended; see {}", state.logs().display());
        }
        let mut ask = cluster.kubectl();
        process::output(ask.args(["get", "--raw", "/readyz", "--request-timeout=3s"])).map(drop)
    })
}

/// Removes what boxes left that died without a `down`: their cgroups and folders would stay for ever.
fn clear_dead_siblings(own: &State) -> Result<()> {
    for state in State::all()?.into_iter().filter(|state| state.name() != own.name()) {
        let lock = File::create(state.lock_file()).with_context(|| format!("cannot lock the box {:?}", state.name()))?;
        // Locked: somebody works on it right now.
        if lock.try_lock().is_ok() && state.processes()?.is_empty() {
            println!("removing what the box {:?} left", state.name());
            clear(&state)?;
        }
    }
    Ok(())
}

/// Ends the processes first: mounts and links go with their namespaces, cgroups only when empty.
fn clear(state: &State) -> Result<()> {
    for pid in state.processes()? {
        match rustix::process::kill_process(pid, rustix::process::Signal::KILL) {
            // It went on its own since it was seen.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).context("cannot end the box's processes"),
        }
    }
    process::wait_until("the box's processes are gone", Duration::from_secs(30), || {
        let left = state.processes()?.len();
        if left > 0 {
            bail!("{left} are left");
        }
        Ok(())
    })?;
    cgroups::remove(state)?;
    state.remove()?;
    init::remove_mount_points(state)
}
