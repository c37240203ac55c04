//! Owns the short way in: a file that is like the last one in all but its counts is only compared with it.
//!
//! Profiles of one image list the same records in the same order, so the text between two counts is the same bytes as in the
//! file before; if only the order is another, that holds within each record. Every byte that is taken here is either part of a
//! count or equal to a byte that the [`crate::reader`] has checked, under the same bounds and in the same place of its record.
//! At the first difference the reader gets the file from its start: this module refuses nothing, and words no error.

use std::io::Read;
use std::sync::Arc;

use crate::counters::{Counters, Run};
use crate::digits;
use crate::form::Section;
use crate::limits::Limits;
use crate::merge::Effect;
use crate::model::{MOST, Summary};
use crate::raw::RawProfile;
use crate::reader::Table;
use crate::source::Source;

mod compare;
mod feed;
mod lists;
mod replay;
mod shuffled;
#[cfg(test)]
mod tests;

use feed::{Feed, SLACK};
use lists::List;
use replay::Course;
pub(crate) use replay::Replay;

/// The text of the last file that was read in full, and which counters its counts belong to.
#[derive(Debug)]
pub(crate) struct Skeleton {
    /// Followed by [`SLACK`] bytes that are not part of it.
    text: Vec<u8>,
    cuts: Vec<Cut>,
    /// For each cut its counter.
    slots: Vec<u32>,
    /// Sections in the order of the file, and how many cuts end with each.
    runs: Vec<(Section, usize)>,
    /// Tables and sections in the order of the file, the empty ones left out.
    lists: Vec<List>,
    effect: Effect,
    summary: Summary,
    limits: Limits,
}

/// Where a count stands in the text.
#[derive(Clone, Copy, Debug)]
struct Cut {
    start: u32,
    end: u32,
}

/// A profile's text, from its first byte on.
pub(crate) enum Opened<R> {
    Fresh(Source<R>),
    Again(Box<Replay<Source<R>>>),
    /// Twice, because it was also tried in another order.
    OnceMore(Box<Replay<Box<Replay<Source<R>>>>>),
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Fresh(source) => source.read(buffer),
            Self::Again(replay) => replay.read(buffer),
            Self::OnceMore(replay) => replay.read(buffer),
        }
    }
}

impl Skeleton {
    /// None if a count is spelled in a way of which there are two: `-0`.
    pub(crate) fn new(
        text: Vec<u8>,
        raw: &RawProfile,
        slots: &[Vec<u32>; 6],
        effect: Effect,
        summary: &Summary,
        limits: &Limits,
    ) -> Option<Self> {
        let mut skeleton = Self {
            text,
            cuts: Vec::with_capacity(raw.sizes().1),
            slots: Vec::new(),
            runs: Vec::new(),
            lists: Vec::new(),
            effect,
            summary: summary.clone(),
            limits: limits.clone(),
        };
        for (list, start) in raw.order() {
            let first = skeleton.cuts.len();
            let Table::Section(section) = list else {
                skeleton.push_list(*start, raw.list_len(*list), first);
                continue;
            };
            for start in &raw.section(*section).starts {
                let digits = skeleton.text[*start as usize..].iter().take_while(|byte| byte.is_ascii_digit());
                let length = digits.count();
                if length == 0 {
                    return None;
                }
                skeleton.cuts.push(Cut {
                    start: *start,
                    end: start + crate::index::narrow(length),
                });
            }
            skeleton.slots.extend_from_slice(&slots[section.index()]);
            skeleton.runs.push((*section, skeleton.cuts.len()));
            skeleton.push_list(*start, raw.list_len(*list), first);
        }
        skeleton.text.extend([0; SLACK]);
        (skeleton.cuts.len() == skeleton.slots.len()).then_some(skeleton)
    }

    fn push_list(&mut self, start: u32, length: usize, first_cut: usize) {
        if length > 0 {
            // The elements begin behind the bracket.
            self.lists.push(List::new(start as usize + 1, length, first_cut..self.cuts.len()));
        }
    }

    pub(crate) fn was_read_under(&self, limits: &Limits) -> bool {
        self.limits == *limits
    }

    fn text(&self) -> &[u8] {
        &self.text[..self.text.len() - SLACK]
    }

    /// Takes the counts of a file that is like this one, maybe in another order, or gives back a file that is not.
    pub(crate) fn recognise<R: Read>(self: Arc<Self>, source: Source<R>, spare: Vec<u64>, limits: &Limits) -> Result<Known, Opened<R>> {
        let skeleton = self.clone();
        let mut replay = match self.scan(source, spare, limits) {
            Ok(known) => return Ok(known),
            Err(replay) => replay,
        };
        // A context that is listed twice cannot be told by its name.
        if skeleton.effect.repeated_contexts > 0 {
            return Err(Opened::Again(replay));
        }
        let spare = replay.take_spare();
        skeleton.scan_shuffled(replay, spare, limits).map_err(Opened::OnceMore)
    }

    /// Takes the counts of a file that has what this one has in the same order.
    fn scan<R: Read>(self: Arc<Self>, source: Source<R>, spare: Vec<u64>, limits: &Limits) -> Result<Known, Box<Replay<Source<R>>>> {
        let mut feed = Feed::new(source);
        let mut counts = spare;
        counts.resize(self.cuts.len(), 0);
        let mut taken = 0_usize;
        let matched = loop {
            let before = taken.checked_sub(1).map_or(0, |last| self.cuts[last].end as usize);
            // A number at the end of what has arrived may go on.
            let last = feed.ready().len().saturating_sub(2 * SLACK);
            let input = (feed.ready(), last);
            let (cuts, bytes) = take_ready(&self.text, before, &self.cuts[taken..], input, &mut counts[taken..]);
            feed.consume(bytes);
            taken += cuts;
            let before = taken.checked_sub(1).map_or(0, |last| self.cuts[last].end as usize);
            let Some(cut) = self.cuts.get(taken) else {
                let rest = &self.text()[before..];
                let matched = feed.compare(rest);
                if matched == rest.len() && feed.is_at_end() && feed.received() <= limits.bytes {
                    return Ok(Known::new(self, counts, feed.received()));
                }
                break matched;
            };
            // The end of the buffer, a long piece of text, or a difference.
            let piece = &self.text[before..cut.start as usize];
            let matched = feed.compare(piece);
            if matched < piece.len() {
                break matched;
            }
            let Some((count, length)) = feed.number() else {
                break matched;
            };
            feed.consume(length);
            counts[taken] = count;
            taken += 1;
        };
        counts.truncate(taken);
        Err(Box::new(Replay::new(self, counts, Course::Start, matched, feed)))
    }
}

/// Takes counts as long as text and input are the same and the count begins before `last`, which has [`SLACK`] behind it.
/// Returns how many, and how many bytes.
#[inline]
fn take_ready(text: &[u8], start: usize, cuts: &[Cut], (input, last): (&[u8], usize), counts: &mut [u64]) -> (usize, usize) {
    let (mut at, mut consumed, mut taken) = (start, 0, 0);
    for (cut, count) in cuts.iter().zip(counts) {
        let length = (cut.start as usize).wrapping_sub(at);
        let number = consumed + length;
        if number >= last || !compare::same(&input[consumed..], &text[at..], length) {
            break;
        }
        let Some((value, digits)) = digits::number(input, number) else {
            break;
        };
        *count = value;
        consumed = number + digits;
        at = cut.end as usize;
        taken += 1;
    }
    (taken, consumed)
}

/// The counts of a file that is like the last one.
pub(crate) struct Known {
    skeleton: Arc<Skeleton>,
    counts: Vec<u64>,
    summary: Summary,
}

impl Known {
    fn new(skeleton: Arc<Skeleton>, counts: Vec<u64>, bytes: u64) -> Self {
        let (mut mass, mut start) = (0_u128, 0);
        for (section, end) in &skeleton.runs {
            if section.has_events() {
                mass += counts[start..*end].iter().map(|count| u128::from(*count)).sum::<u128>();
            }
            start = *end;
        }
        let summary = Summary {
            bytes,
            event_mass: u64::try_from(mass).unwrap_or(MOST).min(MOST),
            ..skeleton.summary.clone()
        };
        Self { skeleton, counts, summary }
    }

    /// Adds, and returns the weighted overlap of the counters before and after.
    pub(crate) fn add_to(&mut self, counters: &mut Counters) -> f64 {
        let mut runs = Vec::new();
        let (mut counts, mut start) = (&mut self.counts[..], 0);
        for (section, end) in &self.skeleton.runs {
            let (own, rest) = counts.split_at_mut(end - start);
            runs.push(Run {
                section: *section,
                slots: &self.skeleton.slots[start..*end],
                counts: own,
            });
            (counts, start) = (rest, *end);
        }
        counters.add(&mut runs, self.skeleton.effect.distinct)
    }

    /// What the last file's addition changed.
    pub(crate) fn effect(&self) -> Effect {
        self.skeleton.effect
    }

    /// The summary, and memory for the next file's counts.
    pub(crate) fn into_parts(self) -> (Summary, Vec<u64>) {
        (self.summary, self.counts)
    }
}
