//! A handle on the cluster that a task works with: the box, or one that the user names.
//!
//! Nothing here may guess: without a box or a named context there is no cluster.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anneal_suites::kube::Kube;
use anyhow::{Context, Result, bail};
use clap::Args;

use crate::box_::{self, State, relay};
use crate::{cache, go_parts, process};

/// Command line arguments that name a cluster; flatten them into a task's own.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Work on the box of this name; each task has one of its own if none is given.
    #[arg(long, conflicts_with = "context")]
    name: Option<String>,
    /// Work on your own cluster, by the name of its context in your kubeconfig.
    #[arg(long)]
    context: Option<String>,
    /// Your cluster's nodes have the images already (see `e2e/README.md`); without it they are loaded into kind.
    #[arg(long, requires = "context")]
    images_loaded: bool,
}

impl Selection {
    /// The box's name, `own` if none was given; none if a cluster of the user's is meant.
    pub(crate) fn name_or<'a>(&'a self, own: &'a str) -> Option<&'a str> {
        match &self.context {
            Some(_) => None,
            None => Some(self.name.as_deref().unwrap_or(own)),
        }
    }

    /// Whether the images are said to be there, so that none has to be built.
    pub(crate) fn images_loaded(&self) -> bool {
        self.images_loaded
    }

    /// The cluster that was named; a box must be up.
    pub(crate) fn connect(&self) -> Result<Cluster> {
        match &self.context {
            Some(context) => Cluster::of_context(context, self.images_loaded),
            None => box_::connect(self.name.as_deref().unwrap_or(box_::DEFAULT_NAME)),
        }
    }
}

/// A cluster that is up.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    access: Access,
}

#[derive(Clone, Debug)]
enum Access {
    Box(State),
    Context { name: String, images_loaded: bool },
}

impl Cluster {
    /// The box that lives in this folder.
    pub(crate) fn of_box(state: &State) -> Result<Self> {
        let kubectl = state.record()?.kubectl;
        Ok(Self {
            kubectl,
            kubeconfig: state.path("kubeconfig"),
            access: Access::Box(state.clone()),
        })
    }

    /// The user's cluster behind a context of their kubeconfig.
    fn of_context(context: &str, images_loaded: bool) -> Result<Self> {
        let own = PathBuf::from("kubectl");
        let kubectl = if process::succeeds(Command::new(&own).args(["version", "--client"])) {
            own
        } else {
            go_parts::KUBERNETES.program("kubectl")?
        };
        let kubeconfig = copy_of_context(&kubectl, context)?;
        let cluster = Self {
            kubectl,
            kubeconfig,
            access: Access::Context {
                name: context.to_owned(),
                images_loaded,
            },
        };
        process::output(cluster.kubectl().args(["get", "--raw", "/readyz"]))
            .with_context(|| format!("the cluster of context {context:?} does not answer"))?;
        Ok(cluster)
    }

    /// The box's kubeconfig; a named context lives in the user's own.
    pub(crate) fn kubeconfig(&self) -> Option<&Path> {
        match &self.access {
            Access::Box(_) => Some(&self.kubeconfig),
            Access::Context { .. } => None,
        }
    }

    /// The context's name, for a cluster that is not the box.
    pub(crate) fn context(&self) -> Option<&str> {
        match &self.access {
            Access::Box(_) => None,
            Access::Context { name, .. } => Some(name),
        }
    }

    /// Whether its nodes are said to have every image.
    pub(crate) fn has_images(&self) -> bool {
        matches!(&self.access, Access::Context { images_loaded: true, .. })
    }

    /// The apiserver's audit log, where it can be read.
    pub(crate) fn audit_log(&self) -> Option<PathBuf> {
        match &self.access {
            Access::Box(state) => Some(state.audit_log()),
            Access::Context { .. } => None,
        }
    }

    /// Where `kubectl` is.
    pub(crate) fn kubectl_path(&self) -> &Path {
        &self.kubectl
    }

    /// A `kubectl` that talks to this cluster and no other.
    pub(crate) fn kubectl(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// The suites' own handle on this cluster.
    pub(crate) fn kube(&self) -> Kube {
        Kube::new(&self.kubectl, Some(self.kubeconfig.clone().into_os_string()), None)
    }

    /// A `helm` that talks to this cluster and no other.
    pub(crate) fn helm(&self) -> Result<Command> {
        let mut command = Command::new(go_parts::HELM.program("helm")?);
        command.env("KUBECONFIG", &self.kubeconfig);
        Ok(command)
    }

    /// Applies objects given as YAML or JSON, as the server sees them.
    pub(crate) fn apply(&self, objects: &str) -> Result<()> {
        let mut command = self.kubectl();
        command.args([
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager=xtask",
            "--filename=-",
        ]);
        process::output_with_input(&mut command, objects.as_bytes())
            .context("cannot apply objects")
            .map(drop)
    }

    /// Waits until every pod of a Deployment is up to date and available.
    pub(crate) fn wait_for_deployment(&self, namespace: &str, name: &str, deadline: Duration) -> Result<()> {
        let timeout = format!("--timeout={}s", deadline.as_secs());
        let mut command = self.kubectl();
        command.args(["rollout", "status", "--namespace", namespace, &timeout, "deployment", name]);
        process::output(&mut command)
            .with_context(|| format!("Deployment {namespace}/{name} is not ready"))
            .map(drop)
    }

    /// A program that will run inside the box's namespaces, with the paths as they are outside.
    pub(crate) fn exec_in_namespaces(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let Access::Box(state) = &self.access else {
            bail!("only the box has namespaces to enter; this cluster is a named context");
        };
        let pid = state.init_process()?.context("the box is not up")?.as_raw_nonzero();
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.kubectl.parent().map(Path::to_path_buf).into_iter();
        let path = std::env::join_paths(folders.chain(std::env::split_paths(&inherited)))
            .context("the PATH has a folder with a colon in its name")?;
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={pid}"))
            .args(["--net", "--mount", "--pid", "--"])
            .arg(program)
            .env("KUBECONFIG", state.path("kubeconfig-inside"))
            .env("PATH", path);
        Ok(command)
    }

    /// A connection to an address of the box's network; one that is refused there closes.
    pub(crate) fn connect(&self, target: SocketAddr) -> std::io::Result<UnixStream> {
        match &self.access {
            Access::Box(state) => relay::connect(&state.relay_socket(), &target.to_string()),
            Access::Context { .. } => Err(std::io::ErrorKind::Unsupported.into()),
        }
    }

    /// Makes a port of a Service reachable on this host's loopback while the result lives.
    pub(crate) fn forward(&self, namespace: &str, service: &str, port: u16) -> Result<Forward> {
        let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port on loopback")?;
        let address = listener.local_addr().context("a listener has an address")?;
        match &self.access {
            Access::Box(state) => {
                let target = format!("{service}.{namespace}.svc.cluster.local:{port}");
                let stopped = Arc::new(AtomicBool::new(false));
                relay::serve_port(listener, state.relay_socket(), target, Arc::clone(&stopped));
                Ok(Forward {
                    address,
                    by: Forwarder::Relay(stopped),
                })
            }
            Access::Context { .. } => {
                drop(listener);
                let mut command = self.kubectl();
                command
                    .args(["port-forward", "--namespace", namespace, &format!("service/{service}")])
                    .arg(format!("{}:{port}", address.port()))
                    .stdout(Stdio::null());
                let child = command.spawn().context("cannot start kubectl port-forward")?;
                let forward = Forward {
                    address,
                    by: Forwarder::Kubectl(child),
                };
                process::wait_until("kubectl forwards the port", Duration::from_secs(15), || {
                    TcpStream::connect(address).map(drop).context("it does not listen")
                })?;
                Ok(forward)
            }
        }
    }
}

/// Whatever the user's current context is meanwhile, no program of ours looks at it.
fn copy_of_context(kubectl: &Path, context: &str) -> Result<PathBuf> {
    let mut view = Command::new(kubectl);
    view.args(["config", "view", "--raw", "--minify", "--flatten", "--context", context]);
    let text = process::output(&mut view).with_context(|| format!("there is no context {context:?}"))?;
    let name = cache::short_hash([context.as_bytes()]);
    let path = cache::folder("run")?.join(format!("context-{name}.kubeconfig"));
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// A port on loopback that stands for a Service of the cluster.
#[derive(Debug)]
pub(crate) struct Forward {
    address: SocketAddr,
    by: Forwarder,
}

#[derive(Debug)]
enum Forwarder {
    Relay(Arc<AtomicBool>),
    Kubectl(Child),
}

impl Forward {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        match &mut self.by {
            Forwarder::Relay(stopped) => {
                stopped.store(true, Ordering::Relaxed);
                // Wakes the thread that waits for a connection.
                drop(TcpStream::connect(self.address));
            }
            Forwarder::Kubectl(child) => {
                // It may have ended on its own.
                drop(child.kill());
                drop(child.wait());
            }
        }
    }
}
