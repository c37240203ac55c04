//! Owns the merge of branch counts: by position, by bytecode index, or side by side where the shapes conflict.
//!
//! Each shape belongs to exactly one *kind*: shapes with distinct indexes, none of them the shared-target mark, are of one
//! kind if their sets of indexes are equal; any other shape is a kind of its own. Counts add up within a kind, kinds stand
//! side by side. That is a sum over a map, hence commutative and associative whatever the order of arrival.

use std::collections::BTreeMap;

use crate::model::add;

/// A successor's bytecode index and the branch's index.
pub(crate) type Successor = (i32, i32);

/// Marks a successor that several cases of a switch share.
const SHARED: i32 = -5;

/// The counts of one branching place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branches {
    first: Option<Variant>,
    others: BTreeMap<Kind, Variant>,
}

/// The counts of one kind of shape.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// The smallest sequence seen of this kind.
    shape: Box<[Successor]>,
    counts: Box<[u64]>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Indexes(Box<[i32]>),
    Sequence(Box<[Successor]>),
}

impl Kind {
    fn of(shape: &[Successor]) -> Self {
        match distinct_indexes(shape) {
            Some(indexes) => Self::Indexes(indexes),
            None => Self::Sequence(shape.into()),
        }
    }
}

/// The sorted indexes, if they can be told apart.
fn distinct_indexes(shape: &[Successor]) -> Option<Box<[i32]>> {
    let mut indexes: Box<[i32]> = shape.iter().map(|(bci, _)| *bci).collect();
    indexes.sort_unstable();
    let distinct = indexes.windows(2).all(|pair| pair[0] != pair[1]) && !indexes.contains(&SHARED);
    distinct.then_some(indexes)
}

impl Branches {
    /// Adds the records of one entry.
    pub(crate) fn absorb(&mut self, records: &[i64]) {
        let Some(first) = &mut self.first else {
            self.first = Some(Variant::from_records(records));
            return;
        };
        if first.add_by_position(records) {
            return;
        }
        let variant = Variant::from_records(records);
        if first.shape.len() == variant.shape.len()
            && let Some(indexes) = distinct_indexes(&variant.shape)
            && distinct_indexes(&first.shape) == Some(indexes)
        {
            first.add_by_index(variant);
            return;
        }
        match self.others.entry(Kind::of(&variant.shape)) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(variant);
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let known = place.get_mut();
                if !known.add_by_position(records) {
                    known.add_by_index(variant);
                }
            }
        }
    }

    pub(crate) fn has_conflict(&self) -> bool {
        !self.others.is_empty()
    }

    /// Every variant, by its shape.
    pub(crate) fn variants(&self) -> Vec<&Variant> {
        let mut variants: Vec<_> = self.first.iter().chain(self.others.values()).collect();
        variants.sort_unstable_by(|left, right| left.shape.cmp(&right.shape));
        variants
    }

    /// The variant with the largest event mass; of equals, the one with the smallest shape.
    pub(crate) fn dominant(&self) -> Option<&Variant> {
        self.variants().into_iter().rev().max_by_key(|variant| variant.mass())
    }
}

impl Variant {
    fn from_records(records: &[i64]) -> Self {
        let triples = records.chunks_exact(3);
        Self {
            shape: triples.clone().map(successor).collect(),
            counts: triples.map(|triple| triple[2].unsigned_abs()).collect(),
        }
    }

    fn add_by_position(&mut self, records: &[i64]) -> bool {
        let triples = records.chunks_exact(3);
        let same = triples.len() == self.shape.len() && triples.clone().zip(&self.shape).all(|(triple, known)| successor(triple) == *known);
        if same {
            for (count, triple) in self.counts.iter_mut().zip(triples) {
                *count = add(*count, triple[2].unsigned_abs());
            }
        }
        same
    }

    /// Both have the same distinct indexes.
    fn add_by_index(&mut self, other: Self) {
        let by_index: BTreeMap<i32, u64> = other
            .shape
            .iter()
            .zip(&other.counts)
            .map(|((bci, _), count)| (*bci, *count))
            .collect();
        for ((bci, _), count) in self.shape.iter().zip(&mut self.counts) {
            *count = add(*count, by_index.get(bci).copied().unwrap_or(0));
        }
        if other.shape < self.shape {
            let sums: BTreeMap<i32, u64> = self
                .shape
                .iter()
                .zip(&self.counts)
                .map(|((bci, _), count)| (*bci, *count))
                .collect();
            self.counts = other.shape.iter().map(|(bci, _)| sums.get(bci).copied().unwrap_or(0)).collect();
            self.shape = other.shape;
        }
    }

    fn mass(&self) -> u128 {
        self.counts.iter().map(|count| u128::from(*count)).sum()
    }

    pub(crate) fn write_records(&self, records: &mut Vec<i64>) {
        for ((bci, branch), count) in self.shape.iter().zip(&self.counts) {
            records.extend([i64::from(*bci), i64::from(*branch), count.cast_signed()]);
        }
    }
}

/// The reader has checked that both numbers fit.
fn successor(triple: &[i64]) -> Successor {
    let narrow = |number| i32::try_from(number).unwrap_or_default();
    (narrow(triple[0]), narrow(triple[1]))
}
