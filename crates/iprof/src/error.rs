//! Owns the reasons why a profile is refused, and the words for the place of a fault.
//!
//! Messages carry numbers and names from the schema. Of the tenant's text only the version appears, which is bounded.

use std::fmt;
use std::io;

use snafu::Snafu;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where in a profile a fault was found. Entries are counted from 0, bytes after decompression.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// A byte of the decompressed text.
    Byte(u64),
    /// An entry of `types` or `methods`.
    Table {
        /// The table's key.
        table: &'static str,
        /// The entry's position.
        index: u64,
    },
    /// An entry of a section.
    Record {
        /// The section's key.
        section: &'static str,
        /// The entry's position.
        index: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(offset) => write!(formatter, "byte {offset}"),
            Self::Table { table, index } => write!(formatter, "table {table}, entry {index}"),
            Self::Record { section, index } => {
                write!(formatter, "section {section}, record {index}")
            }
        }
    }
}

/// Why a profile or a merge is refused.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
#[non_exhaustive]
pub enum Error {
    /// The source failed, or its compression is damaged.
    #[snafu(display("the input cannot be read or decompressed after byte {offset}"))]
    ReadInput {
        /// The source's own fault.
        source: io::Error,
        /// Bytes that were read before.
        offset: u64,
    },

    /// The text is not JSON, or not of the shape that the schema asks for.
    #[snafu(display("byte {offset}: expected {expected}"))]
    ParseJson {
        /// What the grammar allows here.
        expected: &'static str,
        /// Position of the unexpected byte.
        offset: u64,
    },

    /// The text ends inside a value.
    #[snafu(display("byte {offset}: the profile is cut short"))]
    EndEarly {
        /// Length of the text.
        offset: u64,
    },

    /// A bound of [`crate::Limits`] is exceeded.
    #[snafu(display("{place}: more than {allowed} {unit}"))]
    ExceedLimit {
        /// Where the bound was met.
        place: Place,
        /// What is counted.
        unit: &'static str,
        /// The bound.
        allowed: u64,
    },

    /// A key that the schema requires is missing.
    #[snafu(display("required key {key:?} is missing"))]
    MissKey {
        /// The key.
        key: &'static str,
    },

    /// A key that an entry needs is missing.
    #[snafu(display("{place}: required key {key:?} is missing"))]
    MissEntryKey {
        /// The entry.
        place: Place,
        /// The key.
        key: &'static str,
    },

    /// A key appears twice in one object.
    #[snafu(display("byte {offset}: key {key:?} appears twice"))]
    RepeatKey {
        /// The key.
        key: &'static str,
        /// Position behind the second one.
        offset: u64,
    },

    /// A key is not in the schema and [`crate::UnknownKeys::Refuse`] is set.
    #[snafu(display("byte {offset}: a key here is not in the schema"))]
    RefuseKey {
        /// Position behind the key.
        offset: u64,
    },

    /// The version is not a semantic version.
    #[snafu(display("version {version:?} is not a semantic version"))]
    ParseVersion {
        /// The version, shortened.
        version: String,
    },

    /// The version's major is unknown.
    #[snafu(display("version {version:?} is not supported, only 1.x and 0.2.x are"))]
    UnknownVersion {
        /// The version, shortened.
        version: String,
    },

    /// A key belongs to another version's form than the rest of the file.
    #[snafu(display("key {key:?} does not belong to version {form}"))]
    MixForms {
        /// The key.
        key: &'static str,
        /// The version.
        form: &'static str,
    },

    /// Profiles of different major versions meet in a merge.
    #[snafu(display("a profile of version {theirs} cannot be merged with version {ours}"))]
    MixVersions {
        /// Version of the merge so far.
        ours: &'static str,
        /// Version of the newcomer.
        theirs: &'static str,
    },

    /// An id is declared twice.
    #[snafu(display("{place}: id {id} is declared twice"))]
    RepeatId {
        /// The second declaration.
        place: Place,
        /// The id.
        id: u32,
    },

    /// A method id is not declared.
    #[snafu(display("{place}: method {id} is not declared"))]
    MissMethod {
        /// The first use.
        place: Place,
        /// The id.
        id: u32,
    },

    /// A type id is not declared.
    #[snafu(display("{place}: type {id} is not declared"))]
    MissType {
        /// The first use.
        place: Place,
        /// The id.
        id: u32,
    },

    /// A number is outside its range.
    #[snafu(display("{place}: the {what} is not in 0..{end}"))]
    OutOfRange {
        /// Where it stands.
        place: Place,
        /// What the number means.
        what: &'static str,
        /// First number that is too large.
        end: u64,
    },

    /// A branch's position or index is outside of 32 bits.
    #[snafu(display("{place}: the {what} does not fit in 32 bits"))]
    ExceedWidth {
        /// Where it stands.
        place: Place,
        /// What the number means.
        what: &'static str,
    },

    /// A context does not follow the grammar.
    #[snafu(display("{place}: the context is malformed"))]
    ParseContext {
        /// Where it stands.
        place: Place,
    },

    /// A call count is not at the start of its method.
    #[snafu(display("{place}: the context of a call count must start at bytecode index 0"))]
    MisplaceCall {
        /// Where it stands.
        place: Place,
    },

    /// A monitor entry has another context than the dummy that stands for all monitors.
    #[snafu(display("{place}: the context of a monitor entry must be \"0:0\""))]
    MisplaceMonitor {
        /// Where it stands.
        place: Place,
    },

    /// The number of integers in `records` does not fit the section.
    #[snafu(display("{place}: {length} values where {expected} are expected"))]
    WrongStride {
        /// Where it stands.
        place: Place,
        /// How many there are.
        length: usize,
        /// What the section asks for.
        expected: &'static str,
    },

    /// A signature names fewer than the declaring and the return type.
    #[snafu(display("{place}: the signature needs a declaring type and a return type"))]
    ShortSignature {
        /// Where it stands.
        place: Place,
    },

    /// Every section is empty: the program left nothing to learn from.
    #[snafu(display("every section is empty"))]
    FindNothing,

    /// The file is not the intermediate form of this crate.
    #[snafu(display("the file is not an intermediate merge of this version"))]
    RecogniseIntermediate,

    /// The output failed.
    #[snafu(display("the output cannot be written"))]
    WriteOutput {
        /// The output's own fault.
        source: io::Error,
    },

    /// A weight is zero, negative or not finite.
    #[snafu(display("weight {weight} is not a positive number"))]
    RefuseWeight {
        /// The weight.
        weight: f64,
    },
}

impl Error {
    /// A closed set of words for metrics and quarantine records.
    pub fn category(&self) -> &'static str {
        match self {
            Self::ReadInput { .. } => "unreadable",
            Self::ParseJson { .. } => "syntax",
            Self::EndEarly { .. } => "cut",
            Self::ExceedLimit { .. } => "limit",
            Self::MissKey { .. } | Self::MissEntryKey { .. } | Self::RepeatKey { .. } | Self::RefuseKey { .. } => "schema",
            Self::ParseVersion { .. } | Self::UnknownVersion { .. } | Self::MixForms { .. } | Self::MixVersions { .. } => "version",
            Self::RepeatId { .. } | Self::MissMethod { .. } | Self::MissType { .. } => "reference",
            Self::OutOfRange { .. } | Self::ExceedWidth { .. } => "number",
            Self::ParseContext { .. } | Self::MisplaceCall { .. } | Self::MisplaceMonitor { .. } => "context",
            Self::WrongStride { .. } | Self::ShortSignature { .. } => "shape",
            Self::FindNothing => "empty",
            Self::RecogniseIntermediate => "intermediate",
            Self::WriteOutput { .. } => "output",
            Self::RefuseWeight { .. } => "weight",
        }
    }
}
