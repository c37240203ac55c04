//! The same starts as pods of a real cluster, with the image present: from the start of `kubectl create` to the first answer.
//!
//! Beside them is the baseline, a pod of a small static server: most of every time is the cluster's own. JDK and artifacts are
//! mounted from the host, so that pods run what processes ran.

use std::{
    io::{BufRead, BufReader},
    net::{IpAddr, SocketAddr},
    path::Path,
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{
    Row,
    server::{PATIENCE, Request},
    turn,
    variant::{Prepared, Variant},
};
use crate::{box_, cache, cluster::Cluster, images, jdk, process};

const NAMESPACE: &str = "bench";
const PORT: u16 = 8080;
/// Nothing takes longer to get an address.
const START: Duration = Duration::from_secs(60);

/// Starts every variant as a pod, in turn; the times of the baseline are returned.
pub(crate) fn measure(root: &Path, rounds: u16, prepared: &[Prepared], rows: &mut [Row]) -> Result<Vec<f64>> {
    let own = box_::Own::claim(NAMESPACE)?;
    let built = images::build(root, &[images::Kind::E2e, images::Kind::Jvm])?;
    // One that does not come up is left with its logs; the next run removes it.
    let cluster = own.up()?;
    let measured = images::load(&cluster, &built).and_then(|()| starts(root, &cluster, rounds, prepared, rows));
    // What went wrong first is what is told.
    let down = own.down();
    measured.and_then(|times| down.map(|()| times))
}

fn starts(root: &Path, cluster: &Cluster, rounds: u16, prepared: &[Prepared], rows: &mut [Row]) -> Result<Vec<f64>> {
    cluster.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}).to_string())?;
    process::wait_until("the namespace has its account", START, || {
        process::output(
            cluster
                .kubectl()
                .args(["get", "serviceaccount", "default", "--namespace", NAMESPACE]),
        )
        .map(drop)
    })?;
    let watch = Watch::start(cluster)?;
    let serving = json!(["/anneal-e2e", "serve-file", "--bytes", "65536"]);
    let healthy = Request::get("/healthz", "ok");
    create(cluster, &pod(root, "files", "anneal.dev/e2e:dev", &serving)?)?;
    let files = SocketAddr::new(watch.address("files")?, PORT);
    let mut baseline = Vec::new();
    // Round 0 is not counted: it unpacks images and brings pages into memory for the others.
    for round in 0..=rounds {
        println!("pods: round {round} of {rounds}");
        let spec = pod(root, &format!("baseline-{round}"), "anneal.dev/e2e:dev", &serving)?;
        let time = start(cluster, &watch, &spec, &healthy)?;
        if round > 0 {
            baseline.push(time);
        }
        for (one, row) in prepared.iter().zip(&mut *rows) {
            let request = one.sample.request(files);
            for index in turn(round, row.variants.len()) {
                let (variant, measured) = &mut row.variants[index];
                if *variant == Variant::Traced {
                    continue;
                }
                let command = one.command(*variant);
                let words = [command.get_program()].into_iter().chain(command.get_args());
                let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
                let name = format!("{}-{index}-{round}", one.sample.name);
                let spec = pod(root, &name, "anneal.dev/jvm:25", &json!(words))?;
                let time = start(cluster, &watch, &spec, &request).with_context(|| format!("pod {name}"))?;
                if round > 0 {
                    measured.pod.push(time);
                }
            }
        }
    }
    Ok(baseline)
}

/// Makes a pod, waits for its answer, removes it; milliseconds.
fn start(cluster: &Cluster, watch: &Watch, spec: &Value, request: &Request) -> Result<f64> {
    let name = spec["metadata"]["name"].as_str().unwrap_or_default();
    let started = Instant::now();
    create(cluster, spec)?;
    let address = SocketAddr::new(watch.address(name)?, PORT);
    let time = request.first_answer(started, || {
        let stream = cluster.connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    })?;
    let mut delete = cluster.kubectl();
    delete.args(["delete", "pod", name, "--namespace", NAMESPACE, "--grace-period=1", "--wait"]);
    process::output(&mut delete)?;
    Ok(time.as_secs_f64() * 1e3)
}

fn create(cluster: &Cluster, spec: &Value) -> Result<()> {
    let mut create = cluster.kubectl();
    create.args(["create", "--validate=false", "--filename=-"]);
    process::output_with_input(&mut create, spec.to_string().as_bytes()).map(drop)
}

fn pod(root: &Path, name: &str, image: &str, command: &Value) -> Result<Value> {
    let folders = [cache::folder("bench")?, root.join("java"), jdk::home()?];
    let (volumes, mounts): (Vec<Value>, Vec<Value>) = folders
        .iter()
        .enumerate()
        .map(|(index, folder)| {
            let volume = format!("folder-{index}");
            (
                json!({"name": volume, "hostPath": {"path": folder, "type": "Directory"}}),
                json!({"name": volume, "mountPath": folder, "readOnly": true}),
            )
        })
        .unzip();
    let container = json!({
        "name": "one",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "env": [{"name": "PORT", "value": PORT.to_string()}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        // Folders of the host's user are mounted.
        "securityContext": {"runAsUser": 0},
        "volumeMounts": mounts,
    });
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "containers": [container],
            "volumes": volumes,
        },
    }))
}

/// Says which pod has which address, as soon as the apiserver knows.
struct Watch {
    child: Child,
    addresses: Receiver<(String, IpAddr)>,
}

impl Watch {
    fn start(cluster: &Cluster) -> Result<Self> {
        let mut command = cluster.kubectl();
        let fields = "--output=jsonpath={.metadata.name} {.status.podIP}{\"\\n\"}";
        command.args(["get", "pods", "--namespace", NAMESPACE, "--watch", fields]);
        let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start kubectl")?;
        let lines = BufReader::new(child.stdout.take().context("standard output is piped")?).lines();
        let (sender, addresses) = mpsc::channel();
        thread::spawn(move || {
            let known = lines.map_while(Result::ok).filter_map(|line| {
                let (name, address) = line.split_once(' ')?;
                Some((name.to_owned(), address.parse().ok()?))
            });
            // Ends with kubectl, or when nobody asks any more.
            for one in known {
                if sender.send(one).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, addresses })
    }

    fn address(&self, pod: &str) -> Result<IpAddr> {
        let deadline = Instant::now() + START;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (name, address) = self
                .addresses
                .recv_timeout(left)
                .with_context(|| format!("{pod} gets no address"))?;
            if name == pod {
                return Ok(address);
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended on its own.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
