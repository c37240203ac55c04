//! Reads the jar, chooses the handler and writes the entry jar. The jar is a tenant's; `anneal-classfile` bounds it.

use std::{fs, io, path::PathBuf};

use anneal_classfile::{Candidate, Contract, ContractName, HandlerError, Jar, JarLimits, Kind, Request, entry, find_handler};
use anneal_protocol::handler::{self, Handler, HandlerRequest, RequestedContract};
use snafu::{OptionExt, ResultExt, Snafu};

use crate::{
    digest::{self, Content},
    workspace::Workspace,
};

/// Candidates that are named to the user at most.
const SHOWN: usize = 8;
/// Characters of one candidate at most.
const SHOWN_CHARACTERS: usize = 128;

/// Why the jar cannot be used.
#[derive(Debug, Snafu)]
pub(crate) enum Error {
    #[snafu(display("the jar is not valid"))]
    ReadJar { source: anneal_classfile::Error },
    #[snafu(display("no handler is chosen"))]
    FindHandler { source: HandlerError },
    #[snafu(display("the handler's names do not fit into a class"))]
    GenerateEntry,
    #[snafu(display("the entry jar cannot be written"))]
    WriteEntry { source: io::Error },
    #[snafu(display("the scan did not end"))]
    Run { source: tokio::task::JoinError },
}

/// What is called, and the entry jar where one is needed.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) handler: Handler,
    pub(crate) entry: Option<Content>,
}

/// Scans the workspace's jar and writes the workspace's entry jar.
pub(crate) async fn scan(workspace: &Workspace, request: &HandlerRequest) -> Result<Found, Error> {
    let (jar, entry, request) = (workspace.jar(), workspace.entry(), request.clone());
    let scanned = tokio::task::spawn_blocking(move || scan_blocking(&jar, &entry, &request));
    scanned.await.context(RunSnafu)?
}

fn scan_blocking(jar: &PathBuf, entry_jar: &PathBuf, request: &HandlerRequest) -> Result<Found, Error> {
    let mut jar = Jar::open(jar, &JarLimits::default()).context(ReadJarSnafu)?;
    let facts = jar.scan().context(ReadJarSnafu)?;
    let request = Request {
        class: request.class.as_deref(),
        method: request.method.as_deref(),
        contract: request.contract.map(|contract| match contract {
            RequestedContract::Function => ContractName::Function,
            RequestedContract::Map => ContractName::Map,
            RequestedContract::Http => ContractName::Http,
        }),
    };
    let found = find_handler(&facts, request).context(FindHandlerSnafu)?;
    let handler = Handler {
        class: found.class().to_owned(),
        method: found.method().to_owned(),
        contract: contract(found.contract()),
    };
    if handler.contract == handler::Contract::Http {
        return Ok(Found { handler, entry: None });
    }
    let bytes = entry::jar(&found).context(GenerateEntrySnafu)?;
    fs::write(entry_jar, &bytes).context(WriteEntrySnafu)?;
    Ok(Found {
        handler,
        entry: Some(digest::of_bytes(&bytes)),
    })
}

const fn contract(contract: Contract) -> handler::Contract {
    match contract {
        Contract::Map => handler::Contract::Map,
        Contract::Function(Kind::Map) => handler::Contract::FunctionMap,
        Contract::Function(Kind::String) => handler::Contract::FunctionString,
        Contract::Function(Kind::Bytes) => handler::Contract::FunctionBytes,
        Contract::Http => handler::Contract::Http,
    }
}

/// Candidates as the user reads them: few, short, without anything that could write on a terminal.
pub(crate) fn shown(candidates: &[Candidate]) -> Vec<String> {
    let show = |candidate: &Candidate| {
        let Candidate { class, method, contract } = candidate;
        let text = format!("{class}#{method} ({contract})");
        let plain = |symbol: char| {
            if symbol.is_ascii_graphic() { symbol } else { '?' }
        };
        let visible = |symbol: char| if symbol == ' ' { ' ' } else { plain(symbol) };
        text.chars().map(visible).take(SHOWN_CHARACTERS).collect()
    };
    candidates.iter().take(SHOWN).map(show).collect()
}
