//! Owns the reasons why a command fails, and the exit code of each.

use std::io;

use snafu::Snafu;

/// Result of this module.
pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(super)))]
#[non_exhaustive]
pub enum Error {
    /// The arguments do not fit together.
    #[snafu(display("{message}"))]
    RefuseArguments {
        /// Why.
        message: String,
    },

    /// A file cannot be opened or read.
    #[snafu(display("cannot read {file}"))]
    ReadFile {
        /// Which.
        file: String,
        /// The system's own fault.
        source: io::Error,
    },

    /// A file is not a profile, or cannot be merged with those before it.
    #[snafu(display("{file} is refused"))]
    ReadProfile {
        /// Which.
        file: String,
        /// What is wrong, and where.
        source: anneal_iprof::Error,
    },

    /// Counts cannot be weighted.
    #[snafu(display("cannot weight {file}"))]
    WeightProfile {
        /// Which.
        file: String,
        /// Why.
        source: anneal_iprof::Error,
    },

    /// A jar is refused.
    #[snafu(display("{file} is refused"))]
    ReadJar {
        /// Which.
        file: String,
        /// What is wrong.
        source: anneal_classfile::Error,
    },

    /// The output cannot be made, written or put in its place.
    #[snafu(display("cannot write {file}"))]
    WriteFile {
        /// Which.
        file: String,
        /// The system's own fault.
        source: io::Error,
    },

    /// A profile cannot be written.
    #[snafu(display("cannot write {file}"))]
    WriteProfile {
        /// Where.
        file: String,
        /// Why.
        source: anneal_iprof::Error,
    },

    /// A result cannot be printed.
    #[snafu(display("cannot print the result"))]
    Print {
        /// The system's own fault.
        source: io::Error,
    },
}

impl Error {
    /// 1 if a file is not what it should be, 2 if the command could not do its work.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::ReadProfile { .. } | Self::ReadJar { .. } => 1,
            Self::RefuseArguments { .. }
            | Self::ReadFile { .. }
            | Self::WeightProfile { .. }
            | Self::WriteFile { .. }
            | Self::WriteProfile { .. }
            | Self::Print { .. } => 2,
        }
    }

    /// Whether the reader of the output has gone.
    pub(super) fn is_closed_pipe(&self) -> bool {
        let (Self::WriteFile { source, .. }
        | Self::Print { source }
        | Self::WriteProfile {
            source: anneal_iprof::Error::WriteOutput { source },
            ..
        }) = self
        else {
            return false;
        };
        source.kind() == io::ErrorKind::BrokenPipe
    }
}
