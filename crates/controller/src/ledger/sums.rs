//! The figures that are added up: ends of requests by kind, and retries.

use anneal_protocol::gateway::Counts;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Kinds of figures, the frequent ones first: 2xx, 4xx, 5xx, 3xx, 1xx, failures, cancelled, retries.
const KINDS: usize = 8;
/// All but the retries are ends of requests.
const ENDS: usize = 7;
/// As much of a boot's name as tells it from all others.
const BOOT: usize = 16;

/// Cumulative figures.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sums([u64; KINDS]);

impl Sums {
    /// What a gateway counted.
    pub const fn of(counts: &Counts) -> Self {
        let [informed, good, moved, refused, failed] = counts.classes;
        Self([
            good,
            refused,
            failed,
            moved,
            informed,
            counts.failures,
            counts.cancelled,
            counts.retries,
        ])
    }

    /// Requests that ended.
    pub fn requests(&self) -> u64 {
        self.0.iter().take(ENDS).fold(0, |sum, figure| sum.saturating_add(*figure))
    }

    /// What these have above others, figure by figure.
    #[must_use]
    pub fn above(self, other: Self) -> Self {
        Self(std::array::from_fn(|kind| self.0[kind].saturating_sub(other.0[kind])))
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|kind| self.0[kind].saturating_add(other.0[kind])))
    }
}

/// Zeros at the end are left out: most functions answer 2xx and nothing else.
impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let used = self.0.iter().rposition(|figure| *figure > 0).map_or(0, |last| last + 1);
        serializer.collect_seq(self.0.iter().take(used))
    }
}

impl<'de> Deserialize<'de> for Sums {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let figures = Vec::<u64>::deserialize(deserializer)?;
        let mut sums = Self::default();
        for (sum, figure) in sums.0.iter_mut().zip(figures) {
            *sum = figure;
        }
        Ok(sums)
    }
}

/// The name of a boot as it is kept.
pub(super) fn boot(name: &str) -> &str {
    name.get(..BOOT).unwrap_or(name)
}
