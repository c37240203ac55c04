//! Owns one profile as it was read, in its own numbering and order, before it joins a merge.

use std::io::Read;

use crate::error::Result;
use crate::form::{Section, Version};
use crate::limits::Limits;
use crate::merge::Contribution;
use crate::model::{Frame, Method, Summary};
use crate::reader::{self, Expect, Sink};

/// A checked profile in flat arrays: little more memory than its text.
#[derive(Default)]
pub(crate) struct RawProfile {
    version: Option<Version>,
    types: Vec<(u32, Box<str>)>,
    methods: Vec<(u32, Method)>,
    sections: [RawSection; 6],
}

#[derive(Default)]
struct RawSection {
    frames: Vec<Frame>,
    records: Vec<i64>,
    /// Where each entry's frames and records end.
    ends: Vec<(usize, usize)>,
}

impl RawProfile {
    pub(crate) fn read(input: impl Read, limits: &Limits, expect: Expect) -> Result<(Self, Summary)> {
        let mut profile = Self::default();
        let (version, summary) = reader::read(input, limits, expect, &mut profile)?;
        profile.version = version;
        Ok((profile, summary))
    }
}

impl Sink for RawProfile {
    fn declare_type(&mut self, id: u32, name: &str) {
        self.types.push((id, name.into()));
    }

    fn declare_method(&mut self, id: u32, name: &str, signature: &[u32]) {
        self.methods.push((
            id,
            Method {
                name: name.into(),
                signature: signature.into(),
            },
        ));
    }

    fn add_entry(&mut self, section: Section, frames: &[Frame], records: &[i64]) {
        let section = &mut self.sections[section.index()];
        section.frames.extend_from_slice(frames);
        section.records.extend_from_slice(records);
        section.ends.push((section.frames.len(), section.records.len()));
    }
}

impl Contribution for RawProfile {
    fn version(&self) -> Option<Version> {
        self.version
    }

    fn types(&self) -> impl ExactSizeIterator<Item = (u32, &str)> {
        self.types.iter().map(|(id, name)| (*id, &**name))
    }

    fn methods(&self) -> impl ExactSizeIterator<Item = (u32, &Method)> {
        self.methods.iter().map(|(id, method)| (*id, method))
    }

    fn for_each_entry(&self, mut visit: impl FnMut(Section, &[Frame], &[i64])) {
        for (section, raw) in Section::ALL.into_iter().zip(&self.sections) {
            let (mut frame, mut record) = (0, 0);
            for &(frame_end, record_end) in &raw.ends {
                visit(section, &raw.frames[frame..frame_end], &raw.records[record..record_end]);
                (frame, record) = (frame_end, record_end);
            }
        }
    }
}
