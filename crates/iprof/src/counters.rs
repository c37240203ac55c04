//! Owns the counters of a merge in one dense array, and the addition of a profile's counts to them.

use crate::form::Section;
use crate::index::narrow;
use crate::model::add;

/// Every counter of a merge. A counter's position never changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    counts: Vec<u64>,
    /// Exact sum of the counters of sections with events.
    mass: u128,
}

/// Counts of one section, and the counters that they belong to.
pub(crate) struct Run<'a> {
    pub(crate) section: Section,
    pub(crate) slots: &'a [u32],
    /// Overwritten: afterwards they are what the counters were before.
    pub(crate) counts: &'a mut [u64],
}

impl Counters {
    pub(crate) fn make(&mut self) -> u32 {
        self.counts.push(0);
        narrow(self.counts.len() - 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }

    #[inline]
    pub(crate) fn get(&self, counter: u32) -> u64 {
        self.counts[counter as usize]
    }

    /// The exact sum of the counters of sections with events.
    pub(crate) fn mass(&self) -> u128 {
        self.mass
    }

    /// Adds, and returns the weighted overlap of the counters before and after. `distinct`: no counter appears twice.
    pub(crate) fn add(&mut self, runs: &mut [Run<'_>], distinct: bool) -> f64 {
        let before = self.mass;
        for run in runs.iter_mut() {
            let mut gained = 0_u128;
            for (slot, count) in run.slots.iter().zip(run.counts.iter_mut()) {
                let counter = &mut self.counts[*slot as usize];
                let sum = add(*counter, *count);
                gained += u128::from(sum - *counter);
                *count = std::mem::replace(counter, sum);
            }
            if run.section.has_events() {
                self.mass += gained;
            }
        }
        if before == 0 || self.mass == 0 {
            return if before == self.mass { 1.0 } else { 0.0 };
        }
        self.overlap(before, runs, distinct)
    }

    /// Counters that were not touched keep their count, and lose share.
    fn overlap(&self, before: u128, runs: &[Run<'_>], distinct: bool) -> f64 {
        let mut met = vec![0_u64; if distinct { 0 } else { self.counts.len().div_ceil(64) }];
        let (before_mass, after_mass) = (float(before), float(self.mass));
        let (mut common, mut touched) = (0.0, 0_u128);
        for run in runs.iter().filter(|run| run.section.has_events()) {
            for (slot, old) in run.slots.iter().zip(run.counts.iter()) {
                let slot = *slot as usize;
                if !distinct {
                    let bit = 1 << (slot % 64);
                    if met[slot / 64] & bit != 0 {
                        continue;
                    }
                    met[slot / 64] |= bit;
                }
                touched += u128::from(*old);
                // The counter's count is never above `i64::MAX`, which converts faster.
                let (old, new) = (count_as_float(*old), count_as_float(self.counts[slot]));
                common += (old / before_mass).min(new / after_mass);
            }
        }
        (common + float(before - touched) / after_mass).clamp(0.0, 1.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share is shown and compared in percent")]
fn float(mass: u128) -> f64 {
    mass as f64
}

#[expect(clippy::cast_precision_loss, reason = "a share is shown and compared in percent")]
#[inline]
fn count_as_float(count: u64) -> f64 {
    count.cast_signed() as f64
}
