//! The exact weighted split: by counter, never by chance.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The order in which targets take requests, repeated for ever.
///
/// One round holds each target exactly as often as its percent says (all divided by their greatest common divisor) and spreads
/// it evenly (smooth weighted round robin), so any 1000 consecutive requests are split exactly when the percents add up to 100.
#[derive(Debug)]
pub(crate) struct Split {
    round: Box<[u8]>,
    next: AtomicUsize,
}

impl Split {
    pub(crate) fn new(percents: &[u32]) -> Self {
        Self {
            round: round(percents),
            next: AtomicUsize::new(0),
        }
    }

    /// The target of the next request; `None` when no target has a share.
    pub(crate) fn next(&self) -> Option<usize> {
        if self.round.len() < 2 {
            return self.round.first().map(|target| usize::from(*target));
        }
        // Wrapping after 2^64 requests may shift one round: nobody lives to see it.
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.round.len();
        self.round.get(turn).map(|target| usize::from(*target))
    }
}

fn round(percents: &[u32]) -> Box<[u8]> {
    let divisor = percents.iter().copied().fold(0, greatest_common_divisor).max(1);
    let weights: Vec<i64> = percents.iter().map(|percent| i64::from(percent / divisor)).collect();
    let total: i64 = weights.iter().sum();
    let mut credit = vec![0; weights.len()];
    let mut round = Vec::new();
    for _ in 0..total {
        for (credit, weight) in credit.iter_mut().zip(&weights) {
            *credit += weight;
        }
        let Some(richest) = (0..credit.len()).max_by_key(|target| (credit[*target], std::cmp::Reverse(*target))) else {
            break;
        };
        credit[richest] -= total;
        round.push(u8::try_from(richest).unwrap_or(u8::MAX));
    }
    round.into()
}

const fn greatest_common_divisor(left: u32, right: u32) -> u32 {
    if right == 0 {
        left
    } else {
        greatest_common_divisor(right, left % right)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[100])]
    #[case(&[50, 50])]
    #[case(&[90, 10])]
    #[case(&[99, 1])]
    #[case(&[5, 85, 10])]
    #[case(&[33, 33, 34])]
    #[case(&[0, 100, 0])]
    #[case(&[13, 12, 13, 12, 13, 12, 13, 12])]
    fn any_thousand_requests_are_split_exactly(#[case] percents: &[u32]) {
        let split = Split::new(percents);
        let taken: Vec<usize> = std::iter::repeat_with(|| split.next().expect("a target has a share"))
            .take(3000)
            .collect();
        for window in taken.windows(1000) {
            for (target, percent) in percents.iter().enumerate() {
                let count = window.iter().filter(|taken| **taken == target).count();
                assert_eq!(
                    count,
                    usize::try_from(percent * 10).expect("it is small"),
                    "target {target} of {percents:?}"
                );
            }
        }
    }

    #[test]
    fn a_small_share_is_spread_and_not_bunched() {
        let split = Split::new(&[90, 10]);
        let taken: Vec<usize> = std::iter::repeat_with(|| split.next().expect("a target has a share"))
            .take(200)
            .collect();
        for window in taken.windows(10) {
            assert_eq!(window.iter().filter(|taken| **taken == 1).count(), 1);
        }
    }

    #[test]
    fn nothing_is_chosen_where_nothing_has_a_share() {
        assert_eq!(Split::new(&[]).next(), None);
        assert_eq!(Split::new(&[0, 0]).next(), None);
    }

    #[test]
    fn threads_together_split_exactly() {
        let split = Split::new(&[75, 25]);
        let counts: Vec<usize> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..1000).filter(|_| split.next() == Some(1)).count()))
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("the worker ends")).collect()
        });
        assert_eq!(counts.iter().sum::<usize>(), 1000);
    }
}
