//! Moves objects between the store and files, by grant, and checks their digests on the way.
//!
//! Owns the retries of a transfer: every try has a new grant, because a grant is short-lived.

mod download;
mod upload;

use std::{io, path::PathBuf};

use snafu::Snafu;

pub(crate) use download::{Expected, Form};

use crate::{
    client::{self, Clients},
    depot::{self, Depot},
};

/// Why an object was not moved.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum Error {
    #[snafu(display("the depot gave no grant"))]
    Grant { source: depot::Error },
    #[snafu(display("there is no client for the store"))]
    MakeClient { source: client::Error },
    #[snafu(display("the grant's {part} is not valid"))]
    MalformedGrant { part: &'static str },
    #[snafu(display("the store cannot be reached"))]
    Exchange { source: reqwest::Error },
    #[snafu(display("the store did not go on for {seconds} s"))]
    Stall { seconds: u64 },
    #[snafu(display("the store answered with status {status}"))]
    Status { status: u16 },
    #[snafu(display("the object is larger than {limit} bytes"))]
    TooLarge { limit: u64 },
    #[snafu(display("the object has {found} instead of {expected}"))]
    Mismatch { expected: String, found: String },
    #[snafu(display("the file {path:?} cannot be used"))]
    UseFile { source: io::Error, path: PathBuf },
}

impl Error {
    /// The Function is being deleted.
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self, Self::Grant { source } if source.is_gone())
    }

    /// The object exists with other bytes.
    pub(crate) const fn is_conflict(&self) -> bool {
        matches!(self, Self::Grant { source } if source.is_conflict())
    }

    /// Trying again later may help. A depot that refused has been asked often enough already.
    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Self::Grant { source } => source.is_passing(),
            Self::Exchange { .. }
            | Self::Stall { .. }
            | Self::Status { .. }
            // A short or damaged answer looks like this, and the next one may be whole.
            | Self::Mismatch { .. } => true,
            Self::MakeClient { .. }
            | Self::MalformedGrant { .. }
            | Self::TooLarge { .. }
            | Self::UseFile { .. } => false,
        }
    }
}

/// Moves objects.
#[derive(Clone)]
pub(crate) struct Transfer {
    depot: Depot,
    clients: Clients,
}

impl Transfer {
    pub(crate) const fn new(depot: Depot, clients: Clients) -> Self {
        Self { depot, clients }
    }

    pub(crate) const fn depot(&self) -> &Depot {
        &self.depot
    }
}

#[cfg(test)]
mod tests;
