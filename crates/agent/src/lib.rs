//! PID 1 of build and executor containers: fetches inputs, runs a process, owns its windows, stores what it left.
//!
//! Talks to the depot, to the store by grant, and in an executor to the gateways; never to the apiserver. Everything a
//! tenant's code can leave (files, output, exit codes) is read within bounds and believed by nobody.

mod args;
mod build;
mod certificate;
mod child;
mod client;
mod control;
mod depot;
mod digest;
mod inputs;
mod install;
mod missing;
mod profile;
mod reaper;
mod resolve;
mod retry;
mod serve;
mod signals;
mod state;
mod termination;
#[cfg(test)]
mod testing;
mod transfer;
mod window;
mod workspace;

use std::{io, path::PathBuf};

use anneal_protocol::{agent::Work, termination::Termination};
use snafu::{ResultExt, Snafu};

pub use args::Args;
pub use install::{Error as InstallError, install};

use crate::{args::Settings, client::Clients, depot::Depot, signals::Signals, transfer::Transfer};

/// Why the agent ended before its work was done.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub enum Error {
    /// The flags make no sense.
    #[snafu(display("the agent's settings are not valid"))]
    Configure {
        /// What is wrong.
        source: args::Error,
    },
    /// The container lacks something that every pod of ours has.
    #[snafu(display("the agent cannot start"))]
    Prepare {
        /// The system's own fault.
        source: io::Error,
    },
    /// The work failed. The termination message, if there is one, tells the controller.
    #[snafu(display("the work is not done"))]
    Work {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The termination message cannot be written.
    #[snafu(display("the termination message cannot be written to {path:?}"))]
    WriteTermination {
        /// The system's own fault.
        source: io::Error,
        /// Where it belongs.
        path: PathBuf,
    },
}

/// Does the work the configuration names, and says in the termination message what came of it.
pub async fn run(args: Args) -> Result<(), Error> {
    anneal_telemetry::init("agent");
    let path = args.termination_log.clone();
    let (pod, uid) = (args.pod_name.clone(), args.pod_uid.clone());
    let (result, message) = match prepare(args) {
        Err(error) => (Err(error), Some(Termination::AgentFault)),
        Ok((settings, signals)) => {
            tracing::info!(pod, uid, depot = settings.config.depot, "the agent begins");
            work(&settings, signals).await
        }
    };
    if let Err(error) = &result {
        tracing::error!(error = chain(error), termination = ?message, "the agent ends");
    }
    if let Some(message) = message {
        termination::write(&path, &message).context(WriteTerminationSnafu { path })?;
    }
    result
}

fn prepare(args: Args) -> Result<(Settings, Signals), Error> {
    let signals = Signals::hear().context(PrepareSnafu)?;
    let settings = Settings::try_from(args).context(ConfigureSnafu)?;
    settings.workspace.prepare().context(PrepareSnafu)?;
    Ok((settings, signals))
}

/// The work and what the controller is told of it.
async fn work(settings: &Settings, signals: Signals) -> (Result<(), Error>, Option<Termination>) {
    let clients = Clients::new(settings.roots.clone());
    let transfer = Transfer::new(Depot::new(settings, clients.clone()), clients);
    match &settings.config.work {
        Work::Resolve(work) => {
            let resolved = tokio::select! {
                resolved = resolve::resolve(settings, work, &transfer) => resolved,
                () = signals.leaving() => return (failed("the pod is to go"), None),
            };
            conclude(resolved, |error| Some(error.termination()))
        }
        Work::Build(work) => {
            let built = build::build(settings, work, &transfer, &signals).await;
            conclude(built, build::Error::termination)
        }
        Work::Serve(work) => {
            let served = serve::serve(settings, work, transfer, signals).await;
            conclude(served, |error| Some(error.termination()))
        }
    }
}

fn conclude<E>(result: Result<(), E>, termination: impl FnOnce(&E) -> Option<Termination>) -> (Result<(), Error>, Option<Termination>)
where
    E: std::error::Error + Send + Sync + 'static,
{
    match result {
        Ok(()) => (Ok(()), Some(Termination::Done)),
        Err(error) => {
            let message = termination(&error);
            (failed(error), message)
        }
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Result<(), Error> {
    Err(Error::Work { source: error.into() })
}

/// An error with its causes, for one line of the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
