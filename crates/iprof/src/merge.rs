//! Owns the merge: finds or makes the counters that a profile's counts belong to, then adds.
//!
//! Another merge joins by way of the same form, so folding one by one and merging all at once cannot differ. Nothing here
//! can fail: whoever calls has checked versions and sizes.

use std::collections::HashSet;

use crate::counters::Run;
use crate::form::Section;
use crate::index::{Hashing, narrow};
use crate::intermediate::Intermediate;
use crate::intern::{MethodGroup, Names, Remap};
use crate::model::{Context, Frame};
use crate::places::{Places, TOGETHER};
use crate::raw::{RawProfile, RawSection};

/// What an addition changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effect {
    /// Distinct contexts of the contribution.
    pub(crate) contexts: u64,
    /// Of these, the ones that the merge did not have.
    pub(crate) new_contexts: u64,
    /// Entries whose context the contribution had already listed.
    pub(crate) repeated_contexts: u64,
    /// The weighted overlap of the merge before and after.
    pub(crate) overlap: f64,
    /// Whether each counter was met once at most.
    pub(crate) distinct: bool,
}

/// Adds `raw`, and tells for each of its counts, by section, the counter.
pub(crate) fn absorb(target: &mut Intermediate, raw: &mut RawProfile) -> (Effect, [Vec<u32>; 6]) {
    let types = remap_types(&mut target.names, &target.hashing, raw, &target.last_types);
    let methods = remap_methods(&mut target.names, &target.hashing, raw, &types, &target.last_methods);
    let mut slots: [Vec<u32>; 6] = Default::default();
    let mut effect = Effect::default();
    let before = target.counters.len();
    for section in Section::ALL {
        let known = target.section(section).places.len();
        let positions = locate(
            &mut target.sections[section.index()].places,
            &target.hashing,
            raw.section(section),
            &methods,
        );
        effect.count(&positions, known);
        slots[section.index()] = resolve(target, section, raw.section(section), &positions, &types);
    }
    effect.distinct = are_distinct(&slots, target.counters.len().max(before));
    (target.last_types, target.last_methods) = (types, methods);
    let mut runs = Vec::new();
    for ((section, slots), counts) in Section::ALL.into_iter().zip(&slots).zip(raw.counts_mut()) {
        runs.push(Run { section, slots, counts });
    }
    effect.overlap = target.counters.add(&mut runs, effect.distinct);
    (effect, slots)
}

impl Effect {
    fn count(&mut self, positions: &[u32], known: usize) {
        let most = positions.iter().max().map_or(0, |position| *position as usize + 1);
        let mut met = vec![0_u64; most.div_ceil(64)];
        for position in positions {
            let position = *position as usize;
            let bit = 1 << (position % 64);
            if met[position / 64] & bit != 0 {
                self.repeated_contexts += 1;
                continue;
            }
            met[position / 64] |= bit;
            self.contexts += 1;
            self.new_contexts += u64::from(position >= known);
        }
    }
}

fn are_distinct(slots: &[Vec<u32>; 6], counters: usize) -> bool {
    let mut met = vec![0_u64; counters.div_ceil(64)];
    slots.iter().flatten().all(|slot| {
        let bit = 1 << (slot % 64);
        let word = &mut met[*slot as usize / 64];
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    })
}

fn remap_types(names: &mut Names, hashing: &Hashing, raw: &RawProfile, last: &Remap) -> Remap {
    let largest = raw.types().map(|(id, _)| id).max().unwrap_or(0);
    let mut remap = Remap::new(raw.types().len(), largest);
    let mut expected = 0;
    for (id, name) in raw.types() {
        let global = names.intern_type(name, [last.guess(id), expected], hashing);
        remap.set(id, global);
        expected = global + 1;
    }
    remap
}

/// Files of one image list the same methods under the same ids or in the same order, so the next one is guessed as long as
/// that holds; otherwise methods are looked up in groups.
fn remap_methods(names: &mut Names, hashing: &Hashing, raw: &RawProfile, types: &Remap, last: &Remap) -> Remap {
    let mut remap = Remap::new(raw.methods_len(), raw.largest_method());
    let mut group = MethodGroup::default();
    let (mut expected, mut index) = (0, 0);
    while index < raw.methods_len() {
        group.clear();
        let (id, name, signature) = raw.method(index);
        group.push(name, signature.iter().map(|type_id| types.of(*type_id)));
        let mut end = index + 1;
        if let Some(global) = names.guess_method(group.get(0), [last.guess(id), expected]) {
            remap.set(id, global);
            expected = global + 1;
        } else {
            end = (index + TOGETHER).min(raw.methods_len());
            for next in index + 1..end {
                let (_, name, signature) = raw.method(next);
                group.push(name, signature.iter().map(|type_id| types.of(*type_id)));
            }
            names.intern_methods(&mut group, hashing);
            for (next, global) in (index..end).zip(&group.found) {
                remap.set(raw.method(next).0, *global);
                expected = global + 1;
            }
        }
        index = end;
    }
    remap
}

/// The place of each entry. Profiles of one image list the same places in the same order, so the next one is guessed as
/// long as that holds; otherwise entries are looked up in groups.
fn locate(places: &mut Places, hashing: &Hashing, raw: &RawSection, methods: &Remap) -> Vec<u32> {
    let mut positions = Vec::with_capacity(raw.len());
    let mut frames = Vec::new();
    let mut ends = Vec::new();
    let mut expected = 0;
    let mut entry = 0;
    while entry < raw.len() {
        frames.clear();
        push_frames(&mut frames, raw.frames(entry), methods);
        if places.is_at(expected, &frames) {
            positions.push(expected);
            expected += 1;
            entry += 1;
            continue;
        }
        let last = (entry + TOGETHER).min(raw.len());
        ends.clear();
        ends.push(frames.len());
        for next in entry + 1..last {
            push_frames(&mut frames, raw.frames(next), methods);
            ends.push(frames.len());
        }
        places.find_or_insert_all(hashing, &frames, &ends, &mut positions);
        expected = positions.last().map_or(0, |position| position + 1);
        entry = last;
    }
    positions
}

#[inline]
fn push_frames(frames: &mut Vec<Frame>, theirs: &[Frame], methods: &Remap) {
    match methods {
        Remap::Dense(ids) => frames.extend(theirs.iter().map(|frame| Frame {
            method: ids[frame.method as usize],
            bci: frame.bci,
        })),
        Remap::Sparse(_) => frames.extend(theirs.iter().map(|frame| Frame {
            method: methods.of(frame.method),
            bci: frame.bci,
        })),
    }
}

/// The counter of each count.
fn resolve(target: &mut Intermediate, section: Section, raw: &RawSection, positions: &[u32], types: &Remap) -> Vec<u32> {
    let mut slots = Vec::with_capacity(raw.counts.len());
    let (counters, hashing) = (&mut target.counters, &target.hashing);
    let part = &mut target.sections[section.index()];
    for (entry, position) in positions.iter().enumerate() {
        if entry % TOGETHER == 0 {
            part.fetch(section, &positions[entry..positions.len().min(entry + TOGETHER)], counters);
        }
        let head = part.places.head(*position);
        let counts = raw.counts_of(entry);
        let place = (*position, head);
        let new_head = match section {
            Section::CallCounts | Section::Samples => {
                let counter = if head == crate::index::NONE { counters.make() } else { head };
                slots.push(counter);
                counter
            }
            Section::Conditionals => part.branches.resolve(place, &raw.successors[counts], counters, &mut slots),
            Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => {
                let types = raw.types[counts].iter().map(|id| types.of(*id));
                part.pairs.resolve(place, types, hashing, counters, &mut slots)
            }
        };
        if new_head != head {
            part.places.set_head(*position, new_head);
        }
    }
    slots
}

/// Adds nothing, but counts the types, methods and entries that the merge would have after [`absorb`].
pub(crate) fn measure(target: &Intermediate, raw: &RawProfile) -> (usize, usize, usize) {
    let mut names = target.names.clone();
    let types = remap_types(&mut names, &target.hashing, raw, &target.last_types);
    let methods = remap_methods(&mut names, &target.hashing, raw, &types, &target.last_methods);
    let mut fresh: HashSet<(Section, Context)> = HashSet::new();
    for section in Section::ALL {
        let theirs = raw.section(section);
        let places = &target.section(section).places;
        for entry in 0..theirs.len() {
            let mut frames = Vec::new();
            push_frames(&mut frames, theirs.frames(entry), &methods);
            if places.find(target.hashing.frames(&frames), &frames).is_none() {
                fresh.insert((section, frames.into()));
            }
        }
    }
    (names.types_len(), names.methods_len(), target.len() + fresh.len())
}

/// Ids of a merge as a profile's own.
pub(crate) fn copy_names(names: &Names, sink: &mut impl crate::reader::Sink) {
    for id in 0..narrow(names.types_len()) {
        sink.declare_type(id, names.type_name(id));
    }
    for id in 0..narrow(names.methods_len()) {
        let (name, signature) = names.method(id);
        sink.declare_method(id, name, signature);
    }
}
