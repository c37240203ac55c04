//! Owns what is shown of a profile, in the names that JSON readers rely on: a field is never renamed or removed.

use anneal_iprof::{Profile, Section, SectionCounts, Summary};
use serde::Serialize;

/// Entries by section.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entries {
    call_counts: u64,
    conditionals: u64,
    instance_of: u64,
    monitors: u64,
    samples: u64,
    virtual_invokes: u64,
}

impl Entries {
    pub(super) fn by_section(count: impl Fn(Section) -> u64) -> Self {
        Self {
            call_counts: count(Section::CallCounts),
            conditionals: count(Section::Conditionals),
            instance_of: count(Section::InstanceOf),
            monitors: count(Section::Monitors),
            samples: count(Section::Samples),
            virtual_invokes: count(Section::VirtualInvokes),
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.call_counts + self.conditionals + self.instance_of + self.monitors + self.samples + self.virtual_invokes
    }
}

impl From<&SectionCounts> for Entries {
    fn from(counts: &SectionCounts) -> Self {
        Self::by_section(|section| counts.get(section))
    }
}

impl From<&Profile> for Entries {
    fn from(profile: &Profile) -> Self {
        Self::by_section(|section| profile.entries(section).len() as u64)
    }
}

/// A section's name in results.
pub(super) fn section_name(section: Section) -> &'static str {
    match section {
        Section::CallCounts => "callCounts",
        Section::Conditionals => "conditionals",
        Section::InstanceOf => "instanceOf",
        Section::Monitors => "monitors",
        Section::Samples => "samples",
        Section::VirtualInvokes => "virtualInvokes",
    }
}

/// The sum of an entry's counts.
pub(super) fn events(section: Section, records: &[i64]) -> u128 {
    let stride = match section {
        Section::CallCounts | Section::Samples => 1,
        Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => 2,
        Section::Conditionals => 3,
    };
    let counts = records.iter().skip(stride - 1).step_by(stride);
    counts.map(|count| u128::from(count.unsigned_abs())).sum()
}

/// What is unusual about a valid profile.
pub(super) fn warnings(summary: &Summary) -> Vec<String> {
    let mut warnings = Vec::new();
    if summary.has_only_samples() {
        warnings.push("only samples: nothing is known about calls and branches".to_owned());
    } else if summary.event_mass == 0 {
        warnings.push("no events were counted".to_owned());
    }
    if !summary.unknown_sections.is_empty() {
        warnings.push(format!("unknown keys, dropped by a merge: {}", summary.unknown_sections.join(", ")));
    }
    if summary.unknown_fields > 0 {
        warnings.push(format!(
            "{} unknown keys inside of entries, dropped by a merge",
            summary.unknown_fields
        ));
    }
    warnings
}

/// A method as people write it.
pub(super) fn method_name(profile: &Profile, id: u32) -> String {
    let Some(method) = profile.methods().get(id as usize) else {
        return String::new();
    };
    let mut types = method
        .signature
        .iter()
        .map(|id| profile.types().get(*id as usize).map_or("", |name| name));
    let class = types.next().unwrap_or_default();
    let parameters: Vec<&str> = types.skip(1).collect();
    format!("{class}.{}({})", method.name, parameters.join(","))
}
