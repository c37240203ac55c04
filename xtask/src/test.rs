//! `cargo xtask test`: every suite, from formatting to a real cluster, in the order in which a fault is cheapest to find.

use std::{path::Path, process::Command, time::Instant};

use anneal_suites::kube::{AUDIT_VARIABLE, CONTEXT_VARIABLE, KUBECTL_VARIABLE, QUIET_VARIABLE};
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
        with_cluster(&root, &args.selection, |cluster| {
            let report = demo::Args::unattended(root.join("target/demo-report.json"));
            timed("demo, unattended", || demo::climb(&root, cluster, &report))?;
            timed("suites on the cluster", || suite(&root, cluster, &[], &[]))
        })?;
    }
    Ok(())
}

/// What takes longer than `test` may: ten minutes of twenty Functions that must cause no write.
pub(crate) fn soak(selection: &Selection) -> Result<()> {
    let root = cache::repository();
    with_cluster(&root, selection, |cluster| {
        suite(&root, cluster, &["--test", "quiet"], &[(QUIET_VARIABLE, "600")])
    })
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

fn with_cluster(root: &Path, selection: &Selection, work: impl FnOnce(&Cluster) -> Result<()>) -> Result<()> {
    java::package(root)?;
    let built = timed("images", || images::build_all(root))?;
    if !selection.is_box() {
        let cluster = selection.connect()?;
        timed("operator", || install::everything(&cluster, root, &built))?;
        return work(&cluster);
    }
    let options = box_::Options {
        name: selection.name().to_owned(),
        ..box_::Options::default()
    };
    let cluster = timed("cluster", || box_::up(&options))?;
    let outcome = timed("operator", || install::everything(&cluster, root, &built)).and_then(|()| work(&cluster));
    box_::down(selection.name())?;
    outcome
}

/// Tests of `e2e/suites`, a few at a time: each waits far more than it works.
fn suite(root: &Path, cluster: &Cluster, which: &[&str], settings: &[(&str, &str)]) -> Result<()> {
    let mut tests = Command::new("cargo");
    tests
        .current_dir(root)
        .args(["test", "--package", "anneal-suites", "--features", "cluster", "--no-fail-fast"]);
    tests.args(which).args(["--", "--test-threads=4"]).envs(settings.iter().copied());
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
