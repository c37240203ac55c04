//! Medians with intervals, for measurements that are repeated in turn.
//!
//! Intervals are percentile intervals of the bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
//! chapter 13): 95 percent of the medians of samples drawn anew, with replacement, lie in them. The draws are the same in every run.

use fastrand::Rng;

const RESAMPLES: usize = 2000;
const SEED: u64 = 1993;

/// A median, and where 95 percent of resampled ones lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The median of some measurements; not a number if there is none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// The median of some measurements, with its interval.
pub(crate) fn estimate(values: &[f64]) -> Estimate {
    bootstrap(values.len(), |indices| median(&picked(values, indices)))
}

/// How many times the median of one is that of another, measured in the same rounds: a round is drawn with both.
pub(crate) fn ratio(of: &[f64], to: &[f64]) -> Estimate {
    let rounds = of.len().min(to.len());
    bootstrap(rounds, |indices| median(&picked(of, indices)) / median(&picked(to, indices)))
}

fn bootstrap(count: usize, statistic: impl Fn(&[usize]) -> f64) -> Estimate {
    let value = statistic(&(0..count).collect::<Vec<_>>());
    if count == 0 {
        return Estimate {
            value,
            low: f64::NAN,
            high: f64::NAN,
        };
    }
    let mut rng = Rng::with_seed(SEED);
    let mut all: Vec<f64> = (0..RESAMPLES)
        .map(|_| statistic(&(0..count).map(|_| rng.usize(..count)).collect::<Vec<_>>()))
        .collect();
    all.sort_by(f64::total_cmp);
    Estimate {
        value,
        low: all[RESAMPLES * 25 / 1000],
        high: all[RESAMPLES * 975 / 1000 - 1],
    }
}

fn picked(values: &[f64], indices: &[usize]) -> Vec<f64> {
    indices.iter().map(|&index| values[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_and_even_counts() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn an_interval_holds_its_median_and_narrows_with_more_measurements() {
        let measured = |count: u32| (0..count).map(|index| f64::from(index % 10)).collect::<Vec<_>>();
        let (few, many) = (estimate(&measured(10)), estimate(&measured(1000)));
        assert!(few.low <= few.value && few.value <= few.high, "{few:?}");
        assert!(many.high - many.low < few.high - few.low, "{few:?} {many:?}");
        assert_eq!(estimate(&measured(10)), few, "the draws are the same");
    }

    #[test]
    fn a_ratio_of_rounds_that_drift_together_is_certain() {
        let one: Vec<f64> = (1..30).map(f64::from).collect();
        let other: Vec<f64> = one.iter().map(|value| value * 2.0).collect();
        let ratio = ratio(&other, &one);
        assert!((ratio.value - 2.0).abs() < 1e-12);
        assert!((ratio.high - ratio.low).abs() < 1e-12, "{ratio:?}");
    }
}
