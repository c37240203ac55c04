//! Owns the versions of the format: which keys a version has and how its contexts are spelled.

use crate::error::{MixVersionsSnafu, ParseVersionSnafu, Result, UnknownVersionSnafu};

/// The sections this crate understands, in the order of their version 1 keys.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Section {
    /// How often a method was entered, by context.
    CallCounts,
    /// How often each successor of a branch or switch was taken.
    Conditionals,
    /// Which types an `instanceof` met.
    InstanceOf,
    /// Which types were locked.
    Monitors,
    /// How often a stack was seen by the sampler.
    Samples,
    /// Which receiver types a virtual call met.
    VirtualInvokes,
}

impl Section {
    /// Every section, in canonical order.
    pub const ALL: [Self; 6] = [
        Self::CallCounts,
        Self::Conditionals,
        Self::InstanceOf,
        Self::Monitors,
        Self::Samples,
        Self::VirtualInvokes,
    ];

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Whether the section's counts are part of the event mass: samples and monitors are not.
    pub fn has_events(self) -> bool {
        !matches!(self, Self::Samples | Self::Monitors)
    }
}

/// A version of the format, as this crate writes it. Ordered within one major.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Version {
    /// The older form of the paper.
    V0_2,
    /// Five sections.
    V1_0,
    /// As 1.0, with `instanceofProfiles`. Later minor versions are read as this one.
    V1_1,
}

/// The spelling that a major version uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    Old,
    New,
}

impl Version {
    /// The version as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_2 => "0.2.0",
            Self::V1_0 => "1.0.0",
            Self::V1_1 => "1.1.0",
        }
    }

    pub(crate) fn form(self) -> Form {
        match self {
            Self::V0_2 => Form::Old,
            Self::V1_0 | Self::V1_1 => Form::New,
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let shortened = || text.chars().take(32).collect::<String>();
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = core.split('.').map(|part| {
            let plain = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u32>()
                .ok()
                .filter(|_| plain && (part.len() == 1 || !part.starts_with('0')))
        });
        let parts = [numbers.next(), numbers.next(), numbers.next()].map(Option::flatten);
        let ([Some(major), Some(minor), Some(_)], None) = (parts, numbers.next()) else {
            return ParseVersionSnafu { version: shortened() }.fail();
        };
        match (major, minor) {
            (0, 2) => Ok(Self::V0_2),
            (1, 0) => Ok(Self::V1_0),
            (1, _) => Ok(Self::V1_1),
            _ => UnknownVersionSnafu { version: shortened() }.fail(),
        }
    }

    /// The version of a merge of both, if they can be merged.
    pub(crate) fn join(ours: Option<Self>, theirs: Option<Self>) -> Result<Option<Self>> {
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && ours.form() != theirs.form()
        {
            return MixVersionsSnafu {
                ours: ours.as_str(),
                theirs: theirs.as_str(),
            }
            .fail();
        }
        Ok(ours.max(theirs))
    }

    /// The sections that a file of this version always writes.
    pub(crate) fn has(self, section: Section) -> bool {
        match self {
            Self::V0_2 => !matches!(section, Section::InstanceOf | Section::Samples),
            Self::V1_0 => section != Section::InstanceOf,
            Self::V1_1 => true,
        }
    }
}

impl Form {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Old => "0.2",
            Self::New => "1",
        }
    }

    /// The section that a key of the file names, and the form and spelling the key belongs to.
    pub(crate) fn section_of(key: &str) -> Option<(Section, Self, &'static str)> {
        // Some producers spell this one with a capital letter; the schema's spelling is written.
        let key = if key == "instanceOfProfiles" { "instanceofProfiles" } else { key };
        [Self::New, Self::Old].into_iter().find_map(|form| {
            let keys = Section::ALL
                .into_iter()
                .filter_map(|section| Some((section, form.section_key(section)?)));
            keys.filter(|(_, known)| *known == key)
                .map(|(section, known)| (section, form, known))
                .next()
        })
    }

    pub(crate) fn section_key(self, section: Section) -> Option<&'static str> {
        Some(match (self, section) {
            (Self::New, Section::CallCounts) => "callCountProfiles",
            (Self::New, Section::Conditionals) => "conditionalProfiles",
            (Self::New, Section::InstanceOf) => "instanceofProfiles",
            (Self::New, Section::Monitors) => "monitorProfiles",
            (Self::New, Section::Samples) => "samplingProfiles",
            (Self::New, Section::VirtualInvokes) => "virtualInvokeProfiles",
            (Self::Old, Section::CallCounts) => "hotnessPoints",
            (Self::Old, Section::Conditionals) => "conditionalPoints",
            (Self::Old, Section::Monitors) => "monitorsProfile",
            (Self::Old, Section::VirtualInvokes) => "invokePoints",
            (Self::Old, Section::InstanceOf | Section::Samples) => return None,
        })
    }

    pub(crate) fn type_name_key(self) -> &'static str {
        match self {
            Self::Old => "typeName",
            Self::New => "name",
        }
    }

    pub(crate) fn method_name_key(self) -> &'static str {
        match self {
            Self::Old => "methodName",
            Self::New => "name",
        }
    }

    pub(crate) fn context_key(self) -> &'static str {
        match self {
            Self::Old => "methodBciList",
            Self::New => "ctx",
        }
    }

    pub(crate) fn frame_separator(self) -> u8 {
        match self {
            Self::Old => b',',
            Self::New => b'<',
        }
    }
}
