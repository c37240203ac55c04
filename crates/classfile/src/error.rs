//! Owns the reasons why a jar is refused. Messages carry figures, never names from the jar.

use std::io;

use snafu::Snafu;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with an entry's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameFault {
    /// It is empty or longer than allowed.
    Length,
    /// It is not UTF-8, or has control characters.
    Encoding,
    /// It is absolute, or names a drive.
    Absolute,
    /// It has empty, `.` or `..` parts, or backslashes.
    Traversal,
    /// Another entry has it.
    Repeated,
    /// The two headers of the entry disagree about it.
    Inconsistent,
}

/// Why a jar is refused.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[snafu(display("the jar cannot be read"))]
    ReadJar {
        /// The system's own fault.
        source: io::Error,
    },

    /// The file has no end record of a zip archive.
    #[snafu(display("the file is not a zip archive"))]
    RecogniseArchive,

    /// A header is damaged or points outside of the archive.
    #[snafu(display("the {what} of entry {index} is damaged"))]
    ParseHeader {
        /// Which header.
        what: &'static str,
        /// The entry's position in the directory.
        index: usize,
    },

    /// The central directory is damaged.
    #[snafu(display("the central directory is damaged"))]
    ParseDirectory,

    /// A bound of [`crate::JarLimits`] is exceeded.
    #[snafu(display("more than {allowed} {unit}"))]
    ExceedLimit {
        /// What is counted.
        unit: &'static str,
        /// The bound.
        allowed: u64,
    },

    /// An entry's name could do harm, or is ambiguous.
    #[snafu(display("the name of entry {index} is refused: {fault:?}"))]
    RefuseName {
        /// The entry's position in the directory.
        index: usize,
        /// What is wrong.
        fault: NameFault,
    },

    /// An entry is a link or a special file.
    #[snafu(display("entry {index} is neither a file nor a directory"))]
    RefuseLink {
        /// The entry's position in the directory.
        index: usize,
    },

    /// An entry is encrypted or packed by another method than deflate.
    #[snafu(display("entry {index} is encrypted or not packed by deflate"))]
    RefuseMethod {
        /// The entry's position in the directory.
        index: usize,
    },

    /// Entries share bytes of the archive, as bombs do.
    #[snafu(display("entries overlap"))]
    OverlapEntries,

    /// An entry's content does not inflate, or has another size or checksum than declared.
    #[snafu(display("the content of entry {index} is damaged"))]
    InflateEntry {
        /// The entry's position in the directory.
        index: usize,
    },
}

impl Error {
    /// A closed set of words for metrics and conditions.
    pub fn category(&self) -> &'static str {
        match self {
            Self::ReadJar { .. } => "unreadable",
            Self::RecogniseArchive => "not-a-jar",
            Self::ParseHeader { .. } | Self::ParseDirectory | Self::InflateEntry { .. } => "damaged",
            Self::ExceedLimit { .. } => "limit",
            Self::RefuseName { .. } => "name",
            Self::RefuseLink { .. } => "link",
            Self::RefuseMethod { .. } => "method",
            Self::OverlapEntries => "overlap",
        }
    }
}
