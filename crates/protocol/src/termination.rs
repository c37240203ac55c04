//! How an agent tells why its container ended: the container's termination message, parsed as a closed enum.

use serde::{Deserialize, Serialize};

/// The longest termination message that is parsed, in bytes (the kubelet's own limit).
pub const MAX_BYTES: usize = 4096;

/// Why the agent ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "code")]
pub enum Termination {
    /// The work is done.
    Done,
    /// The source could not be fetched.
    SourceUnavailable,
    /// The source's host is not on the operator's list, or its address is private.
    SourceForbidden,
    /// The bytes are not those the spec names.
    DigestMismatch,
    /// Not a jar, or one that breaks a limit.
    JarInvalid,
    /// Nothing in the jar can be called.
    NoHandler,
    /// More than one thing in the jar can be called.
    AmbiguousHandler {
        /// At most eight, each `class#method (contract)`, cut to 128 characters.
        candidates: Vec<String>,
    },
    /// The handler that the spec names is not in the jar.
    HandlerNotFound,
    /// The compiler ended with an error.
    BuildFailed {
        /// Its exit code.
        exit: i32,
    },
    /// The compiler ran out of memory.
    BuildOutOfMemory,
    /// The compiler exited 0 and left no executable.
    BuildNoArtifact,
    /// The compiler did not end in time.
    BuildTimeout,
    /// This edition of the compiler has no profile-guided optimization.
    PgoUnavailable,
    /// The compiler's own report does not say that the profile was applied.
    PgoNotApplied,
    /// The compiler refused the profile.
    ProfileRefused,
    /// An input could not be fetched or has the wrong digest.
    InputUnavailable,
    /// The function's process ended by itself.
    ChildExited {
        /// Its exit code, or 128 + signal.
        exit: i32,
    },
    /// The function did not answer its health path in time.
    NotHealthy,
    /// A warm-up request was not answered with success.
    SmokeFailed,
    /// The Function is being deleted.
    Gone,
    /// The depot refused or did not answer.
    DepotUnavailable,
    /// A fault of the agent itself.
    AgentFault,
}

impl Termination {
    /// Reads a termination message; anything else than what an agent writes is `None`.
    pub fn parse(message: &str) -> Option<Self> {
        (message.len() <= MAX_BYTES)
            .then(|| serde_json::from_str(message.trim()).ok())
            .flatten()
    }
}
