//! Owns the way back: a file whose start was consumed on the short way, as if it had not been.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use super::Skeleton;
use super::feed::Feed;
use super::lists::Elements;
use crate::digits;

/// What was compared comes from the text it was equal to, counts from their values: of these there is one spelling.
pub(crate) struct Replay<R> {
    skeleton: Arc<Skeleton>,
    counts: Vec<u64>,
    course: Course,
    /// Bytes of the text behind the course that were met.
    matched: usize,
    /// Counts or elements that were given out.
    next: usize,
    /// The list of the next element, and how many of its elements were given out.
    list: (usize, usize),
    /// Bytes to be given out first.
    chunk: Vec<u8>,
    at: usize,
    feed: Feed<R>,
    stage: Stage,
}

/// What was met of the text.
pub(super) enum Course {
    /// Its start, up to and including the last of the counts.
    Start,
    /// These elements, list by list, and what stands before each list.
    Elements(Vec<u32>),
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    Course,
    Rest,
    Source,
}

/// Bytes that are put together at a time.
const CHUNK: usize = 64 << 10;

impl<R: Read> Replay<R> {
    pub(super) fn new(skeleton: Arc<Skeleton>, counts: Vec<u64>, course: Course, matched: usize, feed: Feed<R>) -> Self {
        Self {
            skeleton,
            counts,
            course,
            matched,
            next: 0,
            list: (0, 0),
            chunk: Vec::new(),
            at: 0,
            feed,
            stage: Stage::Course,
        }
    }

    /// The memory for counts, if it holds none.
    pub(crate) fn take_spare(&mut self) -> Vec<u64> {
        if self.counts.is_empty() {
            std::mem::take(&mut self.counts)
        } else {
            Vec::new()
        }
    }

    fn refill(&mut self) {
        self.chunk.clear();
        self.at = 0;
        while self.stage == Stage::Course && self.chunk.len() < CHUNK {
            let before = match self.course {
                Course::Start => self.put_count(),
                Course::Elements(_) => self.put_element(),
            };
            if let Some(before) = before {
                self.put(before..before + self.matched, 0..0);
                self.stage = Stage::Rest;
                return;
            }
        }
        if self.stage == Stage::Rest {
            self.chunk.extend_from_slice(self.feed.rest());
            self.stage = Stage::Source;
        }
    }

    /// Puts out the next count and the text before. At the end, tells what the text before is behind.
    fn put_count(&mut self) -> Option<usize> {
        let cuts = &self.skeleton.cuts;
        let before = self.next.checked_sub(1).map_or(0, |last| cuts[last].end as usize);
        if self.next == self.counts.len() {
            return Some(before);
        }
        self.put(before..cuts[self.next].end as usize, self.next..self.next + 1);
        self.next += 1;
        None
    }

    /// Puts out the next element and what stands before. At the end, tells what that is behind.
    fn put_element(&mut self) -> Option<usize> {
        let skeleton = self.skeleton.clone();
        let (text, cuts, lists) = (&skeleton.text, &skeleton.cuts, &skeleton.lists);
        if lists.get(self.list.0).is_some_and(|list| list.length == self.list.1) {
            self.list = (self.list.0 + 1, 0);
        }
        let former = self.list.0.checked_sub(1).and_then(|former| lists[former].elements(text, cuts));
        let before = former.map_or(0, Elements::end);
        let Course::Elements(met) = &self.course else {
            return Some(before);
        };
        let Some(position) = met.get(self.next).copied() else {
            return Some(before);
        };
        let list = lists.get(self.list.0)?;
        match self.list.1 {
            0 => self.put(before..list.start, 0..0),
            _ => self.chunk.push(b','),
        }
        let (range, cuts) = list.elements(text, cuts)?.get(position)?;
        self.put(range, cuts);
        self.next += 1;
        self.list.1 += 1;
        None
    }

    /// Puts out a piece of the text with these counts in place of its own.
    fn put(&mut self, range: Range<usize>, cuts: Range<usize>) {
        let mut start = range.start;
        for (cut, count) in self.skeleton.cuts[cuts.clone()].iter().zip(&self.counts[cuts]) {
            self.chunk.extend_from_slice(&self.skeleton.text[start..cut.start as usize]);
            digits::push(&mut self.chunk, *count);
            start = cut.end as usize;
        }
        self.chunk.extend_from_slice(&self.skeleton.text[start..range.end]);
    }
}

impl<R: Read> Read for Replay<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() && self.stage != Stage::Source {
            self.refill();
        }
        if self.at < self.chunk.len() {
            let length = (&self.chunk[self.at..]).read(buffer)?;
            self.at += length;
            return Ok(length);
        }
        match self.feed.fault.take() {
            Some(fault) => Err(fault),
            None => self.feed.source.read(buffer),
        }
    }
}
