//! Owns the schema: reads one profile from a stream, checks it, and hands what it finds to a [`Sink`].
//!
//! Keys may come in any order, so nothing may be assumed about what was read before. The reader keeps sets of ids and
//! nothing else that grows with the input.

use std::io::Read;

use crate::error::{
    Error, ExceedLimitSnafu, FindNothingSnafu, MissEntryKeySnafu, MissKeySnafu, MixFormsSnafu, Place, RecogniseIntermediateSnafu,
    RefuseKeySnafu, RepeatKeySnafu, Result,
};
use crate::form::{Form, Section, Version};
use crate::identifiers::Declarations;
use crate::lexer::Lexer;
pub(crate) use crate::lexer::Text;
use crate::limits::{Limits, UnknownKeys};
use crate::model::{Frame, SectionCounts, Summary, add, counts};
use crate::values;

/// Marks the intermediate form; its value is the form's own version.
pub(crate) const MARKER: &str = "annealIntermediate";
pub(crate) const MARKER_VERSION: i64 = 1;

/// What the reader expects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expect {
    /// A profile as a program writes it.
    Profile,
    /// A merge as this crate writes it: marked, possibly empty, contexts repeated where shapes conflict.
    Intermediate,
}

/// A list of the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Table {
    Types,
    Methods,
    Section(Section),
}

/// Takes what the reader finds, in the file's numbering and order.
pub(crate) trait Sink {
    fn declare_type(&mut self, id: u32, name: &str);
    fn declare_method(&mut self, id: u32, name: &str, signature: &[u32]);
    /// `start` tells where the list stands in the text.
    fn begin(&mut self, table: Table, start: u64);
    /// `frames` is empty for monitors: their context is a dummy. `starts` tells for each record where it stands in the text.
    fn add_entry(&mut self, section: Section, frames: &[Frame], records: &[i64], starts: &[u32]);
}

/// Keeps nothing.
pub(crate) struct Discard;

impl Sink for Discard {
    fn declare_type(&mut self, _: u32, _: &str) {}
    fn declare_method(&mut self, _: u32, _: &str, _: &[u32]) {}
    fn begin(&mut self, _: Table, _: u64) {}
    fn add_entry(&mut self, _: Section, _: &[Frame], _: &[i64], _: &[u32]) {}
}

/// Reads one profile. The version is absent only in the empty intermediate; the text is there if it was to be kept and is
/// not too long.
pub(crate) fn read<R: Read, S: Sink>(
    input: R,
    limits: &Limits,
    expect: Expect,
    sink: &mut S,
    text: Text,
) -> Result<(Option<Version>, Summary, Option<Vec<u8>>)> {
    let mut reader = Reader {
        lexer: Lexer::new(input, limits, text),
        limits,
        expect,
        sink,
        types: Declarations::new(limits.types, "types", |id, place| Error::MissType { place, id }),
        methods: Declarations::new(limits.methods, "methods", |id, place| Error::MissMethod { place, id }),
        form: None,
        version: None,
        seen: Vec::new(),
        entries: SectionCounts::default(),
        event_mass: 0,
        unknown_sections: Vec::new(),
        unknown_fields: 0,
        frames: Vec::new(),
        numbers: Vec::new(),
        starts: Vec::new(),
        name: String::new(),
    };
    reader.read_profile()?;
    let (version, summary) = (reader.version, reader.summary());
    Ok((version, summary, reader.lexer.into_kept()))
}

struct Reader<'a, R, S> {
    lexer: Lexer<R>,
    limits: &'a Limits,
    expect: Expect,
    sink: &'a mut S,
    types: Declarations,
    methods: Declarations,
    form: Option<Form>,
    version: Option<Version>,
    seen: Vec<&'static str>,
    entries: SectionCounts,
    event_mass: u64,
    unknown_sections: Vec<String>,
    unknown_fields: u64,
    frames: Vec<Frame>,
    numbers: Vec<i64>,
    /// Where each number stands in the text.
    starts: Vec<u32>,
    name: String,
}

enum Key {
    Version,
    Types,
    Methods,
    Section(Section, Form, &'static str),
    Marker,
    Unknown(String),
}

impl Key {
    fn parse(text: &str) -> Self {
        match text {
            "version" => Self::Version,
            "types" => Self::Types,
            "methods" => Self::Methods,
            MARKER => Self::Marker,
            _ => match Form::section_of(text) {
                Some((section, form, key)) => Self::Section(section, form, key),
                None => Self::Unknown(text.chars().take(64).collect()),
            },
        }
    }
}

impl<R: Read, S: Sink> Reader<'_, R, S> {
    fn read_profile(&mut self) -> Result<()> {
        self.lexer.expect(b'{', "an object")?;
        let mut first = true;
        while self.lexer.advance(&mut first, b'}')? {
            let key = Key::parse(self.lexer.key()?);
            match key {
                Key::Version => self.read_version()?,
                Key::Types => self.read_types()?,
                Key::Methods => self.read_methods()?,
                Key::Section(section, form, key) => {
                    self.note(key)?;
                    self.claim(form, key)?;
                    self.read_section(section, form, key)?;
                }
                Key::Marker if self.expect == Expect::Intermediate => {
                    self.note(MARKER)?;
                    if self.lexer.integer()? != MARKER_VERSION {
                        return RecogniseIntermediateSnafu.fail();
                    }
                }
                Key::Marker => self.skip_section(MARKER.to_owned())?,
                Key::Unknown(key) => self.skip_section(key)?,
            }
        }
        self.lexer.finish()?;
        self.check_whole()
    }

    fn check_whole(&mut self) -> Result<()> {
        if self.expect == Expect::Intermediate && !self.seen.contains(&MARKER) {
            return RecogniseIntermediateSnafu.fail();
        }
        let empty = self.entries.total() == 0;
        for key in ["version", "types", "methods"] {
            let optional = key == "version" && self.expect == Expect::Intermediate && empty;
            if !optional && !self.seen.contains(&key) {
                return MissKeySnafu { key }.fail();
            }
        }
        if empty && self.expect == Expect::Profile {
            return FindNothingSnafu.fail();
        }
        if self.version == Some(Version::V1_0) && self.entries.get(Section::InstanceOf) > 0 {
            self.version = Some(Version::V1_1);
        }
        Ok(())
    }

    fn summary(&mut self) -> Summary {
        Summary {
            version: self.version.unwrap_or(Version::V1_0),
            bytes: self.lexer.offset(),
            types: self.types.count(),
            methods: self.methods.count(),
            entries: self.entries,
            event_mass: self.event_mass,
            unknown_sections: std::mem::take(&mut self.unknown_sections),
            unknown_fields: self.unknown_fields,
        }
    }

    /// Refuses a second appearance of a top-level key.
    fn note(&mut self, key: &'static str) -> Result<()> {
        if self.seen.contains(&key) {
            return RepeatKeySnafu {
                key,
                offset: self.lexer.offset(),
            }
            .fail();
        }
        self.seen.push(key);
        Ok(())
    }

    /// Refuses a key of another form than the keys before.
    fn claim(&mut self, form: Form, key: &'static str) -> Result<()> {
        match self.form {
            Some(known) if known != form => MixFormsSnafu { key, form: known.name() }.fail(),
            _ => {
                self.form = Some(form);
                Ok(())
            }
        }
    }

    fn skip_section(&mut self, key: String) -> Result<()> {
        if self.limits.unknown_keys == UnknownKeys::Refuse {
            return RefuseKeySnafu {
                offset: self.lexer.offset(),
            }
            .fail();
        }
        if self.unknown_sections.len() < 16 {
            self.unknown_sections.push(key);
        }
        self.lexer.skip_value(1)
    }

    fn skip_field(&mut self) -> Result<()> {
        if self.limits.unknown_keys == UnknownKeys::Refuse {
            return RefuseKeySnafu {
                offset: self.lexer.offset(),
            }
            .fail();
        }
        self.unknown_fields += 1;
        self.lexer.skip_value(3)
    }

    fn read_version(&mut self) -> Result<()> {
        self.note("version")?;
        let version = Version::parse(self.lexer.string(self.limits.string_bytes, "bytes in a string")?)?;
        self.version = Some(version);
        self.claim(version.form(), "version")
    }

    fn read_numbers(&mut self, place: Place, allowed: usize, unit: &'static str) -> Result<()> {
        self.numbers.clear();
        self.starts.clear();
        self.lexer.expect(b'[', "an array")?;
        let mut first = true;
        while self.lexer.advance(&mut first, b']')? {
            if self.numbers.len() == allowed {
                return ExceedLimitSnafu {
                    place,
                    unit,
                    allowed: allowed as u64,
                }
                .fail();
            }
            let start = self.lexer.token_offset()?;
            let number = self.lexer.integer()?;
            self.numbers.push(number);
            self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    fn read_section(&mut self, section: Section, form: Form, key: &'static str) -> Result<()> {
        let place = |index| Place::Record { section: key, index };
        self.sink.begin(Table::Section(section), self.lexer.offset());
        if (section, form) == (Section::Monitors, Form::Old) {
            return self.read_entry(section, form, place(0), false);
        }
        self.lexer.expect(b'[', "an array")?;
        let (mut first, mut index) = (true, 0);
        while self.lexer.advance(&mut first, b']')? {
            if self.entries.total() >= self.limits.entries as u64 {
                let allowed = self.limits.entries as u64;
                return ExceedLimitSnafu {
                    place: place(index),
                    unit: "entries",
                    allowed,
                }
                .fail();
            }
            if form == Form::New && self.read_usual_entry() {
                values::check_context(section, form, &self.frames, place(index))?;
                self.take_entry(section, place(index))?;
            } else {
                self.read_entry(section, form, place(index), true)?;
            }
            index += 1;
        }
        Ok(())
    }

    fn read_entry(&mut self, section: Section, form: Form, place: Place, in_context: bool) -> Result<()> {
        let context_key = form.context_key();
        let (mut placed, mut recorded) = (false, false);
        self.lexer.expect(b'{', "an object")?;
        let mut first = true;
        while self.lexer.advance(&mut first, b'}')? {
            let key = self.lexer.key()?;
            if key == context_key {
                refuse_repeat(placed, context_key, self.lexer.offset())?;
                placed = true;
                let text = self.lexer.string(self.limits.context_bytes, "bytes in a context")?;
                values::parse_context(text, form, place, &mut self.frames)?;
            } else if key == "records" {
                refuse_repeat(recorded, "records", self.lexer.offset())?;
                recorded = true;
                self.read_numbers(place, self.limits.record_values, "values in records")?;
            } else {
                self.skip_field()?;
            }
        }
        if in_context && !placed {
            return MissEntryKeySnafu { place, key: context_key }.fail();
        }
        if !recorded {
            return MissEntryKeySnafu { place, key: "records" }.fail();
        }
        if placed {
            values::check_context(section, form, &self.frames, place)?;
        }
        self.take_entry(section, place)
    }

    fn take_entry(&mut self, section: Section, place: Place) -> Result<()> {
        if section == Section::Monitors {
            self.frames.clear();
        }
        for frame in &self.frames {
            self.methods.require(frame.method, place)?;
        }
        values::check_records(section, &self.numbers, place)?;
        if matches!(section, Section::InstanceOf | Section::Monitors | Section::VirtualInvokes) {
            for pair in self.numbers.chunks_exact(2) {
                self.types.require(values::id(pair[0], "type id", place)?, place)?;
            }
        }
        self.entries.add(section, 1);
        if section.has_events() {
            self.event_mass = counts(section, &self.numbers).fold(self.event_mass, add);
        }
        self.sink.add_entry(section, &self.frames, &self.numbers, &self.starts);
        Ok(())
    }
}

fn refuse_repeat(repeated: bool, key: &'static str, offset: u64) -> Result<()> {
    if repeated { RepeatKeySnafu { key, offset }.fail() } else { Ok(()) }
}

mod tables;
mod usual;
