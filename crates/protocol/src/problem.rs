//! The error body of every API: a code that programs match and a sentence that people read.

use serde::{Deserialize, Serialize};

/// What a component answers instead of what was asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What kind of refusal this is.
    pub code: ProblemCode,
    /// One sentence for a log; never put into a status verbatim.
    pub message: String,
}

/// The closed set of refusals.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ProblemCode {
    /// The token is missing, expired or of another audience (401).
    Unauthenticated,
    /// The caller is known and may not do this (403).
    Forbidden,
    /// The object is not there (404).
    NotFound,
    /// The Function is being deleted: no grant, drop what you hold and exit (410).
    Gone,
    /// The object exists with other bytes (412).
    Conflict,
    /// The request does not make sense (400).
    Invalid,
    /// Larger than the limit (413).
    TooLarge,
    /// The store or the apiserver does not answer; try again (503).
    Unavailable,
    /// Sent by a newer peer.
    #[serde(other)]
    Unknown,
}

impl ProblemCode {
    /// The HTTP status that carries this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Gone => 410,
            Self::Conflict => 412,
            Self::Invalid => 400,
            Self::TooLarge => 413,
            Self::Unavailable | Self::Unknown => 503,
        }
    }
}
