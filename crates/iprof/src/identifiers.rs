//! Owns the ids of one file: which are declared, and which are used before their table was read.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, ExceedLimitSnafu, Place, RepeatIdSnafu, Result};

/// Ids below this live in a bitmap of at most 2 MiB, larger ones in a hash set.
const DENSE: u32 = 1 << 24;

#[derive(Default)]
pub(crate) struct IdSet {
    dense: Vec<u64>,
    sparse: HashSet<u32>,
}

impl IdSet {
    #[inline]
    pub(crate) fn contains(&self, id: u32) -> bool {
        if id < DENSE {
            self.dense.get(id as usize / 64).is_some_and(|word| word >> (id % 64) & 1 == 1)
        } else {
            self.sparse.contains(&id)
        }
    }

    /// Returns false if the id was there already.
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        if id >= DENSE {
            return self.sparse.insert(id);
        }
        let index = id as usize / 64;
        if index >= self.dense.len() {
            self.dense.resize(index + 1, 0);
        }
        let bit = 1 << (id % 64);
        let fresh = self.dense[index] & bit == 0;
        self.dense[index] |= bit;
        fresh
    }

    /// An id of this set that the other does not have.
    fn first_without(&self, other: &Self) -> Option<u32> {
        let words = (0_u32..).zip(&self.dense);
        let dense = words.flat_map(|(index, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index * 64 + bit));
        dense.chain(self.sparse.iter().copied()).find(|id| !other.contains(*id))
    }
}

/// Uses whose place is remembered. Beyond, only the ids are kept: a file decides how many there are.
const PLACES: usize = 1 << 16;

/// The ids that one table of a file declares.
pub(crate) struct Declarations {
    declared: IdSet,
    count: u64,
    complete: bool,
    /// Ids that were used before the table.
    early: IdSet,
    early_count: usize,
    /// Where the first of them were used, with their order.
    places: HashMap<u32, (usize, Place)>,
    allowed: usize,
    table: &'static str,
    missing: fn(u32, Place) -> Error,
}

impl Declarations {
    pub(crate) fn new(allowed: usize, table: &'static str, missing: fn(u32, Place) -> Error) -> Self {
        Self {
            declared: IdSet::default(),
            count: 0,
            complete: false,
            early: IdSet::default(),
            early_count: 0,
            places: HashMap::new(),
            allowed,
            table,
            missing,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn declare(&mut self, id: u32, place: Place) -> Result<()> {
        if self.count >= self.allowed as u64 {
            return self.exceed(place);
        }
        if !self.declared.insert(id) {
            return RepeatIdSnafu { place, id }.fail();
        }
        self.count += 1;
        Ok(())
    }

    #[inline]
    pub(crate) fn require(&mut self, id: u32, place: Place) -> Result<()> {
        if self.declared.contains(id) {
            return Ok(());
        }
        if self.complete {
            return Err((self.missing)(id, place));
        }
        if self.early.insert(id) {
            self.early_count += 1;
            if self.early_count > self.allowed {
                return self.exceed(place);
            }
            if self.places.len() < PLACES {
                self.places.insert(id, (self.early_count, place));
            }
        }
        Ok(())
    }

    /// Called behind the table: what is not declared now never will be.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.complete = true;
        let early = std::mem::take(&mut self.early);
        let places = std::mem::take(&mut self.places);
        let missing = places.into_iter().filter(|(id, _)| !self.declared.contains(*id));
        if let Some((id, (_, place))) = missing.min_by_key(|(_, (order, _))| *order) {
            return Err((self.missing)(id, place));
        }
        match early.first_without(&self.declared) {
            Some(id) => {
                let place = Place::Table {
                    table: self.table,
                    index: self.count,
                };
                Err((self.missing)(id, place))
            }
            None => Ok(()),
        }
    }

    fn exceed(&self, place: Place) -> Result<()> {
        ExceedLimitSnafu {
            place,
            unit: self.table,
            allowed: self.allowed as u64,
        }
        .fail()
    }
}
