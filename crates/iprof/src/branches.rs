//! Owns the merge of branch counts: by position, by bytecode index, or side by side where the shapes conflict.
//!
//! Each shape belongs to exactly one *kind*: shapes with distinct indexes, none of them the shared-target mark, are of one
//! kind if their sets of indexes are equal; any other shape is a kind of its own. Counts add up within a kind, kinds stand
//! side by side. That is a sum over a map, hence commutative and associative whatever the order of arrival.

use std::collections::{BTreeMap, HashMap};

use crate::counters::Counters;
use crate::index::{NONE, narrow};

/// A successor's bytecode index and the branch's index.
pub(crate) type Successor = (i32, i32);

/// Marks a successor that several cases of a switch share.
const SHARED: i32 = -5;

/// The branches of all places of a section.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branches {
    variants: Vec<Variant>,
    successors: Vec<Successor>,
    /// For each successor its counter.
    counters: Vec<u32>,
    /// The second and later variants of a place.
    others: HashMap<(u32, Kind), u32>,
}

/// The counts of one kind of shape at one place: the smallest sequence seen of this kind.
#[derive(Clone, Copy, Debug)]
struct Variant {
    first: u32,
    length: u32,
    /// The place's next variant.
    next: u32,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Kind {
    Indexes(Box<[i32]>),
    Sequence(Box<[Successor]>),
}

impl Kind {
    /// Shapes with indexes that can be told apart are of the kind of their sorted indexes.
    fn of(shape: &[Successor]) -> Self {
        let mut indexes: Box<[i32]> = shape.iter().map(|(bci, _)| *bci).collect();
        indexes.sort_unstable();
        let distinct = indexes.windows(2).all(|pair| pair[0] != pair[1]) && !indexes.contains(&SHARED);
        if distinct {
            Self::Indexes(indexes)
        } else {
            Self::Sequence(shape.into())
        }
    }
}

impl Branches {
    /// Finds or makes the counters of a shape at a place. Returns the head of the place's list.
    pub(crate) fn resolve(&mut self, (place, head): (u32, u32), shape: &[Successor], counters: &mut Counters, slots: &mut Vec<u32>) -> u32 {
        if head == NONE {
            let head = self.insert(shape, counters);
            slots.extend_from_slice(self.counters_of(head));
            return head;
        }
        if self.shape_of(head) == shape {
            slots.extend_from_slice(self.counters_of(head));
            return head;
        }
        let kind = Kind::of(shape);
        let first = self.shape_of(head);
        if first.len() == shape.len() && Kind::of(first) == kind {
            self.resolve_by_index(head, shape, slots);
            return head;
        }
        if let Some(&variant) = self.others.get(&(place, kind.clone())) {
            if self.shape_of(variant) == shape {
                slots.extend_from_slice(self.counters_of(variant));
            } else {
                self.resolve_by_index(variant, shape, slots);
            }
            return head;
        }
        let variant = self.insert(shape, counters);
        self.variants[variant as usize].next = std::mem::replace(&mut self.variants[head as usize].next, variant);
        slots.extend_from_slice(self.counters_of(variant));
        self.others.insert((place, kind), variant);
        head
    }

    fn insert(&mut self, shape: &[Successor], counters: &mut Counters) -> u32 {
        self.variants.push(Variant {
            first: narrow(self.successors.len()),
            length: narrow(shape.len()),
            next: NONE,
        });
        self.successors.extend_from_slice(shape);
        self.counters.extend(shape.iter().map(|_| counters.make()));
        narrow(self.variants.len() - 1)
    }

    #[inline]
    fn shape_of(&self, variant: u32) -> &[Successor] {
        let variant = self.variants[variant as usize];
        &self.successors[variant.first as usize..][..variant.length as usize]
    }

    #[inline]
    fn counters_of(&self, variant: u32) -> &[u32] {
        let variant = self.variants[variant as usize];
        &self.counters[variant.first as usize..][..variant.length as usize]
    }

    /// Both shapes have the same distinct indexes. Counters stay what they count, whichever sequence is kept.
    fn resolve_by_index(&mut self, variant: u32, shape: &[Successor], slots: &mut Vec<u32>) {
        let known = self.shape_of(variant).iter().zip(self.counters_of(variant));
        let by_index: BTreeMap<i32, u32> = known.map(|((bci, _), counter)| (*bci, *counter)).collect();
        let start = slots.len();
        slots.extend(shape.iter().filter_map(|(bci, _)| by_index.get(bci)));
        if shape < self.shape_of(variant) {
            let Variant { first, length, .. } = self.variants[variant as usize];
            let range = first as usize..first as usize + length as usize;
            self.successors[range.clone()].copy_from_slice(shape);
            self.counters[range].copy_from_slice(&slots[start..]);
        }
    }

    /// The counter to look at before a place is: that of its first shape, if that has any.
    #[inline]
    pub(crate) fn first_counter(&self, head: u32) -> Option<u32> {
        let variant = self.variants.get(head as usize)?;
        self.counters.get(variant.first as usize).copied()
    }

    pub(crate) fn has_conflict(&self, head: u32) -> bool {
        self.variants.get(head as usize).is_some_and(|variant| variant.next != NONE)
    }

    /// Every variant of a place, by its shape.
    pub(crate) fn variants(&self, head: u32) -> impl DoubleEndedIterator<Item = (&[Successor], &[u32])> {
        let follow = |variant: &u32| Some(self.variants[*variant as usize].next).filter(|next| *next != NONE);
        let mut variants: Vec<u32> = std::iter::successors(Some(head).filter(|head| *head != NONE), follow).collect();
        if variants.len() > 1 {
            variants.sort_unstable_by(|left, right| self.shape_of(*left).cmp(self.shape_of(*right)));
        }
        variants
            .into_iter()
            .map(|variant| (self.shape_of(variant), self.counters_of(variant)))
    }

    /// The variant with the largest event mass; of equals, the one with the smallest shape.
    pub(crate) fn dominant(&self, head: u32, counters: &Counters) -> (&[Successor], &[u32]) {
        if !self.has_conflict(head) {
            return (self.shape_of(head), self.counters_of(head));
        }
        let mass = |slots: &[u32]| slots.iter().map(|slot| u128::from(counters.get(*slot))).sum::<u128>();
        self.variants(head).rev().max_by_key(|(_, slots)| mass(slots)).unwrap_or_default()
    }
}
