//! Says of a window that was not delivered whether it ever will be.

use std::io;

use anneal_protocol::problem::ProblemCode;
use snafu::Snafu;

use crate::{depot, transfer};

/// Why a parcel was not delivered.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum Failure {
    #[snafu(display("it could not be stored"))]
    Store { source: transfer::Error },
    #[snafu(display("it could not be confirmed"))]
    Confirm { source: depot::Error },
    #[snafu(display("the outbox's folder cannot be used"))]
    UseFolder { source: io::Error },
}

impl Failure {
    pub(crate) const fn is_gone(&self) -> bool {
        match self {
            Self::Store { source } => source.is_gone(),
            Self::Confirm { source } => source.is_gone(),
            Self::UseFolder { .. } => false,
        }
    }

    pub(crate) const fn is_conflict(&self) -> bool {
        match self {
            Self::Store { source } => source.is_conflict(),
            Self::Confirm { source } => source.is_conflict(),
            Self::UseFolder { .. } => false,
        }
    }

    /// The store lost the object between storing and confirming it.
    pub(crate) const fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Confirm {
                source: depot::Error::Refuse {
                    code: ProblemCode::NotFound,
                    ..
                }
            }
        )
    }

    pub(crate) const fn is_passing(&self) -> bool {
        match self {
            Self::Store { source } => source.is_passing(),
            Self::Confirm { source } => source.is_passing(),
            Self::UseFolder { .. } => false,
        }
    }
}
