//! Brings a function's jar into the store: fetches it, checks it, finds what is called, generates the entry class.

mod address;
mod scan;
mod source;

use anneal_classfile::HandlerError;
use anneal_protocol::{
    agent::Resolve,
    depot::{Confirmation, JarRecord, Writable},
    termination::Termination,
};
use snafu::{ResultExt, Snafu};

use self::scan::Found;
use crate::{
    args::Settings,
    depot,
    transfer::{self, Transfer},
};

/// Why the jar is not in the store.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("the source cannot be fetched"))]
    Fetch { source: source::Error },
    #[snafu(display("the jar cannot be used"))]
    Scan { source: scan::Error },
    #[snafu(display("the jar cannot be stored"))]
    Store { source: transfer::Error },
    #[snafu(display("the jar cannot be confirmed"))]
    Confirm { source: depot::Error },
}

impl Error {
    /// What the controller is told.
    pub(crate) fn termination(&self) -> Termination {
        match self {
            Self::Fetch { source } => of_source(source),
            Self::Scan { source } => of_scan(source),
            Self::Store { source } if source.is_gone() => Termination::Gone,
            Self::Confirm { source } if source.is_gone() => Termination::Gone,
            Self::Store { .. } | Self::Confirm { .. } => Termination::DepotUnavailable,
        }
    }
}

fn of_source(error: &source::Error) -> Termination {
    match error {
        source::Error::Forbid { .. } => Termination::SourceForbidden,
        source::Error::Mismatch { .. } => Termination::DigestMismatch,
        source::Error::TooLarge { .. } => Termination::JarInvalid,
        source::Error::FetchUpload { source } => match source {
            transfer::Error::Mismatch { .. } => Termination::DigestMismatch,
            transfer::Error::TooLarge { .. } => Termination::JarInvalid,
            source if source.is_gone() => Termination::Gone,
            transfer::Error::Grant { source } if source.is_passing() => Termination::DepotUnavailable,
            _ => Termination::SourceUnavailable,
        },
        source::Error::WriteFile { .. } | source::Error::MakeClient { .. } | source::Error::ParseAllowed { .. } => Termination::AgentFault,
        source::Error::MalformedKey { .. }
        | source::Error::ReadMount { .. }
        | source::Error::ParseUrl { .. }
        | source::Error::ResolveHost { .. }
        | source::Error::Exchange { .. }
        | source::Error::Status { .. }
        | source::Error::Stall { .. } => Termination::SourceUnavailable,
    }
}

fn of_scan(error: &scan::Error) -> Termination {
    match error {
        scan::Error::ReadJar { .. } => Termination::JarInvalid,
        scan::Error::GenerateEntry => Termination::HandlerNotFound,
        scan::Error::Run { .. } | scan::Error::WriteEntry { .. } => Termination::AgentFault,
        scan::Error::FindHandler { source } => match source {
            HandlerError::NoHandler => Termination::NoHandler,
            HandlerError::Ambiguous { candidates, .. } => Termination::AmbiguousHandler {
                candidates: scan::shown(candidates),
            },
            // ClassNotFound, MethodNotFound, WrongShape, and whatever else is said of a named handler.
            _ => Termination::HandlerNotFound,
        },
    }
}

/// Does all of it. Every step can be repeated.
pub(crate) async fn resolve(settings: &Settings, work: &Resolve, transfer: &Transfer) -> Result<(), Error> {
    let jar = source::fetch(&work.source, settings, transfer).await.context(FetchSnafu)?;
    let Found { handler, entry } = scan::scan(&settings.workspace, &work.handler).await.context(ScanSnafu)?;
    tracing::info!(bytes = jar.bytes, contract = ?handler.contract, "the handler is known");
    let workspace = &settings.workspace;
    transfer.store(&Writable::Jar, &workspace.jar(), &jar).await.context(StoreSnafu)?;
    if let Some(entry) = &entry {
        transfer
            .store(&Writable::Entry, &workspace.entry(), entry)
            .await
            .context(StoreSnafu)?;
    }
    let record = JarRecord {
        sha256: jar.sha256,
        bytes: jar.bytes,
        requested: work.handler.clone(),
        entry: entry.map(|entry| entry.sha256),
        handler,
    };
    transfer.depot().confirm(&Confirmation::Jar(record)).await.context(ConfirmSnafu)
}

#[cfg(test)]
mod tests;
