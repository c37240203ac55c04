//! Owns the values that a profile is made of. No input or output happens here.

use crate::form::{Section, Version};

/// One step of a context: a place in a method.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Frame {
    /// The method's id, in the numbering of the profile the frame belongs to.
    pub method: u32,
    /// The bytecode index. May be negative.
    pub bci: i32,
}

/// A profiled place and the callers through which it was reached, innermost first.
pub type Context = Box<[Frame]>;

/// A method, with its types in the numbering of the profile it belongs to.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Method {
    /// The method's simple name.
    pub name: Box<str>,
    /// Declaring type, return type, parameter types; the receiver is left out. At least two.
    pub signature: Box<[u32]>,
}

/// A number of entries for each section.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SectionCounts([u64; 6]);

impl SectionCounts {
    /// The section's number.
    pub fn get(&self, section: Section) -> u64 {
        self.0[section.index()]
    }

    /// The sum over all sections.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, section: Section, count: u64) {
        self.0[section.index()] += count;
    }
}

/// What a profile holds, learnt by reading it once without keeping it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Summary {
    /// The version, with later minor versions of 1 shown as the newest known.
    pub version: Version,
    /// Length of the decompressed text.
    pub bytes: u64,
    /// Declared types.
    pub types: u64,
    /// Declared methods.
    pub methods: u64,
    /// Entries by section.
    pub entries: SectionCounts,
    /// Sum of call, branch, virtual and instanceof counts; saturates at `i64::MAX`.
    pub event_mass: u64,
    /// Top-level keys that the schema does not name, at most 16 and shortened. Tenant's text: quote it where it is shown.
    pub unknown_sections: Vec<String>,
    /// Number of unknown keys inside known objects.
    pub unknown_fields: u64,
}

impl Summary {
    /// Whether samples are all there is: such a profile says nothing about calls and branches.
    pub fn has_only_samples(&self) -> bool {
        self.entries.get(Section::Samples) == self.entries.total()
    }
}

/// The largest count: the consumer reads Java's `long`.
pub(crate) const MOST: u64 = i64::MAX as u64;

/// Adds two counts. Associative, because all counts are non-negative.
#[inline]
pub(crate) fn add(left: u64, right: u64) -> u64 {
    left.saturating_add(right).min(MOST)
}

/// The counts of an entry's records: every number, every second or every third.
pub(crate) fn counts(section: Section, records: &[i64]) -> impl Iterator<Item = u64> {
    let stride = stride(section);
    records.iter().skip(stride - 1).step_by(stride).map(|count| count.unsigned_abs())
}

/// Integers per record.
pub(crate) fn stride(section: Section) -> usize {
    match section {
        Section::CallCounts | Section::Samples => 1,
        Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => 2,
        Section::Conditionals => 3,
    }
}
