//! Owns the intermediate form of a merge: lossless, with every conflicting shape kept, and foldable one profile at a time.

use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use crate::canonical::{self, Canonical, Variants};
use crate::counters::Counters;
use crate::error::{Error, ExceedLimitSnafu, Place, RefuseWeightSnafu, Result};
use crate::form::{Section, Version};
use crate::index::Hashing;
use crate::intern::{Names, Remap};
use crate::limits::Limits;
use crate::merge::{self, Effect};
use crate::model::{Frame, MOST, Summary};
use crate::part::Part;
use crate::plan::{Ordered, Plan};
use crate::profile::{Digest, Profile};
use crate::raw::RawProfile;
use crate::reader::{self, Expect, Sink, Text};
use crate::skeleton::{Known, Opened, Skeleton};
use crate::source::{self, Source};

/// What becomes of a branching place whose profiles disagree about its shape.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConflictPolicy {
    /// The shape with the larger event mass is written; of equals, the one that sorts first.
    Dominant,
    /// The place is left out.
    Drop,
}

/// What one profile brought to a merge.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What the profile holds.
    pub summary: Summary,
    /// Distinct contexts of the profile, over all sections.
    pub contexts: u64,
    /// Of these, the ones that the merge did not have before.
    pub new_contexts: u64,
    /// Entries whose context the profile had already listed; they were added up.
    pub repeated_contexts: u64,
    /// How alike the merge before and after distribute their events, from 0 to 1: [`crate::overlap`] of both, with each
    /// variant of a shape conflict for itself. None for the first profile.
    pub overlap: Option<f64>,
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
    pub(crate) sections: [Part; 6],
    pub(crate) counters: Counters,
    pub(crate) hashing: Hashing,
    /// What the last file's ids were: the next file's are probably the same.
    pub(crate) last_types: Remap,
    pub(crate) last_methods: Remap,
    /// What the last file looked like: the next one is probably the same but for its counts.
    skeleton: Option<Arc<Skeleton>>,
    /// Files in a row that were not like the one before, the first included.
    misses: u32,
    spare: Spare,
    plan: OnceLock<Arc<Plan>>,
    /// The order before the merge grew.
    former: Option<Arc<Plan>>,
}

/// Memory that the next fold uses anew. A copy of a merge has its own.
#[derive(Default)]
struct Spare {
    raw: RawProfile,
    counts: Vec<u64>,
}

impl Clone for Spare {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl std::fmt::Debug for Spare {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Spare")
    }
}

impl Intermediate {
    /// The merge of no profile.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one profile, plain or gzip. Nothing changes if it is refused.
    pub fn fold(&mut self, input: impl Read, limits: &Limits) -> Result<Report> {
        let source = Source::open(input, limits).map_err(|fault| source::explain(fault, 0, limits.input_bytes))?;
        let skeleton = self.skeleton.clone().filter(|skeleton| self.trusts(skeleton, limits));
        let input = match skeleton {
            None => Opened::Fresh(source),
            Some(skeleton) => match skeleton.recognise(source, std::mem::take(&mut self.spare.counts), limits) {
                Ok(known) => return Ok(self.add_known(known)),
                Err(input) => input,
            },
        };
        let mut raw = std::mem::take(&mut self.spare.raw);
        let folded = self.fold_unlike(input, &mut raw, limits);
        raw.clear();
        self.spare.raw = raw;
        self.misses = self.misses.saturating_add(u32::from(folded.is_ok()));
        folded
    }

    /// Adds a file that is not like the last one.
    fn fold_unlike(&mut self, input: Opened<impl Read>, raw: &mut RawProfile, limits: &Limits) -> Result<Report> {
        // Where no file is like the one before, keeping each is in vain: only now and then is it tried again.
        let text = if self.misses < 2 || self.misses.is_multiple_of(8) {
            Text::Keep
        } else {
            Text::Pass
        };
        let (version, summary, text) = reader::read(input, limits, Expect::Profile, raw, text)?;
        let version = Version::join(self.version, version)?;
        self.check_size(raw, &summary, limits)?;
        let first = self.is_empty();
        let (effect, slots) = self.absorb(raw);
        self.version = version;
        let skeleton = text.and_then(|text| Skeleton::new(text, raw, &slots, effect, &summary, limits));
        self.skeleton = skeleton.map(Arc::new);
        Ok(report(summary, effect, first))
    }

    /// Whether the bounds that the last file was read under still hold. A file like it adds nothing to what is kept; the
    /// general way, which cannot know that yet, counts its values and names once more and may refuse it near those bounds.
    fn trusts(&self, skeleton: &Skeleton, limits: &Limits) -> bool {
        let names = self.names.types_len().max(self.names.methods_len());
        skeleton.was_read_under(limits) && names <= limits.merged_names && self.len() <= limits.merged_entries
    }

    /// Adds the counts of a file that is like the last one.
    fn add_known(&mut self, mut known: Known) -> Report {
        let effect = Effect {
            new_contexts: 0,
            overlap: known.add_to(&mut self.counters),
            ..known.effect()
        };
        self.misses = 0;
        let (summary, counts) = known.into_parts();
        self.spare.counts = counts;
        report(summary, effect, false)
    }

    fn absorb(&mut self, raw: &mut RawProfile) -> (Effect, [Vec<u32>; 6]) {
        let size = self.size();
        let absorbed = merge::absorb(self, raw);
        if self.size() != size
            && let Some(plan) = self.plan.take()
        {
            self.former = Some(plan);
        }
        absorbed
    }

    fn size(&self) -> (usize, usize, usize) {
        (self.names.types_len(), self.names.methods_len(), self.len())
    }

    #[cfg(test)]
    pub(crate) fn took_the_short_way(&self) -> bool {
        self.misses == 0
    }

    /// Adds another merge. Fails, and changes nothing, only if the major versions differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.merge_scaled(other, |count| count)
    }

    fn merge_scaled(&mut self, other: &Self, scale: impl Fn(i64) -> i64) -> Result<()> {
        let version = Version::join(self.version, other.version)?;
        // The other one takes the room of what a next profile would have used.
        self.spare = Spare::default();
        self.absorb(&mut other.to_raw(scale));
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
            merged.merge_scaled(input, |count| scale(count, weight))?;
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
        canonical::write(&self.ordered(Variants::Keep), output, true)
    }

    /// Reads what [`Self::write_to`] wrote, plain or gzip.
    pub fn read_from(input: impl Read, limits: &Limits) -> Result<Self> {
        let source = Source::open(input, limits).map_err(|fault| source::explain(fault, 0, limits.input_bytes))?;
        let mut raw = RawProfile::default();
        let source = Opened::Fresh(source);
        let (version, ..) = reader::read(source, limits, Expect::Intermediate, &mut raw, Text::Pass)?;
        let mut merged = Self {
            version,
            ..Self::default()
        };
        merged.absorb(&mut raw);
        Ok(merged)
    }

    /// Resolves the conflicts and gives the form that the image builder reads.
    pub fn to_final(&self, policy: ConflictPolicy) -> Profile {
        Profile::new(Canonical::keep(&self.ordered(policy.into())))
    }

    /// Writes the canonical bytes of the final form: what [`Self::to_final`] writes, without making it first.
    pub fn write_final(&self, policy: ConflictPolicy, output: impl Write) -> Result<()> {
        canonical::write(&self.ordered(policy.into()), output, false)
    }

    /// The digest of the final form's canonical bytes.
    pub fn digest(&self, policy: ConflictPolicy) -> Result<Digest> {
        Digest::of(|output| self.write_final(policy, output))
    }

    fn ordered(&self, variants: Variants) -> Ordered<'_> {
        let plan = self.plan.get_or_init(|| Arc::new(Plan::new(self, self.former.as_deref())));
        Ordered {
            merge: self,
            plan,
            variants,
        }
    }

    /// Whether nothing was merged yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries of all sections; a place with conflicting shapes counts once.
    pub fn len(&self) -> usize {
        self.sections.iter().map(|part| part.places.len()).sum()
    }

    /// Branching places whose profiles disagree about the shape.
    pub fn conflicts(&self) -> usize {
        let part = self.section(Section::Conditionals);
        let positions = 0..crate::index::narrow(part.places.len());
        positions
            .filter(|position| part.branches.has_conflict(part.places.head(*position)))
            .count()
    }

    /// Sum of call, branch, virtual and instanceof counts, conflicting shapes included; saturates at `i64::MAX`.
    pub fn event_mass(&self) -> u64 {
        u64::try_from(self.counters.mass()).unwrap_or(MOST).min(MOST)
    }

    pub(crate) fn section(&self, section: Section) -> &Part {
        &self.sections[section.index()]
    }

    /// This merge as a profile in a numbering of its own, conflicting shapes one after the other.
    fn to_raw(&self, scale: impl Fn(i64) -> i64) -> RawProfile {
        let mut raw = RawProfile::default();
        merge::copy_names(&self.names, &mut raw);
        let mut records = Vec::new();
        for section in Section::ALL {
            let part = self.section(section);
            let count = |counter: u32| scale(self.counters.get(counter).cast_signed());
            for position in 0..crate::index::narrow(part.places.len()) {
                let frames: &[Frame] = part.places.frames(position);
                let head = part.places.head(position);
                records.clear();
                match section {
                    Section::CallCounts | Section::Samples => records.push(count(head)),
                    Section::InstanceOf | Section::Monitors | Section::VirtualInvokes => {
                        records.extend(part.pairs.list(head).flat_map(|(id, counter)| [i64::from(id), count(counter)]));
                    }
                    Section::Conditionals => {
                        for (shape, counters) in part.branches.variants(head) {
                            records.clear();
                            let triples = shape.iter().zip(counters);
                            records.extend(
                                triples.flat_map(|((bci, branch), counter)| [i64::from(*bci), i64::from(*branch), count(*counter)]),
                            );
                            raw.add_entry(section, frames, &records, &[]);
                        }
                        continue;
                    }
                }
                raw.add_entry(section, frames, &records, &[]);
            }
        }
        raw
    }

    fn check_size(&self, raw: &RawProfile, summary: &Summary, limits: &Limits) -> Result<()> {
        let exceed = |unit, allowed: usize| -> Result<(), Error> {
            ExceedLimitSnafu {
                place: Place::Byte(summary.bytes),
                unit,
                allowed: allowed as u64,
            }
            .fail()
        };
        let (frames, counts) = raw.sizes();
        let kept: usize = self.sections.iter().map(|part| part.places.frames_len()).sum();
        if (kept + frames).max(self.counters.len() + counts) > limits.merged_values {
            return exceed("frames or counters in the merge", limits.merged_values);
        }
        if self.names.text_len() + raw.text_len() > limits.merged_name_bytes {
            return exceed("bytes of names in the merge", limits.merged_name_bytes);
        }
        let names = limits.merged_names;
        let most = (
            self.names.types_len() as u64 + summary.types,
            self.names.methods_len() as u64 + summary.methods,
            self.len() as u64 + summary.entries.total(),
        );
        if most.0.max(most.1) <= names as u64 && most.2 <= limits.merged_entries as u64 {
            return Ok(());
        }
        let (types, methods, entries) = merge::measure(self, raw);
        if entries > limits.merged_entries {
            return exceed("entries in the merge", limits.merged_entries);
        }
        if types.max(methods) > names {
            return exceed("types or methods in the merge", names);
        }
        Ok(())
    }
}

fn report(summary: Summary, effect: Effect, first: bool) -> Report {
    Report {
        summary,
        contexts: effect.contexts,
        new_contexts: effect.new_contexts,
        repeated_contexts: effect.repeated_contexts,
        overlap: (!first).then_some(effect.overlap),
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
