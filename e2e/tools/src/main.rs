//! What the suites and the demo run inside a cluster: a load generator, a file server, a look into the store, a killer.

mod file_server;
mod grant;
mod kill;
mod load;
mod store;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "anneal-e2e", version)]
struct Command {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Sends requests at a fixed rate, whatever the answers take, and checks every answer.
    Load(load::Args),
    /// Serves one file with reproducible content at `/file`.
    ServeFile(file_server::Args),
    /// Asks for and uses grants of the depot.
    #[command(subcommand)]
    Grant(grant::Action),
    /// Ends the processes of a container of this node.
    Kill(kill::Args),
    /// Writes, lists and reads objects of an S3 store.
    Store(store::Args),
}

fn main() -> Result<()> {
    let command = Command::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        match command.tool {
            Tool::Load(args) => load::run(args).await,
            Tool::ServeFile(args) => file_server::run(args).await,
            Tool::Grant(action) => grant::run(action).await,
            Tool::Kill(args) => kill::run(&args),
            Tool::Store(args) => store::run(args).await,
        }
    })
}

/// Ends with SIGTERM: PID 1 of a container has no default handler for it.
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
