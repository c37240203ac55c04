//! Owns the pairs of type and counter of one section of a merge: for each place a list that only grows.

use crate::counters::Counters;
use crate::index::{Hashing, Index, NONE, narrow};

/// The pairs of all places of a section.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    pairs: Vec<Pair>,
    /// By place and type: a hostile place may have a million types.
    index: Index,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    place: u32,
    type_id: u32,
    counter: u32,
    next: u32,
}

impl Pairs {
    /// Finds or makes the counters of `types` at a place. Returns the head of the place's list.
    pub(crate) fn resolve(
        &mut self,
        (place, head): (u32, u32),
        types: impl Iterator<Item = u32>,
        hashing: &Hashing,
        counters: &mut Counters,
        slots: &mut Vec<u32>,
    ) -> u32 {
        let mut head = head;
        let (mut last, mut expected) = (NONE, head);
        for type_id in types {
            let position = match self.pairs.get(expected as usize) {
                Some(pair) if pair.type_id == type_id => expected,
                _ => {
                    let hash = hashing.pair(place, type_id);
                    let known = self.index.find(hash, |position| {
                        let pair = &self.pairs[position as usize];
                        (pair.place, pair.type_id) == (place, type_id)
                    });
                    match known {
                        Some(position) => position,
                        None => self.insert((place, type_id), hash, last, &mut head, counters),
                    }
                }
            };
            let pair = &self.pairs[position as usize];
            slots.push(pair.counter);
            (last, expected) = (position, pair.next);
        }
        head
    }

    /// Links a new pair behind `last`, or as the first.
    fn insert(&mut self, (place, type_id): (u32, u32), hash: u32, last: u32, head: &mut u32, counters: &mut Counters) -> u32 {
        let position = narrow(self.pairs.len());
        let link = self.pairs.get_mut(last as usize).map_or(head, |pair| &mut pair.next);
        let next = std::mem::replace(link, position);
        self.pairs.push(Pair {
            place,
            type_id,
            counter: counters.make(),
            next,
        });
        self.index.insert(hash, position);
        position
    }

    /// The first counter of a place.
    #[inline]
    pub(crate) fn first_counter(&self, head: u32) -> Option<u32> {
        self.pairs.get(head as usize).map(|pair| pair.counter)
    }

    /// Type and counter of each pair in a place's list.
    pub(crate) fn list(&self, head: u32) -> impl Iterator<Item = (u32, u32)> {
        let first = self.pairs.get(head as usize);
        std::iter::successors(first, |pair| self.pairs.get(pair.next as usize)).map(|pair| (pair.type_id, pair.counter))
    }
}
