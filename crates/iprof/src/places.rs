//! Owns the places of one section of a merge: which contexts there are, each in a position that never changes.

use crate::index::{Hashing, Index, NONE, narrow};
use crate::model::Frame;

/// The contexts of one section, in the order of their first meeting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    frames: Vec<Frame>,
    all: Vec<Place>,
    index: Index,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    length: u32,
    /// Where the section keeps what was counted here: a counter, the first pair or the first variant.
    head: u32,
}

/// Entries that are looked up together.
pub(crate) const TOGETHER: usize = 32;

impl Places {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Frames of all contexts.
    pub(crate) fn frames_len(&self) -> usize {
        self.frames.len()
    }

    #[inline]
    pub(crate) fn frames(&self, position: u32) -> &[Frame] {
        let place = self.all[position as usize];
        &self.frames[place.start as usize..][..place.length as usize]
    }

    #[inline]
    pub(crate) fn head(&self, position: u32) -> u32 {
        self.all[position as usize].head
    }

    pub(crate) fn set_head(&mut self, position: u32, head: u32) {
        self.all[position as usize].head = head;
    }

    #[inline]
    pub(crate) fn is_at(&self, position: u32, frames: &[Frame]) -> bool {
        (position as usize) < self.all.len() && self.frames(position) == frames
    }

    pub(crate) fn find(&self, hash: u32, frames: &[Frame]) -> Option<u32> {
        self.index.find(hash, |position| self.frames(position) == frames)
    }

    pub(crate) fn find_or_insert(&mut self, hash: u32, frames: &[Frame]) -> u32 {
        if let Some(position) = self.find(hash, frames) {
            return position;
        }
        let position = narrow(self.all.len());
        self.all.push(Place {
            start: narrow(self.frames.len()),
            length: narrow(frames.len()),
            head: NONE,
        });
        self.frames.extend_from_slice(frames);
        self.index.insert(hash, position);
        position
    }

    /// Finds or inserts up to [`TOGETHER`] contexts that stand one after the other in `frames`. Each step is taken for all
    /// before the next: memory is slow for one look-up and quick for many.
    pub(crate) fn find_or_insert_all(&mut self, hashing: &Hashing, frames: &[Frame], ends: &[usize], found: &mut Vec<u32>) {
        let mut hashes = [0; TOGETHER];
        let mut candidates = [NONE; TOGETHER];
        let mut starts = [0; TOGETHER];
        let mut start = 0;
        for (hash, end) in hashes.iter_mut().zip(ends) {
            *hash = hashing.frames(&frames[start..*end]);
            start = *end;
        }
        for (candidate, hash) in candidates.iter_mut().zip(&hashes).take(ends.len()) {
            *candidate = self.index.candidate(*hash);
        }
        for (start, candidate) in starts.iter_mut().zip(&candidates) {
            *start = self.all.get(*candidate as usize).map_or(NONE, |place| place.start);
        }
        let mut touched = 0;
        for start in &starts {
            touched |= self.frames.get(*start as usize).map_or(0, |frame| frame.method);
        }
        std::hint::black_box(touched);
        let mut start = 0;
        for ((hash, candidate), end) in hashes.iter().zip(&candidates).zip(ends) {
            let wanted = &frames[start..*end];
            let position = if self.is_at(*candidate, wanted) {
                *candidate
            } else {
                self.find_or_insert(*hash, wanted)
            };
            found.push(position);
            start = *end;
        }
    }
}
