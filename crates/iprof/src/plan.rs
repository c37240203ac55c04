//! Owns the canonical order of a merge, and the merge seen in that order.
//!
//! Types are ordered by (primitives first, name), methods by the names of their identity, entries by context. An order stays
//! right when counts change, and is the start of the next one when a merge grows.

use crate::branches::Successor;
use crate::canonical::{Listing, Variants};
use crate::form::{Section, Version};
use crate::index::narrow;
use crate::intermediate::Intermediate;
use crate::intern::Names;
use crate::model::Frame;
use crate::part::Part;
use crate::places::TOGETHER;

const PRIMITIVES: [&str; 9] = ["boolean", "byte", "char", "double", "float", "int", "long", "short", "void"];

/// Positions in canonical order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    types: Vec<u32>,
    methods: Vec<u32>,
    entries: [Vec<u32>; 6],
    type_ranks: Vec<u32>,
    method_ranks: Vec<u32>,
}

impl Plan {
    /// `former` is the order of this merge when it was smaller.
    pub(crate) fn new(merge: &Intermediate, former: Option<&Self>) -> Self {
        let empty = Self::default();
        let former = former.unwrap_or(&empty);
        let types = sorted(
            &former.types,
            merge.names.types_len(),
            |id| prefix(merge.names.type_name(id)) | u128::from(!PRIMITIVES.contains(&merge.names.type_name(id))) << 127,
            |left, right| merge.names.type_name(left).cmp(merge.names.type_name(right)),
        );
        let methods = method_order(&merge.names, &former.methods);
        let (type_ranks, method_ranks) = (ranks(&types), ranks(&methods));
        let entries = Section::ALL.map(|section| {
            let places = &merge.section(section).places;
            let renumbered = |frame: &Frame| (method_ranks[frame.method as usize], frame.bci);
            sorted(
                &former.entries[section.index()],
                places.len(),
                |position| {
                    let frame = places.frames(position).first().map(renumbered);
                    frame.map_or(0, |(method, bci)| {
                        u128::from(method) << 32 | u128::from(bci.cast_unsigned() ^ 1 << 31)
                    })
                },
                |left, right| {
                    let (left, right) = (places.frames(left), places.frames(right));
                    left.iter().map(renumbered).cmp(right.iter().map(renumbered))
                },
            )
        });
        Self {
            types,
            methods,
            entries,
            type_ranks,
            method_ranks,
        }
    }
}

/// Methods are ordered by declaring type, name, return type and parameters, all as names.
fn method_order(names: &Names, former: &[u32]) -> Vec<u32> {
    let by_name = sorted(
        &[],
        names.types_len(),
        |id| prefix(names.type_name(id)),
        |left, right| names.type_name(left).cmp(names.type_name(right)),
    );
    let name_ranks = ranks(&by_name);
    let rank = |id: &u32| name_ranks[*id as usize];
    sorted(
        former,
        names.methods_len(),
        |id| {
            let (name, signature) = names.method(id);
            let declaring = signature.first().map_or(0, rank);
            u128::from(declaring) << 96 | prefix(name) >> 32
        },
        |left, right| {
            let ((left_name, left), (right_name, right)) = (names.method(left), names.method(right));
            let declaring = left.first().map(rank).cmp(&right.first().map(rank));
            let rest = || left.iter().skip(1).map(rank).cmp(right.iter().skip(1).map(rank));
            declaring.then_with(|| left_name.cmp(right_name)).then_with(rest)
        },
    )
}

/// The first fifteen bytes, with a zero bit in front. Orders as the whole text does, or is equal.
fn prefix(text: &str) -> u128 {
    let mut bytes = [0; 16];
    for (byte, symbol) in bytes.iter_mut().zip(text.bytes().take(15)) {
        *byte = symbol;
    }
    u128::from_be_bytes(bytes) >> 8
}

/// Sorts by a key that is cheap to compare, then by the whole. `former` is in order already.
fn sorted(former: &[u32], length: usize, key: impl Fn(u32) -> u128, compare: impl Fn(u32, u32) -> std::cmp::Ordering) -> Vec<u32> {
    let newer = narrow(former.len())..narrow(length);
    let mut order: Vec<(u128, u32)> = former.iter().copied().chain(newer).map(|id| (key(id), id)).collect();
    order.sort_by(|left, right| left.0.cmp(&right.0).then_with(|| compare(left.1, right.1)));
    order.into_iter().map(|(_, id)| id).collect()
}

/// For each old position its new one.
fn ranks(order: &[u32]) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, id) in (0..).zip(order) {
        ranks[*id as usize] = rank;
    }
    ranks
}

/// A merge in canonical order and numbering.
pub(crate) struct Ordered<'a> {
    pub(crate) merge: &'a Intermediate,
    pub(crate) plan: &'a Plan,
    pub(crate) variants: Variants,
}

impl Listing for Ordered<'_> {
    fn version(&self) -> Option<Version> {
        self.merge.version
    }

    fn types(&self) -> impl Iterator<Item = &str> {
        self.plan.types.iter().map(|id| self.merge.names.type_name(*id))
    }

    fn for_each_method<E>(&self, mut visit: impl FnMut(&str, &[u32]) -> Result<(), E>) -> Result<(), E> {
        let mut renumbered = Vec::new();
        for id in &self.plan.methods {
            let (name, signature) = self.merge.names.method(*id);
            renumbered.clear();
            renumbered.extend(signature.iter().map(|id| self.plan.type_ranks[*id as usize]));
            visit(name, &renumbered)?;
        }
        Ok(())
    }

    fn for_each_entry<E>(&self, section: Section, mut visit: impl FnMut(&[Frame], &[i64]) -> Result<(), E>) -> Result<(), E> {
        let part = self.merge.section(section);
        let (mut frames, mut records) = (Vec::new(), Records::default());
        for group in self.plan.entries[section.index()].chunks(TOGETHER) {
            part.fetch(section, group, &self.merge.counters);
            for position in group {
                frames.clear();
                frames.extend(part.places.frames(*position).iter().map(|frame| Frame {
                    method: self.plan.method_ranks[frame.method as usize],
                    bci: frame.bci,
                }));
                let head = part.places.head(*position);
                records.numbers.clear();
                match (section, self.variants) {
                    (Section::CallCounts | Section::Samples, _) => records.push(&[], self.merge.counters.get(head)),
                    (Section::InstanceOf | Section::Monitors | Section::VirtualInvokes, _) => self.push_pairs(part, head, &mut records),
                    (Section::Conditionals, Variants::Drop) if part.branches.has_conflict(head) => continue,
                    (Section::Conditionals, Variants::Keep) if part.branches.has_conflict(head) => {
                        for (shape, counters) in part.branches.variants(head) {
                            records.numbers.clear();
                            self.push_branches(shape, counters, &mut records);
                            visit(&frames, &records.numbers)?;
                        }
                        continue;
                    }
                    (Section::Conditionals, _) => {
                        let (shape, counters) = part.branches.dominant(head, &self.merge.counters);
                        self.push_branches(shape, counters, &mut records);
                    }
                }
                visit(&frames, &records.numbers)?;
            }
        }
        Ok(())
    }
}

/// An entry's numbers.
#[derive(Default)]
struct Records {
    numbers: Vec<i64>,
    /// Pairs of type and counter, to be sorted.
    pairs: Vec<(u32, u32)>,
}

impl Records {
    #[inline]
    fn push(&mut self, before: &[i64], count: u64) {
        self.numbers.extend_from_slice(before);
        self.numbers.push(count.cast_signed());
    }
}

impl Ordered<'_> {
    fn push_pairs(&self, part: &Part, head: u32, records: &mut Records) {
        let mut pairs = std::mem::take(&mut records.pairs);
        pairs.clear();
        let ranked = part.pairs.list(head);
        pairs.extend(ranked.map(|(id, counter)| (self.plan.type_ranks[id as usize], counter)));
        pairs.sort_unstable();
        for (id, counter) in &pairs {
            records.push(&[i64::from(*id)], self.merge.counters.get(*counter));
        }
        records.pairs = pairs;
    }

    fn push_branches(&self, shape: &[Successor], counters: &[u32], records: &mut Records) {
        for ((bci, branch), counter) in shape.iter().zip(counters) {
            records.push(&[i64::from(*bci), i64::from(*branch)], self.merge.counters.get(*counter));
        }
    }
}
