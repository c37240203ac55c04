//! Everything a developer runs: the cluster box, the images, and what is built on both.
//!
//! Each task lives in its own module; this file only names them.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command line tool talks on standard output")]

mod apt;
mod argocd;
mod bench;
mod box_;
mod builder;
mod cache;
mod certificates;
mod charts;
mod cluster;
mod codegen;
mod demo;
mod differential;
mod fuzz;
mod go_parts;
mod images;
mod install;
mod java;
mod jdk;
mod process;
mod test;
mod toolchain;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Everything a developer runs.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// A real Kubernetes cluster in its own namespaces on this machine.
    #[command(subcommand)]
    Box(box_::command::Task),
    /// Container images, made without a container engine.
    #[command(subcommand)]
    Images(images::command::Task),
    /// The main job on a real cluster: sample functions climb to their target under load.
    Demo(demo::Args),
    /// Every suite, from formatting to a real cluster.
    Test(test::Args),
    /// What takes longer than `test` may.
    Soak(cluster::Selection),
    /// Small programs on the JVM and as native executables of the real compiler: the same output, or a listed difference.
    Differential(differential::Args),
    /// Measure, beside what it is compared with.
    #[command(subcommand)]
    Bench(bench::Task),
    /// Damage input for a while and watch what becomes of it.
    #[command(subcommand)]
    Fuzz(fuzz::Task),
    /// Compilers assembled from packages.
    #[command(subcommand)]
    Toolchain(toolchain::Task),
    /// Write the files that are derived from the Rust types.
    Codegen {
        /// Write nothing, and fail if one of them is out of date.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes, and never a backtrace: each link says what was being done.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    // The two processes that stay behind are this program too, and are no business of a user's.
    if box_::daemon::run_if_named()? {
        return Ok(());
    }
    match Arguments::parse().task {
        Task::Box(task) => box_::command::run(task),
        Task::Images(task) => images::command::run(task),
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Soak(selection) => test::soak(&selection),
        Task::Differential(arguments) => differential::run(&arguments),
        Task::Bench(task) => bench::run(&task),
        Task::Fuzz(task) => fuzz::run(&task),
        Task::Toolchain(task) => toolchain::run(&task),
        Task::Codegen { check } => codegen::run(&cache::repository(), check),
    }
}
