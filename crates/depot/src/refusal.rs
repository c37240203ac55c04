//! What a caller is told instead of what was asked. Sentences name no other tenant's things and no store's answer.

use anneal_protocol::problem::{Problem, ProblemCode};
use anneal_store::InvalidKey;
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// Result of a call.
pub(crate) type Result<T, E = Refusal> = std::result::Result<T, E>;

/// A refusal: a code that programs match and a sentence for a log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: ProblemCode,
    pub(crate) message: String,
}

impl Refusal {
    fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Unauthenticated, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Forbidden, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::NotFound, message)
    }

    pub(crate) fn gone() -> Self {
        Self::new(ProblemCode::Gone, "the Function is being deleted")
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Conflict, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Invalid, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::TooLarge, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ProblemCode::Unavailable, message)
    }
}

impl From<InvalidKey> for Refusal {
    fn from(_: InvalidKey) -> Self {
        Self::invalid("a name in the request cannot be part of an object's key")
    }
}

/// What the caller must know of a fault of the store: that it may try again. The rest is in the log.
impl From<anneal_store::Error> for Refusal {
    fn from(error: anneal_store::Error) -> Self {
        match &error {
            anneal_store::Error::ExceedLimit { .. } => {
                return Self::too_large("the object is larger than the limit");
            }
            anneal_store::Error::RefuseGrant { .. } => {
                return Self::invalid("no grant can give that");
            }
            _ => {}
        }
        tracing::warn!(category = error.category(), error = %Chain(&error), "the store failed");
        Self::unavailable("the store does not answer")
    }
}

/// An error with its sources in one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = self.0.to_string();
        let mut source = self.0.source();
        while let Some(error) = source {
            // Some libraries print their sources themselves.
            let line = error.to_string();
            if !text.contains(&line) {
                text = format!("{text}: {line}");
            }
            source = error.source();
        }
        f.write_str(&text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (
            status,
            Json(Problem {
                code: self.code,
                message: self.message,
            }),
        )
            .into_response()
    }
}
