//! Owns look-up by hash: from a key's hash to the position where the key is stored.
//!
//! The hashes have a seed that is random for each merge, so no file can be made whose keys collide. Positions and order never
//! depend on a hash. What is kept per key is eight bytes, and a look-up of a missing key touches no key.

use std::hash::{BuildHasher as _, Hash, Hasher as _};

use foldhash::quality::RandomState;

use crate::model::Frame;

/// Stands for the position of nothing.
pub(crate) const NONE: u32 = u32::MAX;

/// Hashes of one merge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hashing(RandomState);

impl Hashing {
    #[inline]
    pub(crate) fn frames(&self, frames: &[Frame]) -> u32 {
        let mut hasher = self.0.build_hasher();
        for frame in frames {
            hasher.write_u64(u64::from(frame.method) << 32 | u64::from(frame.bci.cast_unsigned()));
        }
        top(hasher.finish())
    }

    #[inline]
    pub(crate) fn pair(&self, left: u32, right: u32) -> u32 {
        let mut hasher = self.0.build_hasher();
        hasher.write_u64(u64::from(left) << 32 | u64::from(right));
        top(hasher.finish())
    }

    #[inline]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> u32 {
        let mut hasher = self.0.build_hasher();
        hasher.write(bytes);
        top(hasher.finish())
    }

    pub(crate) fn value(&self, value: &(impl Hash + ?Sized)) -> u32 {
        top(self.0.hash_one(value))
    }
}

fn top(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// Open addressing, at most half full.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    slots: Vec<Slot>,
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    position: u32,
}

const EMPTY: Slot = Slot { hash: 0, position: NONE };

impl Index {
    pub(crate) fn with_capacity(keys: usize) -> Self {
        Self {
            slots: vec![EMPTY; (keys * 2).next_power_of_two().max(16)],
            taken: 0,
        }
    }

    #[inline]
    pub(crate) fn find(&self, hash: u32, same: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots.get(at)?;
            if slot.position == NONE {
                return None;
            }
            if slot.hash == hash && same(slot.position) {
                return Some(slot.position);
            }
            at = (at + 1) & mask;
        }
    }

    /// The position that is probably meant. Asking for several before looking at one lets the memory answer them together.
    #[inline]
    pub(crate) fn candidate(&self, hash: u32) -> u32 {
        self.find(hash, |_| true).unwrap_or(NONE)
    }

    /// The key must not be there yet.
    pub(crate) fn insert(&mut self, hash: u32, position: u32) {
        if (self.taken + 1) * 2 > self.slots.len() {
            let size = (self.slots.len() * 2).max(16);
            let old = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
            old.into_iter().filter(|slot| slot.position != NONE).for_each(|slot| self.put(slot));
        }
        self.put(Slot { hash, position });
        self.taken += 1;
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash as usize & mask;
        while self.slots[at].position != NONE {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

/// Sizes are bounded far below 2^32 by [`crate::Limits`].
#[inline]
pub(crate) fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(NONE)
}
