//! Owns one profile as it was read, in its own numbering and order, before it joins a merge.

use crate::branches::Successor;
use crate::form::Section;
use crate::index::{NONE, narrow};
use crate::model::Frame;
use crate::reader::{Sink, Table};

/// A checked profile in flat arrays: little more memory than its text, and no allocation per entry.
#[derive(Default)]
pub(crate) struct RawProfile {
    text: String,
    /// Id, and the end of the name in the text.
    types: Vec<(u32, u32)>,
    /// Id, the end of the name in the text, and of the signature in the list of all.
    methods: Vec<(u32, u32, u32)>,
    method_text: String,
    signatures: Vec<u32>,
    sections: [RawSection; 6],
    /// Tables and sections in the order of the file, and where each stands in the text.
    order: Vec<(Table, u32)>,
}

/// The entries of one section.
#[derive(Default)]
pub(crate) struct RawSection {
    frames: Vec<Frame>,
    /// Where each entry's frames and counts end.
    ends: Vec<(u32, u32)>,
    /// For each count its type, in sections that have types.
    pub(crate) types: Vec<u32>,
    /// For each count its successor, in the section of branches.
    pub(crate) successors: Vec<Successor>,
    pub(crate) counts: Vec<u64>,
    /// For each count where it stands in the text.
    pub(crate) starts: Vec<u32>,
}

/// The most that an empty profile keeps of what it had, in frames, counts and bytes of names.
const SPARE: usize = 16 << 20;

impl Sink for RawProfile {
    fn declare_type(&mut self, id: u32, name: &str) {
        self.text.push_str(name);
        self.types.push((id, narrow(self.text.len())));
    }

    fn declare_method(&mut self, id: u32, name: &str, signature: &[u32]) {
        self.method_text.push_str(name);
        self.signatures.extend_from_slice(signature);
        self.methods
            .push((id, narrow(self.method_text.len()), narrow(self.signatures.len())));
    }

    fn begin(&mut self, table: Table, start: u64) {
        self.order.push((table, u32::try_from(start).unwrap_or(NONE)));
    }

    fn add_entry(&mut self, section: Section, frames: &[Frame], records: &[i64], starts: &[u32]) {
        let raw = &mut self.sections[section.index()];
        raw.frames.extend_from_slice(frames);
        match section {
            Section::CallCounts | Section::Samples => {
                raw.counts.extend(records.iter().map(|count| count.unsigned_abs()));
                raw.starts.extend_from_slice(starts);
            }
            Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => {
                for pair in records.chunks_exact(2) {
                    // The reader has checked that the id is declared, hence in range.
                    raw.types.push(u32::try_from(pair[0]).unwrap_or_default());
                    raw.counts.push(pair[1].unsigned_abs());
                }
                raw.starts.extend(starts.iter().skip(1).step_by(2));
            }
            Section::Conditionals => {
                for triple in records.chunks_exact(3) {
                    // The reader has checked that both numbers fit.
                    let narrow = |number| i32::try_from(number).unwrap_or_default();
                    raw.successors.push((narrow(triple[0]), narrow(triple[1])));
                    raw.counts.push(triple[2].unsigned_abs());
                }
                raw.starts.extend(starts.iter().skip(2).step_by(3));
            }
        }
        raw.ends.push((narrow(raw.frames.len()), narrow(raw.counts.len())));
    }
}

impl RawProfile {
    /// Empties the profile. The memory of one of usual size is kept for the next.
    pub(crate) fn clear(&mut self) {
        let (frames, counts) = self.sizes();
        if frames.max(counts).max(self.text_len()) > SPARE {
            *self = Self::default();
        }
        self.text.clear();
        self.types.clear();
        self.methods.clear();
        self.method_text.clear();
        self.signatures.clear();
        self.sections.iter_mut().for_each(RawSection::clear);
        self.order.clear();
    }

    pub(crate) fn types(&self) -> impl ExactSizeIterator<Item = (u32, &str)> {
        let mut start = 0;
        self.types.iter().map(move |(id, end)| {
            let name = &self.text[start..*end as usize];
            start = *end as usize;
            (*id, name)
        })
    }

    pub(crate) fn methods_len(&self) -> usize {
        self.methods.len()
    }

    pub(crate) fn largest_method(&self) -> u32 {
        self.methods.iter().map(|(id, ..)| *id).max().unwrap_or(0)
    }

    /// A method's id, name and signature.
    #[inline]
    pub(crate) fn method(&self, index: usize) -> (u32, &str, &[u32]) {
        let (_, name_start, start) = index.checked_sub(1).map_or((0, 0, 0), |before| self.methods[before]);
        let (id, name_end, end) = self.methods[index];
        (
            id,
            &self.method_text[name_start as usize..name_end as usize],
            &self.signatures[start as usize..end as usize],
        )
    }

    /// Tables and sections in the order of the file, and where each stands in the text.
    pub(crate) fn order(&self) -> &[(Table, u32)] {
        &self.order
    }

    pub(crate) fn list_len(&self, table: Table) -> usize {
        match table {
            Table::Types => self.types.len(),
            Table::Methods => self.methods.len(),
            Table::Section(section) => self.section(section).len(),
        }
    }

    pub(crate) fn section(&self, section: Section) -> &RawSection {
        &self.sections[section.index()]
    }

    /// The counts of every section, in the order of [`Section::ALL`].
    pub(crate) fn counts_mut(&mut self) -> impl Iterator<Item = &mut [u64]> {
        self.sections.iter_mut().map(|raw| &mut raw.counts[..])
    }

    /// Frames of all contexts, and counts.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        let sections = self.sections.iter();
        sections.fold((0, 0), |(frames, counts), raw| {
            (frames + raw.frames.len(), counts + raw.counts.len())
        })
    }

    /// Bytes of all names.
    pub(crate) fn text_len(&self) -> usize {
        self.text.len() + self.method_text.len()
    }
}

impl RawSection {
    fn clear(&mut self) {
        self.frames.clear();
        self.ends.clear();
        self.types.clear();
        self.successors.clear();
        self.counts.clear();
        self.starts.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The frames of an entry, in the file's numbering.
    #[inline]
    pub(crate) fn frames(&self, entry: usize) -> &[Frame] {
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before].0 as usize);
        &self.frames[start..self.ends[entry].0 as usize]
    }

    /// The positions of an entry's counts.
    #[inline]
    pub(crate) fn counts_of(&self, entry: usize) -> std::ops::Range<usize> {
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before].1 as usize);
        start..self.ends[entry].1 as usize
    }
}
