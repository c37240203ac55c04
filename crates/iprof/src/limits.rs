//! Owns the bounds under which a profile is read.
//!
//! A profile comes from a tenant's process, so every quantity that grows with the input has a bound here. This module only
//! holds figures; it must not read anything.

/// What to do with a key that the schema does not name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnknownKeys {
    /// Skip its value, checked as JSON, and name it in the report.
    Drop,
    /// Refuse the profile.
    Refuse,
}

/// Bounds for one profile.
///
/// [`Limits::default`] fits the files that the instrumented images of large applications write (tens of megabytes, some
/// hundred thousand methods) with a factor of about ten in hand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes as they arrive, compressed or not. Default 256 MiB: ten times the largest file seen.
    pub input_bytes: u64,
    /// Bytes after decompression. Default 256 MiB: deflate reaches a ratio of 1029, so the input's size bounds nothing. At most
    /// 4 GiB.
    pub bytes: u64,
    /// Nesting of arrays and objects. Default 16; the schema needs 4, the rest is for unknown sections. At most 32.
    pub depth: u32,
    /// Declared types. Default 512 Ki; large images hold some ten thousand.
    pub types: usize,
    /// Declared methods. Default 1 Mi; images with 130 000 are common.
    pub methods: usize,
    /// Entries of all sections together. Default 4 Mi: more would not fit the bytes at a usual entry's length.
    pub entries: usize,
    /// Bytes of one context string. Default 64 KiB: samples hold full stacks of some thousand frames.
    pub context_bytes: usize,
    /// Bytes of one name or key. Default 64 KiB: the class-file format cannot hold longer names.
    pub string_bytes: usize,
    /// Type ids in one method's signature. Default 257: declaring type, return type and the 255 parameters a JVM allows.
    pub signature_length: usize,
    /// Integers in one entry's `records`. Default 1 Mi: one monitor entry lists every type that was ever locked.
    pub record_values: usize,
    /// Characters of one number. Default 64; a count needs 19.
    pub number_bytes: usize,
    /// Entries that the merge may hold after a fold. Default 16 Mi: what one tenant can make us keep.
    pub merged_entries: usize,
    /// Types, and apart from them methods, that the merge may hold after a fold. Default 8 Mi.
    pub merged_names: usize,
    /// Frames of contexts, and apart from them counters, that the merge may hold. Default 64 Mi: half a gigabyte of each, and
    /// sixty times what the profiles of a large image hold.
    pub merged_values: usize,
    /// Bytes of all names that the merge may hold. Default 1 GiB.
    pub merged_name_bytes: usize,
    /// What happens to keys that the schema does not name. Default [`UnknownKeys::Drop`]: a minor version adds optional keys.
    pub unknown_keys: UnknownKeys,
}

/// The deepest nesting that [`Limits::depth`] may allow; the reader keeps one bit per level.
pub(crate) const DEEPEST: u32 = 32;

/// The longest text that [`Limits::bytes`] may allow; positions in it are kept in 32 bits.
pub(crate) const LONGEST: u64 = u32::MAX as u64;

const KIBI: usize = 1 << 10;
const MEBI: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 256 << 20,
            bytes: 256 << 20,
            depth: 16,
            types: MEBI / 2,
            methods: MEBI,
            entries: 4 * MEBI,
            context_bytes: 64 * KIBI,
            string_bytes: 64 * KIBI,
            signature_length: 257,
            record_values: MEBI,
            number_bytes: 64,
            merged_entries: 16 * MEBI,
            merged_names: 8 * MEBI,
            merged_values: 64 * MEBI,
            merged_name_bytes: 1024 * MEBI,
            unknown_keys: UnknownKeys::Drop,
        }
    }
}

impl Limits {
    /// Bounds for files of our own: the intermediate form of a merge, which may be as large as the merge.
    pub fn for_intermediate() -> Self {
        let single = Self::default();
        Self {
            input_bytes: LONGEST,
            bytes: LONGEST,
            types: single.merged_names,
            methods: single.merged_names,
            entries: single.merged_entries,
            unknown_keys: UnknownKeys::Refuse,
            ..single
        }
    }
}
