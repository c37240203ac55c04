//! Owns the way back: a file whose start was consumed on the short way, as if it had not been.

use std::io::{self, Read};
use std::sync::Arc;

use super::Skeleton;
use super::feed::Feed;
use crate::digits;
use crate::source::Source;

/// What was compared comes from the text it was equal to, counts from their values: of these there is one spelling.
pub(crate) struct Replay<R> {
    skeleton: Arc<Skeleton>,
    counts: Vec<u64>,
    /// Bytes of the text behind the last of these counts that were met.
    matched: usize,
    /// Counts that were given out, and the text behind the last one.
    next: usize,
    /// Bytes to be given out first.
    chunk: Vec<u8>,
    at: usize,
    feed: Feed<Source<R>>,
    stage: Stage,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    Counts,
    Rest,
    Source,
}

/// Bytes that are put together at a time.
const CHUNK: usize = 64 << 10;

impl<R: Read> Replay<R> {
    pub(super) fn new(skeleton: Arc<Skeleton>, counts: Vec<u64>, matched: usize, feed: Feed<Source<R>>) -> Self {
        Self {
            skeleton,
            counts,
            matched,
            next: 0,
            chunk: Vec::new(),
            at: 0,
            feed,
            stage: Stage::Counts,
        }
    }

    fn refill(&mut self) {
        self.chunk.clear();
        self.at = 0;
        while self.stage == Stage::Counts && self.chunk.len() < CHUNK {
            let before = self.next.checked_sub(1).map_or(0, |last| self.skeleton.cuts[last].end as usize);
            let Some(count) = self.counts.get(self.next) else {
                self.chunk.extend_from_slice(&self.skeleton.text[before..before + self.matched]);
                self.stage = Stage::Rest;
                return;
            };
            let cut = self.skeleton.cuts[self.next];
            self.chunk.extend_from_slice(&self.skeleton.text[before..cut.start as usize]);
            digits::push(&mut self.chunk, *count);
            self.next += 1;
        }
        if self.stage == Stage::Rest {
            self.chunk.extend_from_slice(self.feed.rest());
            self.stage = Stage::Source;
        }
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
