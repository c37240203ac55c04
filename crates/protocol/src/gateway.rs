//! What a gateway tells the controller, once a second: the routes it follows and what it has counted since its boot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::FunctionRef;

/// [`GatewayReport`] → [`GatewayReply`].
pub const REPORTS_PATH: &str = "/v1/gateway-reports";

/// One gateway's report. Cumulative: losing one loses nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayReport {
    /// The gateway's pod name.
    pub gateway: String,
    /// Changes whenever the gateway's process starts anew.
    pub boot: String,
    /// Every function it routes.
    pub functions: Vec<FunctionReport>,
}

/// What a gateway says of one function.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionReport {
    /// Which.
    pub function: FunctionRef,
    /// The `status.routeGeneration` it follows: nothing is sent by an older one any more, and what was is answered.
    pub generation: i64,
    /// Counts by Deployment.
    pub deployments: BTreeMap<String, Counts>,
    /// Requests that no executor could take.
    #[serde(default)]
    pub unroutable: u64,
}

/// Cumulative counts of one Deployment since the gateway's boot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Requests answered or given up.
    pub requests: u64,
    /// Answers by class: index 0 is 1xx (unused), 1 is 2xx, … 4 is 5xx.
    pub classes: [u64; 5],
    /// Requests sent again to another executor, because no byte had reached the first.
    pub retries: u64,
    /// Requests that ended without an answer from the executor.
    pub failures: u64,
    /// Requests whose client went away before it had the whole answer: no fault of the executor.
    pub cancelled: u64,
    /// Not answered yet.
    pub in_flight: u64,
    /// Latency in microseconds, as [`Histogram`].
    pub latency: Histogram,
}

/// A mergeable histogram: bucket `i` counts values `v` with `index(v) == i`, at most 1/32 (3.1 %) apart.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Histogram {
    /// Counts by bucket; empty buckets are absent.
    pub buckets: BTreeMap<u16, u64>,
}

const SUB_BITS: u32 = 5;

impl Histogram {
    /// The bucket of a value: exact below 32, then 32 linear buckets per power of two.
    pub fn index(value: u64) -> u16 {
        if value < (1 << SUB_BITS) {
            return u16::try_from(value).unwrap_or(u16::MAX);
        }
        let exponent = value.ilog2();
        let sub = (value >> (exponent - SUB_BITS)) & ((1 << SUB_BITS) - 1);
        u16::try_from(u64::from(exponent - SUB_BITS + 1) * (1 << SUB_BITS) + sub).unwrap_or(u16::MAX)
    }

    /// The smallest value of a bucket.
    pub fn value(index: u16) -> u64 {
        let (index, width) = (u64::from(index), 1_u64 << SUB_BITS);
        if index < width {
            return index;
        }
        let shift = (index / width - 1).min(58);
        (width + index % width) << shift
    }

    /// Counts one value.
    pub fn record(&mut self, value: u64) {
        *self.buckets.entry(Self::index(value)).or_default() += 1;
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// The smallest value with at least this share (0.0–1.0) of all values at or below it; `None` when empty.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let total = self.count();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank of at most 2^53"
        )]
        let rank = ((total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= rank).then(|| Self::value(*bucket))
        })
    }
}

/// The controller's answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct GatewayReply {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_its_own_smallest_value_and_errs_by_at_most_one_in_thirty_two() {
        for value in (0..5000).chain([1 << 20, (1 << 40) + 12345, u64::MAX]) {
            let floor = Histogram::value(Histogram::index(value));
            assert!(floor <= value, "{floor} > {value}");
            assert!(value - floor <= value / 32, "{value} fell to {floor}");
        }
    }

    #[test]
    fn a_merge_equals_counting_everything_at_once() {
        let (mut left, mut right, mut both) = (Histogram::default(), Histogram::default(), Histogram::default());
        for value in 0..1000_u64 {
            if value % 3 == 0 {
                left.record(value * 7);
            } else {
                right.record(value * 7);
            }
            both.record(value * 7);
        }
        left.merge(&right);
        assert_eq!(left, both);
        assert_eq!(both.quantile(0.5).map(|v| v / 100), Some(34));
    }
}
