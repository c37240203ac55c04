//! Owns the canonical order and spelling: equal merges give equal bytes.
//!
//! Types are ordered by (primitives first, name), methods by the names of their identity, entries by context, keys by name.

use std::io::Write;

use indexmap::IndexSet;
use snafu::ResultExt as _;

use crate::error::{Result, WriteOutputSnafu};
use crate::form::{Form, Section, Version};
use crate::intermediate::Intermediate;
use crate::merge::Contribution as _;
use crate::model::{Context, Frame, Method};
use crate::reader::{MARKER, MARKER_VERSION};

const PRIMITIVES: [&str; 9] = ["boolean", "byte", "char", "double", "float", "int", "long", "short", "void"];

/// Bytes that are collected before they are handed on.
const CHUNK: usize = 64 << 10;

/// Which variants of conflicting branches survive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Variants {
    Keep,
    Dominant,
    Drop,
}

/// One entry of a section.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    /// Where the counts were taken; empty for monitors.
    pub context: Context,
    /// The section's numbers: one count, pairs of type and count, or triples of bytecode index, branch and count.
    pub records: Box<[i64]>,
}

/// A merge, numbered and sorted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Canonical {
    pub(crate) version: Option<Version>,
    pub(crate) types: Vec<Box<str>>,
    pub(crate) methods: Vec<Method>,
    pub(crate) sections: [Vec<Entry>; 6],
}

impl Canonical {
    pub(crate) fn new(merge: &Intermediate, variants: Variants) -> Self {
        let (types, type_ranks) = rank(&merge.names.types, |name| (!PRIMITIVES.contains(&&**name), &**name));
        let (mut methods, method_ranks) = rank(&merge.names.methods, |method| {
            let type_name = |id: &u32| merge.names.types.get_index(*id as usize).map(|name| &**name);
            let mut names = method.signature.iter().map(type_name);
            (names.next(), &*method.name, names.collect::<Vec<_>>())
        });
        for method in &mut methods {
            for id in &mut method.signature {
                *id = type_ranks[*id as usize];
            }
        }
        let mut sections: [Vec<Entry>; 6] = Default::default();
        let mut push = |section: Section, frames: &[Frame], records: &[i64]| {
            let renumber = |frame: &Frame| Frame {
                method: method_ranks[frame.method as usize],
                bci: frame.bci,
            };
            let context = frames.iter().map(renumber).collect();
            let records = renumber_types(section, records, &type_ranks);
            sections[section.index()].push(Entry { context, records });
        };
        merge.for_each_entry(|section, frames, records| {
            if section != Section::Conditionals || variants == Variants::Keep {
                push(section, frames, records);
            }
        });
        if variants != Variants::Keep {
            let mut records = Vec::new();
            for (context, branches) in &merge.conditionals {
                if variants == Variants::Drop && branches.has_conflict() {
                    continue;
                }
                records.clear();
                if let Some(variant) = branches.dominant() {
                    variant.write_records(&mut records);
                }
                push(Section::Conditionals, context, &records);
            }
        }
        for entries in &mut sections {
            // Variants of one context come in the order of their shapes and stay in it.
            entries.sort_by(|left, right| left.context.cmp(&right.context));
        }
        Self {
            version: merge.version,
            types,
            methods,
            sections,
        }
    }

    /// Writes the bytes that are the form's identity.
    pub(crate) fn write(&self, output: impl Write, marked: bool) -> Result<()> {
        let mut writer = Writer {
            output,
            text: Vec::with_capacity(CHUNK + 4096),
            empty: true,
        };
        let version = self.version.or_else(|| (!marked).then_some(Version::V1_1));
        let form = version.unwrap_or(Version::V1_1).form();
        writer.text.push(b'{');
        if marked {
            writer.key(MARKER);
            writer.number(MARKER_VERSION);
        }
        let mut keys: Vec<(&str, Option<Section>)> = vec![("methods", None), ("types", None), ("version", None)];
        let present = |section| version.is_some_and(|version| version.has(section));
        keys.extend(
            Section::ALL
                .into_iter()
                .filter(|section| present(*section))
                .filter_map(|section| Some((form.section_key(section)?, Some(section)))),
        );
        keys.sort_unstable();
        for (key, section) in keys {
            match (key, section, version) {
                (_, Some(section), _) => {
                    writer.key(key);
                    writer.section(section, form, &self.sections[section.index()])?;
                }
                ("methods", ..) => {
                    writer.key(key);
                    writer.methods(&self.methods, form)?;
                }
                ("types", ..) => {
                    writer.key(key);
                    writer.types(&self.types, form)?;
                }
                (_, _, Some(version)) => {
                    writer.key(key);
                    writer.string(version.as_str());
                }
                (_, _, None) => {}
            }
        }
        writer.text.push(b'}');
        writer.flush()
    }
}

/// Sorts, and tells for each old position its new one.
fn rank<'a, T: Clone, K: Ord>(items: &'a IndexSet<T>, key: impl Fn(&'a T) -> K) -> (Vec<T>, Vec<u32>) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_cached_key(|index| key(&items[*index]));
    let mut ranks = vec![0; items.len()];
    for (rank, index) in (0..).zip(&order) {
        ranks[*index] = rank;
    }
    (order.into_iter().map(|index| items[index].clone()).collect(), ranks)
}

/// Renumbers and sorts the types of pairs; other records stay as they are.
fn renumber_types(section: Section, records: &[i64], ranks: &[u32]) -> Box<[i64]> {
    match section {
        Section::CallCounts | Section::Samples | Section::Conditionals => records.into(),
        Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => {
            let rank = |id: i64| {
                usize::try_from(id)
                    .ok()
                    .and_then(|id| ranks.get(id))
                    .map_or(id, |rank| i64::from(*rank))
            };
            let mut pairs: Vec<[i64; 2]> = records.chunks_exact(2).map(|pair| [rank(pair[0]), pair[1]]).collect();
            pairs.sort_unstable();
            pairs.into_iter().flatten().collect()
        }
    }
}

struct Writer<W> {
    output: W,
    text: Vec<u8>,
    /// Whether nothing precedes the next element of the innermost list.
    empty: bool,
}

impl<W: Write> Writer<W> {
    fn flush(&mut self) -> Result<()> {
        self.output.write_all(&self.text).context(WriteOutputSnafu)?;
        self.text.clear();
        Ok(())
    }

    fn flush_full(&mut self) -> Result<()> {
        if self.text.len() < CHUNK { Ok(()) } else { self.flush() }
    }

    fn separate(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.text.push(b',');
        }
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.string(key);
        self.text.push(b':');
    }

    fn number(&mut self, number: i64) {
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = number.unsigned_abs();
        loop {
            start -= 1;
            digits[start] = b"0123456789"[(rest % 10) as usize];
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.text.push(b'-');
        }
        self.text.extend_from_slice(&digits[start..]);
    }

    fn string(&mut self, text: &str) {
        self.text.push(b'"');
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => self.text.extend([b'\\', byte]),
                0x08 => self.text.extend(b"\\b"),
                0x0c => self.text.extend(b"\\f"),
                b'\n' => self.text.extend(b"\\n"),
                b'\r' => self.text.extend(b"\\r"),
                b'\t' => self.text.extend(b"\\t"),
                0..0x20 => self.text.extend(format!("\\u{byte:04x}").into_bytes()),
                _ => self.text.push(byte),
            }
        }
        self.text.push(b'"');
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) -> Result<()> {
        self.text.push(b'[');
        self.empty = true;
        for item in items {
            self.separate();
            write(self, item);
            self.empty = false;
            self.flush_full()?;
        }
        self.text.push(b']');
        self.empty = false;
        Ok(())
    }

    fn numbers<T: Copy + Into<i64>>(&mut self, key: &str, numbers: &[T]) {
        self.key(key);
        self.text.push(b'[');
        self.empty = true;
        for number in numbers {
            self.separate();
            self.number((*number).into());
        }
        self.text.push(b']');
        self.empty = false;
    }

    fn open(&mut self) {
        self.text.push(b'{');
        self.empty = true;
    }

    fn types(&mut self, types: &[Box<str>], form: Form) -> Result<()> {
        let numbered: Vec<_> = (0..).zip(types).collect();
        self.list(&numbered, |writer, (id, name)| {
            writer.open();
            writer.key("id");
            writer.number(*id);
            writer.key(form.type_name_key());
            writer.string(name);
            writer.text.push(b'}');
        })
    }

    fn methods(&mut self, methods: &[Method], form: Form) -> Result<()> {
        let numbered: Vec<_> = (0..).zip(methods).collect();
        self.list(&numbered, |writer, (id, method)| {
            writer.open();
            writer.key("id");
            writer.number(*id);
            writer.key(form.method_name_key());
            writer.string(&method.name);
            writer.numbers("signature", &method.signature);
            writer.text.push(b'}');
        })
    }

    fn section(&mut self, section: Section, form: Form, entries: &[Entry]) -> Result<()> {
        if (section, form) == (Section::Monitors, Form::Old) {
            let records = entries.first().map_or(&[][..], |entry| &entry.records);
            self.open();
            self.numbers("records", records);
            self.text.push(b'}');
            return Ok(());
        }
        self.list(entries, |writer, entry| {
            writer.open();
            writer.key(form.context_key());
            writer.context(&entry.context, form);
            writer.numbers("records", &entry.records);
            writer.text.push(b'}');
        })
    }

    fn context(&mut self, frames: &[Frame], form: Form) {
        self.text.push(b'"');
        if frames.is_empty() {
            self.text.extend(b"0:0");
        }
        for (index, frame) in frames.iter().enumerate() {
            if index > 0 {
                self.text.push(form.frame_separator());
            }
            self.number(i64::from(frame.method));
            self.text.push(b':');
            self.number(i64::from(frame.bci));
        }
        self.text.push(b'"');
    }
}
