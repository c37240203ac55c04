//! Owns the merge: adds a contribution to the intermediate form, entry by entry.
//!
//! A contribution is a profile just read or another merge; both replay their entries through the same rules, so folding one
//! by one and merging all at once cannot differ.

use indexmap::IndexMap;

use crate::form::{Section, Version};
use crate::intermediate::Intermediate;
use crate::intern::Remap;
use crate::model::{Context, Frame, Method, add};

/// Something that can be added to a merge, in a numbering of its own.
pub(crate) trait Contribution {
    fn version(&self) -> Option<Version>;
    fn types(&self) -> impl ExactSizeIterator<Item = (u32, &str)>;
    fn methods(&self) -> impl ExactSizeIterator<Item = (u32, &Method)>;
    fn for_each_entry(&self, visit: impl FnMut(Section, &[Frame], &[i64]));
}

/// What an addition changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effect {
    /// Distinct contexts of the contribution.
    pub(crate) contexts: u64,
    /// Of these, the ones that the merge did not have.
    pub(crate) new_contexts: u64,
    /// Entries whose context the contribution had already listed.
    pub(crate) repeated_contexts: u64,
}

/// Adds `source`. The caller has checked that the versions can be joined.
pub(crate) fn absorb(target: &mut Intermediate, source: &impl Contribution) -> Effect {
    let types = remap_types(target, source);
    let methods = remap_methods(target, source, &types);
    let mut progress = Section::ALL.map(|section| Progress::new(target.entries(section)));
    let mut frames = Vec::new();
    source.for_each_entry(|section, theirs, records| {
        frames.clear();
        frames.extend(theirs.iter().map(|frame| Frame {
            method: methods.of(frame.method),
            bci: frame.bci,
        }));
        let progress = &mut progress[section.index()];
        match section {
            Section::CallCounts => add_count(progress.slot(&mut target.calls, &frames), records),
            Section::Samples => add_count(progress.slot(&mut target.samples, &frames), records),
            Section::Conditionals => progress.slot(&mut target.conditionals, &frames).absorb(records),
            Section::InstanceOf => progress.slot(&mut target.instance_of, &frames).absorb(records, &types),
            Section::VirtualInvokes => progress.slot(&mut target.virtual_invokes, &frames).absorb(records, &types),
            Section::Monitors => progress.slot(&mut target.monitors, &frames).absorb(records, &types),
        }
    });
    let mut effect = Effect::default();
    for section in progress {
        effect.contexts += section.effect.contexts;
        effect.new_contexts += section.effect.new_contexts;
        effect.repeated_contexts += section.effect.repeated_contexts;
    }
    effect
}

fn add_count(total: &mut u64, records: &[i64]) {
    *total = records.iter().fold(*total, |total, count| add(total, count.unsigned_abs()));
}

fn remap_types(target: &mut Intermediate, source: &impl Contribution) -> Remap {
    let largest = source.types().map(|(id, _)| id).max().unwrap_or(0);
    let mut remap = Remap::new(source.types().len(), largest);
    let mut expected = 0;
    for (id, name) in source.types() {
        let index = target.names.intern_type(name, expected);
        remap.set(id, index);
        expected = index + 1;
    }
    remap
}

fn remap_methods(target: &mut Intermediate, source: &impl Contribution, types: &Remap) -> Remap {
    let largest = source.methods().map(|(id, _)| id).max().unwrap_or(0);
    let mut remap = Remap::new(source.methods().len(), largest);
    let mut expected = 0;
    let mut signature = Vec::new();
    for (id, method) in source.methods() {
        signature.clear();
        signature.extend(method.signature.iter().map(|type_id| types.of(*type_id)));
        let index = target.names.intern_method(&method.name, &signature, expected);
        remap.set(id, index);
        expected = index + 1;
    }
    remap
}

/// How far a contribution's section has come.
struct Progress {
    /// Where the next entry is expected: profiles of one image list the same places in the same order.
    expected: usize,
    /// Entries that the merge had before.
    known: usize,
    /// One bit per entry of the merge: whether this contribution had it already.
    met: Vec<u64>,
    effect: Effect,
}

impl Progress {
    fn new(known: usize) -> Self {
        Self {
            expected: 0,
            known,
            met: Vec::new(),
            effect: Effect::default(),
        }
    }

    fn slot<'a, V: Default>(&mut self, entries: &'a mut IndexMap<Context, V>, frames: &[Frame]) -> &'a mut V {
        let predicted = entries.get_index(self.expected).is_some_and(|(context, _)| **context == *frames);
        let index = if predicted {
            self.expected
        } else {
            match entries.get_index_of(frames) {
                Some(index) => index,
                None => entries.insert_full(frames.into(), V::default()).0,
            }
        };
        self.expected = index + 1;
        self.count(index);
        &mut entries[index]
    }

    fn count(&mut self, index: usize) {
        if index / 64 >= self.met.len() {
            self.met.resize(index / 64 + 1, 0);
        }
        let bit = 1 << (index % 64);
        if self.met[index / 64] & bit != 0 {
            self.effect.repeated_contexts += 1;
            return;
        }
        self.met[index / 64] |= bit;
        self.effect.contexts += 1;
        self.effect.new_contexts += u64::from(index >= self.known);
    }
}

/// Adds nothing, but counts what [`absorb`] would add to the merge's size.
pub(crate) fn measure(target: &Intermediate, source: &impl Contribution) -> (usize, usize, usize) {
    let mut grown = Intermediate {
        names: target.names.clone(),
        ..Intermediate::default()
    };
    let types = remap_types(&mut grown, source);
    let methods = remap_methods(&mut grown, source, &types);
    let mut fresh = std::collections::HashSet::new();
    source.for_each_entry(|section, theirs, _| {
        let frames: Context = theirs
            .iter()
            .map(|frame| Frame {
                method: methods.of(frame.method),
                bci: frame.bci,
            })
            .collect();
        if !target.contains(section, &frames) {
            fresh.insert((section, frames));
        }
    });
    (grown.names.types.len(), grown.names.methods.len(), target.len() + fresh.len())
}
