//! Owns the short way for a file that lists what the last one does, in another order.
//!
//! Each element of a table or section is found by its key, compared whole, and met exactly once. What stands between the lists
//! is in the same place.

use std::io::Read;
use std::sync::Arc;

use super::feed::{BUFFER, Feed};
use super::lists::{Elements, Ground, Wanted};
use super::replay::{Course, Replay};
use super::{Known, SLACK, Skeleton, compare, take_ready};
use crate::limits::Limits;

/// Elements that are looked up together.
const TOGETHER: usize = 32;

/// Bytes that are there before elements are looked up, beside the longest one.
const AHEAD: usize = 4096;

/// Half a buffer: of longer elements only a few would fit, and what is left over is moved for each refill.
const MOST_AHEAD: usize = BUFFER / 2;

impl Skeleton {
    /// Takes the counts of a file whose lists are those of this one in another order, or gives back a file that is not so.
    pub(super) fn scan_shuffled<R: Read>(self: Arc<Self>, input: R, spare: Vec<u64>, limits: &Limits) -> Result<Known, Box<Replay<R>>> {
        let mut counts = spare;
        counts.resize(self.cuts.len(), 0);
        let mut scan = Scan {
            skeleton: &self,
            feed: Feed::new(input),
            counts,
            met: Vec::new(),
        };
        let outcome = scan.run(limits.bytes);
        let Scan { feed, counts, met, .. } = scan;
        match outcome {
            Ok(()) => Ok(Known::new(self, counts, feed.received())),
            Err(matched) => Err(Box::new(Replay::new(self, counts, Course::Elements(met), matched, feed))),
        }
    }
}

struct Scan<'a, R> {
    skeleton: &'a Skeleton,
    feed: Feed<R>,
    counts: Vec<u64>,
    /// Elements in the order of the file, list by list.
    met: Vec<u32>,
}

impl<R: Read> Scan<'_, R> {
    /// The error is the number of bytes behind the elements met that are as in the text.
    fn run(&mut self, most: u64) -> Result<(), usize> {
        let skeleton = self.skeleton;
        let mut before = 0;
        for list in &skeleton.lists {
            let between = &skeleton.text[before..list.start];
            let matched = self.feed.compare(between);
            let elements = list.elements(&skeleton.text, &skeleton.cuts);
            let Some(elements) = elements.filter(|elements| matched == between.len() && elements.longest + AHEAD <= MOST_AHEAD) else {
                return Err(matched);
            };
            let known = self.met.len();
            if !self.take_list(elements, list.length) {
                return Err(if self.met.len() == known { matched } else { 0 });
            }
            before = elements.end();
        }
        let rest = &skeleton.text()[before..];
        let matched = self.feed.compare(rest);
        if matched == rest.len() && self.feed.is_at_end() && self.feed.received() <= most {
            Ok(())
        } else {
            Err(matched)
        }
    }

    fn take_list(&mut self, elements: &Elements, length: usize) -> bool {
        let mut met = vec![0_u64; length.div_ceil(64)];
        let first = self.met.len();
        let end = first + length;
        while self.met.len() < end {
            self.feed.fill(elements.longest + AHEAD);
            let known = self.met.len();
            let mut group = [Wanted::default(); TOGETHER];
            let room = TOGETHER.min(end - known);
            self.take_group(elements, &mut met, known == first, &mut group[..room]);
            if self.met.len() == known {
                return false;
            }
        }
        true
    }

    /// Takes elements as long as they are known and not met before.
    fn take_group(&mut self, elements: &Elements, met: &mut [u64], first: bool, group: &mut [Wanted]) {
        let Self {
            skeleton, feed, counts, ..
        } = self;
        let input = feed.ready();
        let ground = Ground {
            text: &skeleton.text,
            cuts: &skeleton.cuts,
            counts,
        };
        let size = elements.look_up(&ground, input, usize::from(!first), group);
        let mut end = 0;
        for wanted in &group[..size] {
            // Behind a comma, unless it is the list's first.
            let begins = first && wanted.start == 0;
            if !begins && (wanted.start != end + 1 || input[end] != b',') {
                break;
            }
            let mut take = |element: u32| {
                let known = met.get(element as usize / 64).is_none_or(|word| word >> (element % 64) & 1 == 1);
                let length = (!known).then(|| skeleton.take_element(elements, element, &input[wanted.start..], counts));
                length.flatten().map(|length| (element, length))
            };
            let taken = take(wanted.candidate).or_else(|| take(elements.find_other(&skeleton.text, input, wanted)?));
            let Some((element, length)) = taken else { break };
            met[element as usize / 64] |= 1 << (element % 64);
            self.met.push(element);
            end = wanted.start + length;
        }
        self.feed.consume(end);
    }
}

impl Skeleton {
    /// Takes the counts of the element that the input begins with, and tells its length. None if it is another: the counts are
    /// then of no use until the element is met.
    #[inline]
    fn take_element(&self, elements: &Elements, position: u32, input: &[u8], counts: &mut [u64]) -> Option<usize> {
        let (range, cuts) = elements.get(position)?;
        let own = &self.cuts[cuts.clone()];
        // The input holds a brace, hence no count is cut off by its end.
        let last = input.len().saturating_sub(SLACK);
        let (taken, consumed) = take_ready(&self.text, range.start, own, (input, last), &mut counts[cuts]);
        if taken < own.len() {
            return None;
        }
        let before = own.last().map_or(range.start, |cut| cut.end as usize);
        let rest = range.end - before;
        let same = consumed + rest <= last && compare::same(&input[consumed..], &self.text[before..], rest);
        same.then_some(consumed + rest)
    }
}
