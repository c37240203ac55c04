//! The one binary: every role is a subcommand.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "anneal",
    version,
    about = "Serves Java functions and moves them, under live traffic, to profile-guided native executables."
)]
struct Command {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Decides: reconciles Functions.
    Controller(anneal_controller::Args),
    /// Holds the store: grants, validation, merging.
    Depot(Box<anneal_depot::Args>),
    /// Merges what tenants sent, for the depot that starts it.
    #[command(hide = true)]
    DepotFold(anneal_depot::FoldArgs),
    /// Routes the functions' requests.
    Gateway(anneal_gateway::Args),
    /// Runs a build or a function, as PID 1 of its container.
    Agent(anneal_agent::Args),
    /// Copies the agent and its jars into a folder, for an init container.
    InstallAgent {
        /// The folder.
        directory: PathBuf,
    },
    Iprof(anneal_cli::iprof::Args),
}

fn main() -> Result<ExitCode> {
    let command = Command::parse();
    // None of these needs a runtime, and each thread would cost the merging process memory.
    match &command.role {
        Role::InstallAgent { directory } => {
            anneal_agent::install(directory).context("cannot install the agent")?;
            return Ok(ExitCode::SUCCESS);
        }
        Role::DepotFold(args) => {
            anneal_depot::fold_process(args).context("the fold ended")?;
            return Ok(ExitCode::SUCCESS);
        }
        Role::Iprof(args) => return Ok(anneal_cli::iprof::run(args)),
        Role::Controller(_) | Role::Depot(_) | Role::Gateway(_) | Role::Agent(_) => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        match command.role {
            Role::Controller(args) => Box::pin(anneal_controller::run(args)).await.context("the controller ended")?,
            Role::Depot(args) => anneal_depot::run(*args).await.context("the depot ended")?,
            Role::Gateway(args) => anneal_gateway::run(args).await.context("the gateway ended")?,
            Role::Agent(args) => anneal_agent::run(args).await.context("the agent ended")?,
            Role::InstallAgent { .. } | Role::DepotFold(_) | Role::Iprof(_) => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}
