//! `cargo xtask test`: every suite, from formatting to a real cluster, in the order in which a fault is cheapest to find.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anneal_suites::{
    TOOLCHAIN_VARIABLE,
    kube::{AUDIT_VARIABLE, CONTEXT_VARIABLE, KUBECTL_VARIABLE, QUIET_VARIABLE},
};
use anyhow::{Context, Result, ensure};

use crate::{
    apt, argocd, box_,
    builder::Builder,
    cache,
    cluster::{Cluster, Selection},
    codegen, demo, differential, images, install, java, jdk, process, toolchain,
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
    /// Of the suites on the cluster only these, and neither the demo nor the upgrade.
    #[arg(long = "suite", value_name = "SUITE", requires = "cluster_only")]
    suites: Vec<String>,
    /// What compiles for the chosen suites.
    #[arg(long, value_enum, default_value_t, requires = "suites")]
    toolchain: Builder,
    #[command(flatten)]
    selection: Selection,
}

/// The boxes that runs have for themselves: a demo's, which may be kept, is another.
const TEST_BOX: &str = "test";
const SOAK_BOX: &str = "soak";

/// Runs them; the first fault ends the run.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = cache::repository();
    if !args.cluster_only {
        without_cluster(&root)?;
    }
    if !args.no_cluster {
        with_cluster(&root, &args.selection, args.toolchain, TEST_BOX, |cluster, built| {
            if !args.suites.is_empty() {
                let which: Vec<&str> = args.suites.iter().flat_map(|name| ["--test", name]).collect();
                let settings = [(TOOLCHAIN_VARIABLE, args.toolchain.name())];
                return timed("chosen suites on the cluster", || suite(&root, cluster, &which, &settings));
            }
            timed("store conformance on MinIO", || conformance(&root, cluster))?;
            let report = demo::Args::unattended(root.join("target/demo-report.json"), Builder::Standin, &[]);
            timed("demo, unattended", || demo::climb(&root, cluster, &report))?;
            timed("upgrade", || upgrade(&root, cluster, built))?;
            timed("suites on the cluster", || suite(&root, cluster, &[], &[]))
        })?;
    }
    Ok(())
}

/// What takes longer than `test` may: ten minutes of twenty Functions that must cause no write.
pub(crate) fn soak(selection: &Selection) -> Result<()> {
    let root = cache::repository();
    with_cluster(&root, selection, Builder::Standin, SOAK_BOX, |cluster, _| {
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
    timed("health check for Argo CD", || argocd::check(root))?;
    timed("crates", || cargo(root, &["test", "--workspace", "--quiet"]))?;
    timed("launcher and samples", || java::test(root))?;
    timed("stand-in toolchain", || {
        apt::need("curl", "curl")?;
        process::run(
            Command::new("bash")
                .arg(root.join("e2e/toolchain/standin/test.sh"))
                .env("JAVA_HOME", jdk::home()?),
        )
    })?;
    timed("assembled toolchain", toolchain::test)?;
    timed("programs on the JVM and natively", || differential::run(&differential::Args::all()))
}

fn with_cluster(
    root: &Path,
    selection: &Selection,
    builder: Builder,
    own: &str,
    work: impl FnOnce(&Cluster, &[images::Image]) -> Result<()>,
) -> Result<()> {
    let own = selection.name_or(own).map(box_::Own::claim).transpose()?;
    java::package(root)?;
    let built = timed("images", || images::needed(root, selection, builder))?;
    let on = |cluster: &Cluster| {
        timed("operator", || install::everything(cluster, root, builder, &built, &[])).and_then(|()| work(cluster, &built))
    };
    let Some(own) = own else {
        return on(&selection.connect()?);
    };
    // One that does not come up is left with its logs; the next run removes it.
    let cluster = timed("cluster", || own.up())?;
    let outcome = on(&cluster);
    // What went wrong first is what is told.
    let down = own.down();
    outcome.and(down)
}

/// The store's own suite against the real server, before anything else uses its bucket.
fn conformance(root: &Path, cluster: &Cluster) -> Result<()> {
    let minio = box_::minio_up(cluster)?;
    let forward = cluster.forward("minio", "minio", 9000)?;
    let mut tests = Command::new("cargo");
    tests
        .current_dir(root)
        // Of the whole workspace, so that what it needs has been compiled already.
        .args(["test", "--workspace", "--test", "conformance"]);
    tests.env("ANNEAL_TEST_S3_ENDPOINT", format!("http://{}", forward.address()));
    tests.env("ANNEAL_TEST_S3_BUCKET", &minio.bucket);
    tests.env("ANNEAL_TEST_S3_ACCESS_KEY", &minio.access_key);
    tests.env("ANNEAL_TEST_S3_SECRET_KEY", &minio.secret_key);
    process::run(&mut tests)
}

/// An upgrade replaces the operator's pods and nothing else: no executor restarts, nothing is built again.
fn upgrade(root: &Path, cluster: &Cluster, built: &[images::Image]) -> Result<()> {
    let before = children(cluster)?;
    ensure!(!before.is_empty(), "the demo has left no executor");
    install::everything(cluster, root, Builder::Standin, built, &["logLevel=debug"])?;
    process::wait_until("a controller of the new release leads", Duration::from_secs(60), || {
        let lease = [
            "get",
            "lease",
            "anneal-controller",
            "--namespace",
            "kube-system",
            "--output",
            "jsonpath={.spec.holderIdentity}",
        ];
        let holder = process::output(cluster.kubectl().args(lease))?;
        let pod = [
            "get",
            "pod",
            holder.trim(),
            "--namespace",
            anneal_suites::OPERATOR_NAMESPACE,
            "--output",
            "jsonpath={.metadata.deletionTimestamp}",
        ];
        let ending = process::output(cluster.kubectl().args(pod))?;
        ensure!(ending.is_empty(), "{holder} is ending");
        Ok(())
    })?;
    // It has visited every Function when each has been reported ready at its present generation.
    let ready = [
        "wait",
        "functions",
        "--all",
        "--namespace",
        "demo",
        "--for=condition=Ready",
        "--timeout=60s",
    ];
    process::output(cluster.kubectl().args(ready))?;
    let after = children(cluster)?;
    ensure!(
        before == after,
        "the upgrade has changed children: before {before:?}, after {after:?}"
    );
    Ok(())
}

/// Uid and restarts of every executor pod, and every Job, of the demo.
fn children(cluster: &Cluster) -> Result<String> {
    let fields =
        r#"jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid} {.status.containerStatuses[*].restartCount}{"\n"}{end}"#;
    let owned = [
        "get",
        "pods,jobs",
        "--namespace",
        "demo",
        "--selector",
        "anneal.dev/function",
        "--sort-by",
        ".metadata.name",
    ];
    process::output(cluster.kubectl().args(owned).args(["--output", fields]))
}

/// Tests of `e2e/suites`, a few at a time: each waits far more than it works.
fn suite(root: &Path, cluster: &Cluster, which: &[&str], settings: &[(&str, &str)]) -> Result<()> {
    let mut tests = Command::new("cargo");
    tests
        .current_dir(root)
        .args(["test", "--package", "anneal-suites", "--no-fail-fast", "--features"]);
    let compiles = settings.contains(&(TOOLCHAIN_VARIABLE, Builder::GraalvmCe.name()));
    tests.arg(if compiles { "cluster,compiler" } else { "cluster" });
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
