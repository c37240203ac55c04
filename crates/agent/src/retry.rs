//! How often and how fast something is tried again. Decides; the callers wait.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// A number nobody can predict, for jitter. Not for secrets.
pub(crate) fn chance() -> u64 {
    // Each new state has keys of its own, seeded by the operating system.
    RandomState::new().hash_one(0_u8)
}

/// Tries, the waits between them and the deadline of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Tries altogether.
    pub(crate) tries: u32,
    /// Wait after the first try; doubles.
    pub(crate) first: Duration,
    /// The longest wait.
    pub(crate) longest: Duration,
    /// Deadline of one call that carries no object.
    pub(crate) call: Duration,
}

/// Outlasts a depot that is being replaced, and one that the kubelet starts for the fifth time, after 80 seconds: a build that took an
/// hour must not be lost to that.
impl Default for Pace {
    fn default() -> Self {
        Self {
            tries: 24,
            first: Duration::from_millis(250),
            longest: Duration::from_secs(10),
            call: Duration::from_secs(10),
        }
    }
}

impl Pace {
    /// The wait after this many failed tries: half of it fixed, half of it jitter. `None` = give up.
    pub(crate) fn wait(&self, failed: u32) -> Option<Duration> {
        (failed < self.tries).then(|| self.spread(failed, chance()))
    }

    /// Like [`Self::wait`] for what is tried as long as the pod lives.
    pub(crate) fn wait_forever(&self, failed: u32) -> Duration {
        self.spread(failed, chance())
    }

    fn spread(&self, failed: u32, chance: u64) -> Duration {
        let doublings = failed.saturating_sub(1).min(16);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let nanoseconds = u64::try_from(full.as_nanos()).unwrap_or(u64::MAX);
        let half = nanoseconds / 2;
        Duration::from_nanos(half + chance % (half + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let pace = Pace {
            tries: 4,
            ..Pace::default()
        };
        for (failed, full) in [(1, 250), (2, 500), (3, 1000)] {
            let wait = pace.wait(failed).unwrap().as_millis();
            assert!((full / 2..=full).contains(&wait), "after {failed}: {wait} ms");
        }
        assert_eq!(pace.wait(4), None);
        assert!(pace.wait_forever(60) <= pace.longest);
        assert!(pace.wait_forever(60) >= pace.longest / 2);
    }

    #[test]
    fn the_default_outlasts_the_kubelets_pause_before_a_fifth_start() {
        let pace = Pace::default();
        // With no luck at all each wait is half of what it may be.
        let shortest: Duration = (1..pace.tries).map(|failed| pace.spread(failed, 0)).sum();
        assert!(shortest > Duration::from_secs(80), "{shortest:?}");
    }

    #[test]
    fn chance_differs_from_call_to_call() {
        assert_ne!((chance(), chance()), (chance(), chance()));
    }
}
