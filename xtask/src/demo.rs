//! `cargo xtask demo`: the main job on a real cluster. Sample functions climb to their target under load, a live table shows how.

mod file_server;
mod progress;
mod samples;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use self::{
    progress::Progress,
    samples::{Delivery, NAMESPACE, SAMPLES, Sample},
};
use anneal_suites::load::{self, Load};

use crate::{
    box_,
    builder::Builder,
    cache,
    cluster::{Cluster, Selection},
    images, install, java, process,
};

/// How long requests go on after the last function has reached its target.
const AFTERWARDS: Duration = Duration::from_secs(15);

/// How the demo runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the report here, ask nothing, and take everything down at the end.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Minutes until the demo gives up, counted from when the cluster is up (default: 15 with the stand-in, 60 with a compiler).
    #[arg(long)]
    minutes: Option<u64>,
    /// Only these samples.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Leave the cluster up, also after a report.
    #[arg(long)]
    keep: bool,
    /// What compiles.
    #[arg(long, value_enum, default_value_t)]
    toolchain: Builder,
    #[command(flatten)]
    selection: Selection,
}

impl Args {
    /// Some samples or all, with a report, on a cluster that somebody else takes down.
    pub(crate) fn unattended(report: PathBuf, toolchain: Builder, only: &[&str]) -> Self {
        Self {
            report: Some(report),
            minutes: None,
            only: only.iter().map(|name| (*name).to_owned()).collect(),
            keep: true,
            toolchain,
            selection: Selection::default(),
        }
    }

    fn samples(&self) -> Result<Vec<Sample>> {
        let chosen: Vec<Sample> = SAMPLES
            .into_iter()
            .filter(|sample| self.only.is_empty() || self.only.iter().any(|name| name == sample.name))
            .collect();
        ensure!(!chosen.is_empty(), "no sample has such a name");
        Ok(chosen)
    }
}

/// Runs the demo; an error when a function missed its target or a request failed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = cache::repository();
    args.samples()?;
    step("building the launcher and the samples (Java)");
    java::package(&root)?;
    step("building images");
    let built = images::needed(&root, &args.selection, args.toolchain)?;
    let name = args.selection.name_or(box_::DEFAULT_NAME);
    let cluster = if let Some(name) = name {
        step("starting the cluster");
        box_::up(&box_::Options {
            name: name.to_owned(),
            ..box_::Options::default()
        })?
    } else {
        args.selection.connect()?
    };
    let outcome = install::everything(&cluster, &root, args.toolchain, &built, &[]).and_then(|()| climb(&root, &cluster, args));
    if let Some(name) = name
        && args.report.is_some()
        && !args.keep
    {
        // What went wrong first is what is told.
        let down = box_::down(name);
        return outcome.and(down);
    }
    next_steps(&cluster, name);
    outcome
}

/// Brings the samples to their targets under load on a cluster with the operator.
pub(crate) fn climb(root: &Path, cluster: &Cluster, args: &Args) -> Result<()> {
    let (up, chosen) = (Instant::now(), args.samples()?);
    step(&format!("applying the sample functions; {}", args.toolchain.notice()));
    functions(cluster, root, args.toolchain, &chosen)?;
    serving(cluster, chosen.len())?;
    step("sending requests");
    let targets: Vec<Value> = chosen
        .iter()
        .map(|sample| load::target(NAMESPACE, sample.name, sample.rate, &sample.requests()))
        .collect();
    let kube = cluster.kube();
    let load = Load::start(&kube, "anneal-load", &targets)?;
    let mut progress = Progress::new();
    let minutes = args.minutes.unwrap_or_else(|| args.toolchain.minutes());
    let complete = follow(cluster, &mut progress, up + Duration::from_mins(minutes))?;
    // The last stage's own figures.
    std::thread::sleep(AFTERWARDS);
    let report = report(cluster, &progress, args.toolchain, &load.stop()?, &chosen)?;
    if let Some(path) = &args.report {
        fs::write(path, serde_json::to_vec_pretty(&report)?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    print_summary(&report);
    verdict(&report, complete)
}

/// Waits until something serves each function.
fn serving(cluster: &Cluster, count: usize) -> Result<()> {
    process::wait_until("every function is served", Duration::from_secs(300), || {
        let text = process::output(cluster.kubectl().args(["get", "functions", "-n", NAMESPACE, "-o", "json"]))?;
        let list: Value = serde_json::from_str(&text).context("the list of Functions is not JSON")?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let waiting: Vec<&Value> = items
            .iter()
            .filter(|item| item["status"]["traffic"].as_array().is_none_or(Vec::is_empty))
            .collect();
        let said: Vec<String> = waiting
            .iter()
            .map(|item| format!("{}: {}", item["metadata"]["name"], item["status"]["next"]))
            .collect();
        ensure!(items.len() == count && waiting.is_empty(), "waiting for {}", said.join("; "));
        Ok(())
    })
}

/// Delivers the jars and applies the committed manifests.
fn functions(cluster: &Cluster, root: &Path, builder: Builder, chosen: &[Sample]) -> Result<()> {
    let (kube, manifests) = (cluster.kube(), root.join("e2e/manifests"));
    let namespace = manifests.join("namespace.yaml");
    cluster.apply(&fs::read_to_string(&namespace).with_context(|| format!("cannot read {}", namespace.display()))?)?;
    file_server::deploy(cluster, &manifests.join("fileserver.yaml"))?;
    for sample in chosen {
        let jar = java::sample(root, sample.name);
        let manifest = match sample.delivery {
            Delivery::ConfigMap => {
                kube.jar(NAMESPACE, &format!("{}-jar", sample.name), &jar)?;
                fs::read_to_string(manifests.join(format!("{}.yaml", sample.name)))
            }
            Delivery::Store => {
                install::upload(cluster, &jar, &format!("uploads/{NAMESPACE}/{}.jar", sample.name))?;
                let digest = anneal_suites::kube::digest(&fs::read(&jar)?);
                fs::read_to_string(manifests.join(format!("{}.yaml.in", sample.name))).map(|text| text.replace("@SHA256@", &digest))
            }
        };
        let manifest = manifest.with_context(|| format!("{} has no manifest", sample.name))?;
        cluster.apply(&builder.manifest(&manifest))?;
    }
    Ok(())
}

fn follow(cluster: &Cluster, progress: &mut Progress, deadline: Instant) -> Result<bool> {
    let mut silent_since = Instant::now();
    while Instant::now() < deadline {
        // A miss is no end: the apiserver may be busy with the very changes that are followed.
        if let Ok(text) = process::output(cluster.kubectl().args(["get", "functions", "-n", NAMESPACE, "-o", "json"])) {
            let list: Value = serde_json::from_str(&text).context("the list of Functions is not JSON")?;
            for line in progress.observe(&list) {
                println!("{line}");
                progress.undraw();
                silent_since = Instant::now();
            }
            progress.draw()?;
            if progress.complete() {
                return Ok(true);
            }
        }
        if silent_since.elapsed() > Duration::from_secs(30) {
            silent_since = Instant::now();
            for line in progress.waiting() {
                println!("{line}");
            }
            progress.undraw();
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    Ok(false)
}

fn report(cluster: &Cluster, progress: &Progress, builder: Builder, sent: &Value, chosen: &[Sample]) -> Result<Value> {
    let version = process::output(cluster.kubectl().args(["version", "-o", "json"]))?;
    let version: Value = serde_json::from_str(&version).context("the version is not JSON")?;
    let functions: Vec<Value> = chosen
        .iter()
        .map(|sample| {
            let mut line = progress.summary(sample.name);
            let figures = sent["targets"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|target| target["name"] == sample.name)
                .cloned()
                .unwrap_or_default();
            for key in ["requests", "failures", "gatewayRetries", "latency", "stages", "failureSamples"] {
                line[key] = figures[key].clone();
            }
            line
        })
        .collect();
    Ok(json!({
        "versions": {"anneal": env!("CARGO_PKG_VERSION"), "kubernetes": version["serverVersion"]["gitVersion"], "toolchain": builder.label()},
        "functions": functions,
    }))
}

fn print_summary(report: &Value) {
    println!(
        "\n{:<10} {:<16} {:>9} {:>9} {:>8} {:>9}",
        "FUNCTION", "STAGE", "REQUESTS", "FAILURES", "RETRIES", "PROFILES"
    );
    for function in report["functions"].as_array().into_iter().flatten() {
        println!(
            "{:<10} {:<16} {:>9} {:>9} {:>8} {:>9}",
            function["name"].as_str().unwrap_or_default(),
            function["stage"].as_str().unwrap_or_default(),
            function["requests"],
            function["failures"],
            function["gatewayRetries"],
            function["profiles"]
        );
        for failure in function["failureSamples"].as_array().into_iter().flatten().take(3) {
            println!(
                "           failed at {} s: {}",
                failure["atSeconds"],
                failure["reason"].as_str().unwrap_or_default()
            );
        }
    }
}

fn verdict(report: &Value, complete: bool) -> Result<()> {
    for function in report["functions"].as_array().into_iter().flatten() {
        ensure!(
            function["reached"] == true,
            "{} stayed at {}, its target is {}",
            function["name"],
            function["stage"],
            function["target"]
        );
        ensure!(
            function["failures"] == 0,
            "{} of {}'s requests failed",
            function["failures"],
            function["name"]
        );
        ensure!(
            function["requests"].as_u64().is_some_and(|count| count > 0),
            "no request was sent to {}",
            function["name"]
        );
    }
    ensure!(complete, "time ran out before the last function had settled");
    Ok(())
}

fn next_steps(cluster: &Cluster, name: Option<&str>) {
    let access = cluster
        .kubeconfig()
        .map(|path| format!("  export KUBECONFIG={}\n", path.display()))
        .unwrap_or_default();
    let down = name
        .map(|name| format!("  cargo xtask box down --name {name}\n"))
        .unwrap_or_default();
    println!(
        "\nThe cluster stays up. Try:\n{access}  kubectl get functions -n {NAMESPACE} -o wide\n  kubectl describe function hello -n {NAMESPACE}\n{down}"
    );
}

fn step(what: &str) {
    println!("==> {what}");
}
