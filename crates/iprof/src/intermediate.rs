//! Owns the intermediate form of a merge: lossless, with every conflicting shape kept, and foldable one profile at a time.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use indexmap::IndexMap;

use crate::branches::Branches;
use crate::canonical::{Canonical, Variants};
use crate::error::{Error, ExceedLimitSnafu, Place, RefuseWeightSnafu, Result};
use crate::form::{Section, Version};
use crate::intern::{Names, Remap};
use crate::limits::Limits;
use crate::merge::{self, Contribution, Effect};
use crate::model::{Context, Frame, Method, Summary, add};
use crate::profile::Profile;
use crate::raw::RawProfile;
use crate::reader::Expect;

/// What becomes of a branching place whose profiles disagree about its shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConflictPolicy {
    /// The shape with the larger event mass is written; of equals, the one that sorts first.
    Dominant,
    /// The place is left out.
    Drop,
}

/// What one profile brought to a merge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// What the profile holds.
    pub summary: Summary,
    /// Distinct contexts of the profile, over all sections.
    pub contexts: u64,
    /// Of these, the ones that the merge did not have before.
    pub new_contexts: u64,
    /// Entries whose context the profile had already listed; they were added up.
    pub repeated_contexts: u64,
}

impl Report {
    /// The share of the profile's contexts that the merge did not have, from 0 to 100.
    pub fn new_context_percent(&self) -> f64 {
        crate::metrics::percent(self.new_contexts, self.contexts)
    }
}

/// A merge of any number of profiles of one major version.
///
/// Merging is commutative and associative, and [`Intermediate::new`] is its identity: equal sets of profiles give equal
/// bytes in [`Intermediate::write_to`] and in the final form, whatever the order and grouping.
#[derive(Clone, Debug, Default)]
pub struct Intermediate {
    pub(crate) version: Option<Version>,
    pub(crate) names: Names,
    pub(crate) calls: IndexMap<Context, u64>,
    pub(crate) conditionals: IndexMap<Context, Branches>,
    pub(crate) instance_of: IndexMap<Context, TypeCounts>,
    /// At most one entry, with no frames: the context in the file is a dummy.
    pub(crate) monitors: IndexMap<Context, TypeCounts>,
    pub(crate) samples: IndexMap<Context, u64>,
    pub(crate) virtual_invokes: IndexMap<Context, TypeCounts>,
}

/// Counts by type.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypeCounts(pub(crate) BTreeMap<u32, u64>);

impl TypeCounts {
    pub(crate) fn absorb(&mut self, records: &[i64], types: &Remap) {
        for pair in records.chunks_exact(2) {
            // The reader has checked that the id is declared, hence in range.
            let total = self.0.entry(types.of(u32::try_from(pair[0]).unwrap_or_default())).or_default();
            *total = add(*total, pair[1].unsigned_abs());
        }
    }
}

impl Intermediate {
    /// The merge of no profile.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one profile, plain or gzip. Nothing changes if it is refused.
    pub fn fold(&mut self, input: impl Read, limits: &Limits) -> Result<Report> {
        let (raw, summary) = RawProfile::read(input, limits, Expect::Profile)?;
        let version = Version::join(self.version, raw.version())?;
        self.check_size(&raw, &summary, limits)?;
        let Effect {
            contexts,
            new_contexts,
            repeated_contexts,
        } = merge::absorb(self, &raw);
        self.version = version;
        Ok(Report {
            summary,
            contexts,
            new_contexts,
            repeated_contexts,
        })
    }

    /// Adds another merge. Fails, and changes nothing, only if the major versions differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let version = Version::join(self.version, other.version)?;
        merge::absorb(self, other);
        self.version = version;
        Ok(())
    }

    /// Merges `inputs` with weights, each applied to raw counts and rounded half away from zero.
    pub fn merge_weighted<'a>(inputs: impl IntoIterator<Item = (&'a Self, f64)>) -> Result<Self> {
        let mut merged = Self::new();
        for (input, weight) in inputs {
            if !(weight.is_finite() && weight > 0.0) {
                return RefuseWeightSnafu { weight }.fail();
            }
            let version = Version::join(merged.version, input.version)?;
            merge::absorb(&mut merged, &Weighted { input, weight });
            merged.version = version;
        }
        Ok(merged)
    }

    /// Merges `inputs` so that each carries as much event mass as the largest: a long-lived pod does not drown the others.
    pub fn merge_equally(inputs: &[Self]) -> Result<Self> {
        let largest = inputs.iter().map(Self::event_mass).max().unwrap_or(0);
        Self::merge_weighted(inputs.iter().map(|input| (input, equal_weight(largest, input.event_mass()))))
    }

    /// Writes the canonical bytes of this form.
    pub fn write_to(&self, output: impl Write) -> Result<()> {
        Canonical::new(self, Variants::Keep).write(output, true)
    }

    /// Reads what [`Self::write_to`] wrote, plain or gzip.
    pub fn read_from(input: impl Read, limits: &Limits) -> Result<Self> {
        let (raw, _) = RawProfile::read(input, limits, Expect::Intermediate)?;
        let mut merged = Self {
            version: raw.version(),
            ..Self::default()
        };
        merge::absorb(&mut merged, &raw);
        Ok(merged)
    }

    /// Resolves the conflicts and gives the form that the image builder reads.
    pub fn to_final(&self, policy: ConflictPolicy) -> Profile {
        Profile::new(Canonical::new(self, policy.into()))
    }

    /// Whether nothing was merged yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries of all sections; a place with conflicting shapes counts once.
    pub fn len(&self) -> usize {
        Section::ALL.into_iter().map(|section| self.entries(section)).sum()
    }

    /// Branching places whose profiles disagree about the shape.
    pub fn conflicts(&self) -> usize {
        self.conditionals.values().filter(|branches| branches.has_conflict()).count()
    }

    /// Sum of call, branch, virtual and instanceof counts, conflicting shapes included; saturates at `i64::MAX`.
    pub fn event_mass(&self) -> u64 {
        let mut mass = 0;
        self.for_each_entry(|section, _, records| {
            if section.has_events() {
                mass = crate::model::counts(section, records).fold(mass, add);
            }
        });
        mass
    }

    pub(crate) fn entries(&self, section: Section) -> usize {
        match section {
            Section::CallCounts => self.calls.len(),
            Section::Conditionals => self.conditionals.len(),
            Section::InstanceOf => self.instance_of.len(),
            Section::Monitors => self.monitors.len(),
            Section::Samples => self.samples.len(),
            Section::VirtualInvokes => self.virtual_invokes.len(),
        }
    }

    pub(crate) fn contains(&self, section: Section, frames: &[Frame]) -> bool {
        match section {
            Section::CallCounts => self.calls.contains_key(frames),
            Section::Conditionals => self.conditionals.contains_key(frames),
            Section::InstanceOf => self.instance_of.contains_key(frames),
            Section::Monitors => self.monitors.contains_key(frames),
            Section::Samples => self.samples.contains_key(frames),
            Section::VirtualInvokes => self.virtual_invokes.contains_key(frames),
        }
    }

    fn check_size(&self, raw: &RawProfile, summary: &Summary, limits: &Limits) -> Result<()> {
        let names = limits.merged_names;
        let most = (
            self.names.types.len() as u64 + summary.types,
            self.names.methods.len() as u64 + summary.methods,
            self.len() as u64 + summary.entries.total(),
        );
        if most.0.max(most.1) <= names as u64 && most.2 <= limits.merged_entries as u64 {
            return Ok(());
        }
        let (types, methods, entries) = merge::measure(self, raw);
        let exceed = |unit, allowed: usize| -> Result<(), Error> {
            ExceedLimitSnafu {
                place: Place::Byte(summary.bytes),
                unit,
                allowed: allowed as u64,
            }
            .fail()
        };
        if entries > limits.merged_entries {
            return exceed("entries in the merge", limits.merged_entries);
        }
        if types.max(methods) > names {
            return exceed("types or methods in the merge", names);
        }
        Ok(())
    }
}

impl From<ConflictPolicy> for Variants {
    fn from(policy: ConflictPolicy) -> Self {
        match policy {
            ConflictPolicy::Dominant => Self::Dominant,
            ConflictPolicy::Drop => Self::Drop,
        }
    }
}

impl Contribution for Intermediate {
    fn version(&self) -> Option<Version> {
        self.version
    }

    fn types(&self) -> impl ExactSizeIterator<Item = (u32, &str)> {
        self.names.types.iter().enumerate().map(|(id, name)| (narrow(id), &**name))
    }

    fn methods(&self) -> impl ExactSizeIterator<Item = (u32, &Method)> {
        self.names.methods.iter().enumerate().map(|(id, method)| (narrow(id), method))
    }

    fn for_each_entry(&self, mut visit: impl FnMut(Section, &[Frame], &[i64])) {
        let mut records = Vec::new();
        for (section, counters) in [(Section::CallCounts, &self.calls), (Section::Samples, &self.samples)] {
            for (context, count) in counters {
                visit(section, context, &[count.cast_signed()]);
            }
        }
        for (context, branches) in &self.conditionals {
            for variant in branches.variants() {
                records.clear();
                variant.write_records(&mut records);
                visit(Section::Conditionals, context, &records);
            }
        }
        let typed = [
            (Section::InstanceOf, &self.instance_of),
            (Section::Monitors, &self.monitors),
            (Section::VirtualInvokes, &self.virtual_invokes),
        ];
        for (section, entries) in typed {
            for (context, counts) in entries {
                records.clear();
                records.extend(counts.0.iter().flat_map(|(id, count)| [i64::from(*id), count.cast_signed()]));
                visit(section, context, &records);
            }
        }
    }
}

/// Names are bounded far below 2^31 by [`Limits::merged_names`].
fn narrow(id: usize) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

/// A merge seen through a weight.
struct Weighted<'a> {
    input: &'a Intermediate,
    weight: f64,
}

impl Contribution for Weighted<'_> {
    fn version(&self) -> Option<Version> {
        self.input.version
    }

    fn types(&self) -> impl ExactSizeIterator<Item = (u32, &str)> {
        self.input.types()
    }

    fn methods(&self) -> impl ExactSizeIterator<Item = (u32, &Method)> {
        self.input.methods()
    }

    fn for_each_entry(&self, mut visit: impl FnMut(Section, &[Frame], &[i64])) {
        let mut weighted = Vec::new();
        self.input.for_each_entry(|section, frames, records| {
            weighted.clear();
            weighted.extend_from_slice(records);
            let stride = crate::model::stride(section);
            for count in weighted.iter_mut().skip(stride - 1).step_by(stride) {
                *count = scale(*count, self.weight);
            }
            visit(section, frames, &weighted);
        });
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a weight is an approximation, and a ratio of two masses needs no 64 bits"
)]
fn equal_weight(largest: u64, mass: u64) -> f64 {
    if mass == 0 { 1.0 } else { largest as f64 / mass as f64 }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "counts above 2^53 keep 53 significant bits; the cast back saturates at i64::MAX as sums do"
)]
fn scale(count: i64, weight: f64) -> i64 {
    (count as f64 * weight).round() as i64
}
