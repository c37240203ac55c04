//! `cargo xtask test`: every suite, from formatting to a real cluster, in the order in which a fault is cheapest to find.

use std::{path::Path, process::Command, time::Instant};

use anneal_suites::kube::{AUDIT_VARIABLE, CONTEXT_VARIABLE, KUBECTL_VARIABLE};
use anyhow::{Context, Result};

use crate::{
    box_, cache,
    cluster::{Cluster, Selection},
    codegen, demo, images, install, java, jdk, process,
};

/// Which suites.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave out what needs a cluster.
    #[arg(long)]
    no_cluster: bool,
    /// Only what needs a cluster.
    #[arg(long, conflicts_with = "no_cluster")]
    cluster_only: bool,
    #[command(flatten)]
    selection: Selection,
}

/// Runs them; the first fault ends the run.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = cache::repository();
    if !args.cluster_only {
        without_cluster(&root)?;
    }
    if !args.no_cluster {
        with_cluster(&root, &args.selection)?;
    }
    Ok(())
}

fn without_cluster(root: &Path) -> Result<()> {
    timed("formatting", || cargo(root, &["fmt", "--all", "--check"]))?;
    timed("lints", || {
        cargo(
            root,
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--quiet",
                "--",
                "--deny",
                "warnings",
            ],
        )
    })?;
    timed("generated files", || codegen::run(root, true))?;
    timed("crates", || cargo(root, &["test", "--workspace", "--quiet"]))?;
    timed("launcher and samples", || java::test(root))?;
    timed("stand-in toolchain", || {
        process::run(
            Command::new("bash")
                .arg(root.join("e2e/toolchain/standin/test.sh"))
                .env("JAVA_HOME", jdk::home()?),
        )
    })
}

fn with_cluster(root: &Path, selection: &Selection) -> Result<()> {
    java::package(root)?;
    let built = timed("images", || images::build_all(root))?;
    let own = selection.is_box();
    let cluster = if own {
        timed("cluster", || {
            box_::up(&box_::Options {
                name: selection.name().to_owned(),
                ..box_::Options::default()
            })
        })?
    } else {
        selection.connect()?
    };
    let outcome = on_cluster(root, &cluster, &built);
    if own {
        box_::down(selection.name())?;
    }
    outcome
}

fn on_cluster(root: &Path, cluster: &Cluster, built: &[images::Image]) -> Result<()> {
    timed("operator", || install::everything(cluster, root, built))?;
    timed("demo, unattended", || {
        demo::climb(root, cluster, &demo::Args::unattended(root.join("target/demo-report.json")))
    })?;
    timed("suites on the cluster", || suites(root, cluster))
}

/// The tests of `e2e/suites`, two at a time: each waits far more than it works.
fn suites(root: &Path, cluster: &Cluster) -> Result<()> {
    let mut tests = Command::new("cargo");
    tests.current_dir(root).args([
        "test",
        "--package",
        "anneal-suites",
        "--features",
        "cluster",
        "--no-fail-fast",
        "--",
        "--test-threads=3",
    ]);
    tests.env(KUBECTL_VARIABLE, cluster.kubectl_path());
    if let Some(kubeconfig) = cluster.kubeconfig() {
        tests.env("KUBECONFIG", kubeconfig);
    }
    if let Some(context) = cluster.context() {
        tests.env(CONTEXT_VARIABLE, context);
    }
    if let Some(audit) = cluster.audit_log() {
        tests.env(AUDIT_VARIABLE, audit);
    }
    process::run(&mut tests)
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    process::run(Command::new("cargo").args(arguments).current_dir(root))
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {what}");
    let start = Instant::now();
    let value = work().with_context(|| format!("{what}: failed"))?;
    println!("    {what}: {:.0} s", start.elapsed().as_secs_f32());
    Ok(value)
}
