//! Owns the elements of a text's tables and sections, found again by their ids and contexts wherever another text has them.

use std::sync::OnceLock;

use super::{Cut, SLACK};
use crate::index::{Hashing, Index, narrow};
use crate::words::find;

/// A table or section that is not empty.
#[derive(Debug)]
pub(super) struct List {
    /// Where its first element begins.
    pub(super) start: usize,
    pub(super) length: usize,
    /// The cuts in its elements.
    pub(super) cuts: std::ops::Range<usize>,
    elements: OnceLock<Option<Elements>>,
}

impl List {
    pub(super) fn new(start: usize, length: usize, cuts: std::ops::Range<usize>) -> Self {
        Self {
            start,
            length,
            cuts,
            elements: OnceLock::new(),
        }
    }

    /// None if an element is not spelled as producers do. Found when first asked for: most texts are never shuffled.
    pub(super) fn elements(&self, text: &[u8], cuts: &[Cut]) -> Option<&Elements> {
        self.elements.get_or_init(|| Elements::find(self, text, cuts)).as_ref()
    }
}

/// Elements that stand one after the other, with a comma between.
#[derive(Debug)]
pub(super) struct Elements {
    /// The last one stands for the end.
    all: Vec<Element>,
    spelling: Spelling,
    index: Index,
    hashing: Hashing,
    pub(super) longest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Element {
    start: u32,
    /// The first cut that is not before it.
    cut: u32,
}

/// What an element begins with before its key, and what follows the key.
#[derive(Clone, Copy, Debug)]
struct Spelling {
    before: &'static [u8],
    behind: &'static [u8],
}

const SPELLINGS: [Spelling; 2] = [
    Spelling {
        before: b"{\"ctx\":\"",
        behind: b"\",\"records\":[",
    },
    Spelling {
        before: b"{\"id\":",
        behind: b",\"name\":\"",
    },
];

impl Spelling {
    /// Where the key of the element at `start` begins and ends.
    #[inline]
    fn key(self, text: &[u8], start: usize) -> Option<(usize, usize)> {
        let begin = start + self.before.len();
        let end = if text.get(start..begin)? == self.before {
            find(text, begin, self.behind[0])?
        } else {
            return None;
        };
        Some((begin, end))
    }

    /// Where the element at `start` ends. The text is known to be valid, so what stands between these marks is, too.
    fn end(self, text: &[u8], start: usize) -> Option<usize> {
        let (_, key_end) = self.key(text, start)?;
        let mut at = key_end + self.behind.len();
        if text.get(key_end..at)? != self.behind {
            return None;
        }
        if self.behind.ends_with(b"\"") {
            let plain = |byte: &u8| !matches!(byte, b'"' | b'\\');
            at += text[at..].iter().take_while(|byte| plain(byte)).count() + 1;
            let signature = b",\"signature\":[";
            if text.get(at..)?.starts_with(signature) {
                at += signature.len();
            }
        }
        let inside = |byte: &u8| matches!(byte, b'0'..=b'9' | b',' | b'-' | b']');
        at += text.get(at..)?.iter().take_while(|byte| inside(byte)).count();
        (text.get(at) == Some(&b'}')).then_some(at + 1)
    }
}

/// What is looked at before elements are compared.
pub(super) struct Ground<'a> {
    pub(super) text: &'a [u8],
    pub(super) cuts: &'a [Cut],
    pub(super) counts: &'a [u64],
}

/// An element of another text that is looked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) start: usize,
    key: (usize, usize),
    hash: u32,
    /// The element that it probably is.
    pub(super) candidate: u32,
}

impl Elements {
    fn find(list: &List, text: &[u8], cuts: &[Cut]) -> Option<Self> {
        let first = |spelling: &Spelling| text[list.start..].starts_with(spelling.before);
        let mut elements = Self {
            all: Vec::with_capacity(list.length + 1),
            spelling: SPELLINGS.into_iter().find(first)?,
            index: Index::with_capacity(list.length),
            hashing: Hashing::default(),
            longest: 0,
        };
        let (mut start, mut cut) = (list.start, list.cuts.start);
        for position in 0..list.length {
            let end = elements.spelling.end(text, start)?;
            elements.longest = elements.longest.max(end - start);
            elements.all.push(Element {
                start: narrow(start),
                cut: narrow(cut),
            });
            let (key_start, key_end) = elements.spelling.key(text, start)?;
            let hash = elements.hashing.bytes(&text[key_start..key_end]);
            elements.index.insert(hash, narrow(position));
            cut += cuts[cut..list.cuts.end].iter().take_while(|cut| (cut.start as usize) < end).count();
            let last = position + 1 == list.length;
            if text[end] != if last { b']' } else { b',' } {
                return None;
            }
            start = end + 1;
        }
        elements.all.push(Element {
            start: narrow(start),
            cut: narrow(cut),
        });
        Some(elements)
    }

    /// Where the last element ends.
    pub(super) fn end(&self) -> usize {
        self.all.last().map_or(0, |end| end.start as usize - 1)
    }

    /// Where an element stands in the text, and its cuts.
    #[inline]
    pub(super) fn get(&self, position: u32) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
        let [this, next] = self.all.get(position as usize..)?.first_chunk()?;
        Some((this.start as usize..next.start as usize - 1, this.cut as usize..next.cut as usize))
    }

    /// Looks for as many elements as `group` has room for and `input` has in full. Each step is taken for all before the next:
    /// memory is slow for one look-up and quick for many.
    pub(super) fn look_up(&self, ground: &Ground<'_>, input: &[u8], start: usize, group: &mut [Wanted]) -> usize {
        let (mut start, mut size) = (start, 0);
        for wanted in group.iter_mut() {
            let Some(key) = self.spelling.key(input, start) else { break };
            // A brace in a name is not the end: the next one is then not found, and looked for again.
            let Some(brace) = find(input, key.1, b'}').filter(|brace| brace + SLACK < input.len()) else {
                break;
            };
            *wanted = Wanted {
                start,
                key,
                hash: self.hashing.bytes(&input[key.0..key.1]),
                candidate: 0,
            };
            start = brace + 2;
            size += 1;
        }
        for wanted in &mut group[..size] {
            wanted.candidate = self.index.candidate(wanted.hash);
        }
        let mut touched = 0_u64;
        for wanted in &group[..size] {
            let Some(element) = self.all.get(wanted.candidate as usize) else {
                continue;
            };
            let cut = ground.cuts.get(element.cut as usize).map_or(0, |cut| cut.start);
            let count = ground.counts.get(element.cut as usize).copied().unwrap_or_default();
            let byte = |at: usize| ground.text.get(element.start as usize + at).copied().unwrap_or_default();
            touched ^= u64::from(cut) ^ count ^ u64::from(byte(0)) ^ u64::from(byte(63));
        }
        std::hint::black_box(touched);
        size
    }

    /// The element with the wanted key, if the candidate is not it.
    #[cold]
    pub(super) fn find_other(&self, text: &[u8], input: &[u8], wanted: &Wanted) -> Option<u32> {
        let key = &input[wanted.key.0..wanted.key.1];
        self.index.find(wanted.hash, |position| {
            let known = self.get(position).and_then(|(range, _)| self.spelling.key(text, range.start));
            position != wanted.candidate && known.is_some_and(|(start, end)| &text[start..end] == key)
        })
    }
}
