//! Owns the buffer of the short way.

use std::io::{self, ErrorKind, Read};

use super::compare;
use crate::digits;

/// Bytes behind a text that may be looked at and are not part of it.
pub(super) const SLACK: usize = 32;

/// Small enough to stay in the core's own cache.
pub(super) const BUFFER: usize = 64 << 10;

/// Bytes that arrived and are not consumed yet.
pub(super) struct Feed<R> {
    pub(super) source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    received: u64,
    ended: bool,
    pub(super) fault: Option<io::Error>,
}

impl<R: Read> Feed<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; BUFFER + SLACK],
            start: 0,
            end: 0,
            received: 0,
            ended: false,
            fault: None,
        }
    }

    /// What has arrived, followed by [`SLACK`].
    pub(super) fn ready(&self) -> &[u8] {
        &self.buffer[self.start..self.end + SLACK]
    }

    /// What has arrived.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.start += length;
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Makes sure that `least` bytes are there, at most a buffer, if the source has as many.
    pub(super) fn fill(&mut self, least: usize) {
        if self.end - self.start >= least {
            return;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < least && !self.ended && self.fault.is_none() {
            match self.source.read(&mut self.buffer[self.end..BUFFER]) {
                Ok(length) => {
                    self.ended = length == 0;
                    self.end += length;
                    self.received += length as u64;
                }
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => self.fault = Some(fault),
            }
        }
        self.buffer[self.end..self.end + SLACK].fill(0);
    }

    /// Consumes what the input begins with of a text, and tells how much that was.
    pub(super) fn compare(&mut self, text: &[u8]) -> usize {
        let mut matched = 0;
        while matched < text.len() {
            self.fill(1);
            let common = compare::common(self.rest(), &text[matched..]);
            if common == 0 {
                break;
            }
            self.consume(common);
            matched += common;
        }
        matched
    }

    /// Shows the number that the input begins with.
    pub(super) fn number(&mut self) -> Option<(u64, usize)> {
        self.fill(SLACK);
        let (value, length) = digits::number(self.ready(), 0)?;
        (length <= self.end - self.start).then_some((value, length))
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.fill(1);
        self.start == self.end && self.fault.is_none()
    }
}
