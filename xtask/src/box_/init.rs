//! The first process inside a box: sets up network and mounts, runs the components, reaps.
//!
//! A component that ends is started again after a second, like under any service manager. All of
//! them end with this process, because its process namespace does.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{WaitOptions, wait};

use super::plan::{After, Component};
use super::state::State;
use super::{config, relay};
use crate::process;

const POLL: Duration = Duration::from_millis(100);

/// Where libcni keeps results; it cannot be told another place.
const CNI_CACHE: &str = "/var/lib/cni";

/// Started components by process number.
type Running = Arc<Mutex<HashMap<i32, Component>>>;

pub(crate) fn run(state: &State) -> Result<()> {
    let path = state.path("plan.json");
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let components: Vec<Component> = serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))?;
    set_up_mounts(state)?;
    set_up_network()?;
    relay::serve_socket(&state.relay_socket())?;
    let running = Running::default();
    for component in components {
        start_when_due(component, &running);
    }
    reap(&running)
}

/// Makes the folders of the host that a box mounts its own over.
pub(crate) fn create_mount_points() -> Result<()> {
    fs::create_dir_all(CNI_CACHE).with_context(|| format!("cannot create {CNI_CACHE}"))
}

/// Removes them, if they are empty and no other box may have them mounted over.
pub(crate) fn remove_mount_points(state: &State) -> Result<()> {
    if !state.has_siblings()? {
        // Not empty: it belongs to somebody else's container runtime.
        drop(fs::remove_dir(CNI_CACHE));
    }
    Ok(())
}

fn set_up_network() -> Result<()> {
    let address = format!("{}/24", config::NODE_ADDRESS);
    // Kernels of small machines have no dummy links; a bridge holds an address as well. The route
    // leads nowhere, but without one the kernel would refuse ClusterIPs before they are translated.
    for line in [
        "link set lo up",
        "link add node0 type bridge",
        &format!("address add {address} dev node0"),
        "link set node0 up",
        "route add default dev node0",
    ] {
        process::output(Command::new("ip").args(line.split(' ')))?;
    }
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("cannot turn on forwarding")
}

/// All that programs write at fixed places goes to the box's own folder, or to memory.
fn set_up_mounts(state: &State) -> Result<()> {
    mount(&["-t", "tmpfs", "-o", "mode=755", "box-run", "/run"])?;
    bind(&state.path("var-log"), Path::new("/var/log"))?;
    let resolv = state.path("resolv.conf");
    let target = fs::canonicalize("/etc/resolv.conf");
    match target.or_else(|_| fs::read_link("/etc/resolv.conf").map(|link| Path::new("/etc").join(link))) {
        // Under /run it has just been hidden.
        Ok(path) if !path.exists() => {
            fs::create_dir_all(path.parent().context("a file has a folder")?)
                .and_then(|()| fs::copy(&resolv, &path))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(path) => bind(&resolv, &path)?,
        Err(error) => eprintln!("programs in the box have no DNS: {error}"),
    }
    if Path::new(CNI_CACHE).is_dir() {
        bind(&state.path("cni-cache"), Path::new(CNI_CACHE))?;
    }
    pretend_sysctls(state)
}

/// The kubelet would set these for the whole machine. It sees them as set already, and leaves them.
fn pretend_sysctls(state: &State) -> Result<()> {
    for (name, value) in config::KUBELET_SYSCTLS {
        let fake = state.path("sysctl").join(name.replace('/', "."));
        fs::write(&fake, format!("{value}\n")).with_context(|| format!("cannot write {}", fake.display()))?;
        let real = PathBuf::from("/proc/sys").join(name);
        if real.exists() {
            bind(&fake, &real)?;
        }
    }
    Ok(())
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    let words = [Path::new("--bind"), from, to];
    process::output(Command::new("mount").args(words)).map(drop)
}

fn mount(words: &[&str]) -> Result<()> {
    process::output(Command::new("mount").args(words)).map(drop)
}

fn start_when_due(component: Component, running: &Running) {
    let running = Arc::clone(running);
    thread::spawn(move || {
        while !is_due(&component.after) {
            thread::sleep(POLL);
        }
        start(component, &running);
    });
}

fn is_due(after: &After) -> bool {
    match after {
        After::Nothing => true,
        After::File(path) => path.exists(),
        After::Port(port) => TcpStream::connect(("127.0.0.1", *port)).is_ok(),
    }
}

fn start(component: Component, running: &Running) {
    // Held over the spawn: the child may end before its number is in the table.
    let mut table = running.lock().expect("no thread panics while it holds the table");
    match spawn(&component) {
        Ok(number) => {
            eprintln!("{} runs as process {number}", component.name);
            table.insert(number, component);
        }
        Err(error) => eprintln!("{}: {error:#}", component.name),
    }
}

fn spawn(component: &Component) -> Result<i32> {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&component.log)
        .with_context(|| format!("cannot write {}", component.log.display()))?;
    let copy = log.try_clone().context("cannot share the log's handle")?;
    let child = Command::new(&component.program)
        .args(&component.arguments)
        .envs(&component.environment)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(copy)
        .spawn()
        .with_context(|| format!("cannot start {}", component.program.display()))?;
    i32::try_from(child.id()).context("a process number is small")
}

/// Waits for every child there is: the shims of containers, too, are left to the first process.
fn reap(running: &Running) -> Result<()> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => {
                let number = pid.as_raw_nonzero().get();
                let ended = running.lock().expect("no thread panics while it holds the table").remove(&number);
                if let Some(mut component) = ended {
                    eprintln!("{} (process {number}) ended: {status:?}", component.name);
                    component.after = After::Nothing;
                    let running = Arc::clone(running);
                    thread::spawn(move || {
                        thread::sleep(Duration::from_secs(1));
                        start(component, &running);
                    });
                }
            }
            // Nothing runs yet, or everything waits to be started again.
            Ok(None) | Err(rustix::io::Errno::CHILD | rustix::io::Errno::INTR) => {
                thread::sleep(POLL);
            }
            Err(error) => return Err(error).context("cannot wait for children"),
        }
    }
}
