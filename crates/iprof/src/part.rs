//! Owns one section of a merge: its places, and what was counted there.

use crate::branches::Branches;
use crate::counters::Counters;
use crate::form::Section;
use crate::index::NONE;
use crate::pairs::Pairs;
use crate::places::Places;

/// One section of a merge. Monitors are one place without frames: the context in the file is a dummy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) places: Places,
    pub(crate) pairs: Pairs,
    pub(crate) branches: Branches,
}

impl Part {
    /// Looks at what these places hold before it is used. They lie anywhere, and memory answers many together.
    pub(crate) fn fetch(&self, section: Section, positions: &[u32], counters: &Counters) {
        let mut touched = 0;
        for position in positions {
            let head = self.places.head(*position);
            let counter = match section {
                Section::CallCounts | Section::Samples => Some(head).filter(|head| *head != NONE),
                Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => self.pairs.first_counter(head),
                Section::Conditionals => self.branches.first_counter(head),
            };
            let count = counter.map_or(0, |counter| counters.get(counter));
            let method = self.places.frames(*position).first().map_or(0, |frame| frame.method);
            touched ^= count ^ u64::from(method);
        }
        std::hint::black_box(touched);
    }
}
