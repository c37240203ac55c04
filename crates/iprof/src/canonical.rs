//! Owns the canonical spelling: equal merges give equal bytes.
//!
//! Keys are ordered by name; the order of everything else is the listing's, see [`crate::plan`].

use std::convert::Infallible;
use std::io::Write;

use snafu::ResultExt as _;

use crate::digits;
use crate::error::{Result, WriteOutputSnafu};
use crate::form::{Form, Section, Version};
use crate::model::{Context, Frame, Method};
use crate::reader::{MARKER, MARKER_VERSION};
use crate::words;

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

/// A merge or profile in canonical order and numbering.
pub(crate) trait Listing {
    fn version(&self) -> Option<Version>;
    fn types(&self) -> impl Iterator<Item = &str>;
    fn for_each_method<E>(&self, visit: impl FnMut(&str, &[u32]) -> Result<(), E>) -> Result<(), E>;
    fn for_each_entry<E>(&self, section: Section, visit: impl FnMut(&[Frame], &[i64]) -> Result<(), E>) -> Result<(), E>;
}

/// A listing that is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Canonical {
    pub(crate) version: Option<Version>,
    pub(crate) types: Vec<Box<str>>,
    pub(crate) methods: Vec<Method>,
    pub(crate) sections: [Vec<Entry>; 6],
}

impl Canonical {
    pub(crate) fn keep(listing: &impl Listing) -> Self {
        let mut canonical = Self {
            version: listing.version(),
            types: listing.types().map(Into::into).collect(),
            methods: Vec::new(),
            sections: Default::default(),
        };
        let Ok::<(), Infallible>(()) = listing.for_each_method(|name, signature| {
            canonical.methods.push(Method {
                name: name.into(),
                signature: signature.into(),
            });
            Ok(())
        });
        for section in Section::ALL {
            let Ok::<(), Infallible>(()) = listing.for_each_entry(section, |frames, records| {
                canonical.sections[section.index()].push(Entry {
                    context: frames.into(),
                    records: records.into(),
                });
                Ok(())
            });
        }
        canonical
    }
}

impl Listing for Canonical {
    fn version(&self) -> Option<Version> {
        self.version
    }

    fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|name| &**name)
    }

    fn for_each_method<E>(&self, mut visit: impl FnMut(&str, &[u32]) -> Result<(), E>) -> Result<(), E> {
        self.methods.iter().try_for_each(|method| visit(&method.name, &method.signature))
    }

    fn for_each_entry<E>(&self, section: Section, mut visit: impl FnMut(&[Frame], &[i64]) -> Result<(), E>) -> Result<(), E> {
        let entries = &self.sections[section.index()];
        entries.iter().try_for_each(|entry| visit(&entry.context, &entry.records))
    }
}

/// Writes the bytes that are the form's identity. `marked`: as the intermediate form.
pub(crate) fn write(listing: &impl Listing, output: impl Write, marked: bool) -> Result<()> {
    let mut writer = Writer {
        output,
        text: Vec::with_capacity(CHUNK + 4096),
        empty: true,
    };
    let version = listing.version().or_else(|| (!marked).then_some(Version::V1_1));
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
                writer.section(section, form, listing)?;
            }
            ("methods", ..) => {
                writer.key(key);
                writer.methods(listing, form)?;
            }
            ("types", ..) => {
                writer.key(key);
                writer.types(listing, form)?;
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

    #[inline]
    fn number(&mut self, number: i64) {
        if number < 0 {
            self.text.push(b'-');
        }
        digits::push(&mut self.text, number.unsigned_abs());
    }

    fn string(&mut self, text: &str) {
        self.text.push(b'"');
        if words::is_plain(text.as_bytes()) {
            self.text.extend_from_slice(text.as_bytes());
            self.text.push(b'"');
            return;
        }
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

    fn begin_list(&mut self) {
        self.text.push(b'[');
        self.empty = true;
    }

    fn end_list(&mut self) {
        self.text.push(b']');
        self.empty = false;
    }

    fn open_item(&mut self) {
        self.separate();
        self.text.push(b'{');
        self.empty = true;
    }

    fn close_item(&mut self) -> Result<()> {
        self.text.push(b'}');
        self.empty = false;
        self.flush_full()
    }

    fn numbers<T: Copy + Into<i64>>(&mut self, key: &str, numbers: &[T]) {
        self.key(key);
        self.text.push(b'[');
        self.list(numbers);
        self.text.push(b']');
    }

    fn list<T: Copy + Into<i64>>(&mut self, numbers: &[T]) {
        for (index, number) in numbers.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            self.number((*number).into());
        }
    }

    fn types(&mut self, listing: &impl Listing, form: Form) -> Result<()> {
        self.begin_list();
        for (id, name) in (0..).zip(listing.types()) {
            self.open_item();
            self.key("id");
            self.number(id);
            self.key(form.type_name_key());
            self.string(name);
            self.close_item()?;
        }
        self.end_list();
        Ok(())
    }

    fn methods(&mut self, listing: &impl Listing, form: Form) -> Result<()> {
        self.begin_list();
        let mut id = 0;
        listing.for_each_method(|name, signature| {
            self.open_item();
            self.key("id");
            self.number(id);
            id += 1;
            self.key(form.method_name_key());
            self.string(name);
            self.numbers("signature", signature);
            self.close_item()
        })?;
        self.end_list();
        Ok(())
    }

    fn section(&mut self, section: Section, form: Form, listing: &impl Listing) -> Result<()> {
        if (section, form) == (Section::Monitors, Form::Old) {
            let mut all = Vec::new();
            let Ok::<(), Infallible>(()) = listing.for_each_entry(section, |_, records| {
                all.extend_from_slice(records);
                Ok(())
            });
            self.text.push(b'{');
            self.empty = true;
            self.numbers("records", &all);
            return self.close_item();
        }
        self.begin_list();
        let opening = format!("{{\"{}\":\"", form.context_key()).into_bytes();
        listing.for_each_entry(section, |frames, records| {
            self.separate();
            self.text.extend_from_slice(&opening);
            self.context(frames, form);
            self.text.extend_from_slice(b"\",\"records\":[");
            self.list(records);
            self.text.push(b']');
            self.close_item()
        })?;
        self.end_list();
        Ok(())
    }

    fn context(&mut self, frames: &[Frame], form: Form) {
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
    }
}
