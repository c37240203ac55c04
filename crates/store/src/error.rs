//! Why a store did not do what was asked. Never carries a URL with a signature, a credential or an object's bytes.

use std::time::Duration;

use snafu::Snafu;

use crate::ObjectKey;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a store did not do what was asked.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum Error {
    /// The store cannot be reached or answers with a fault.
    #[snafu(display("cannot {operation} {key:?}"))]
    Request {
        /// What was tried.
        operation: &'static str,
        /// On which object or prefix.
        key: String,
        /// The client's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store did not answer in time. A write may have happened.
    #[snafu(display("cannot {operation} {key:?} within {deadline:?}"))]
    Expire {
        /// What was tried.
        operation: &'static str,
        /// On which object or prefix.
        key: String,
        /// How long it was waited.
        deadline: Duration,
    },
    /// The credentials are not good for this.
    #[snafu(display("not allowed to {operation} {key:?}"))]
    Deny {
        /// What was tried.
        operation: &'static str,
        /// On which object or prefix.
        key: String,
        /// The client's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The object is larger than the caller takes.
    #[snafu(display("{key:?} has {bytes} bytes, more than {limit}"))]
    ExceedLimit {
        /// Which.
        key: ObjectKey,
        /// Its size, or what was read of it.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// The store sent fewer bytes than it announced.
    #[snafu(display("{key:?} ended after {bytes} of {expected} bytes"))]
    Truncate {
        /// Which.
        key: ObjectKey,
        /// What came.
        bytes: u64,
        /// What was announced.
        expected: u64,
    },
    /// The store's answer lacks something.
    #[snafu(display("the store's answer on {key:?} lacks {what}"))]
    Miss {
        /// On what.
        key: String,
        /// What is missing.
        what: &'static str,
    },
    /// A grant was asked for what no grant can give.
    #[snafu(display("no grant: {reason}"))]
    RefuseGrant {
        /// Why.
        reason: &'static str,
    },
    /// The settings make no store.
    #[snafu(display("the store's settings are wrong: {reason}"))]
    Configure {
        /// Why.
        reason: String,
    },
}

impl Error {
    /// A closed set of words for metrics.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request",
            Self::Expire { .. } => "deadline",
            Self::Deny { .. } => "denied",
            Self::ExceedLimit { .. } => "limit",
            Self::Truncate { .. } => "truncated",
            Self::Miss { .. } => "answer",
            Self::RefuseGrant { .. } => "grant",
            Self::Configure { .. } => "settings",
        }
    }
}
