//! Percentiles of measured times.

use serde::{Deserialize, Serialize};

/// A distribution of times, in nanoseconds; all zero where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// How many times were measured.
    pub count: u64,
    /// The median.
    pub p50_nanos: u64,
    /// Nine in ten were at most this.
    pub p90_nanos: u64,
    /// 99 in 100 were at most this.
    pub p99_nanos: u64,
    /// 999 in 1,000 were at most this.
    pub p999_nanos: u64,
    /// The longest.
    pub max_nanos: u64,
}

impl Latency {
    /// The distribution of `nanos`, by nearest rank, from all samples and not from buckets.
    pub fn of(mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        let rank = |per_mille: usize| {
            let position = (nanos.len() * per_mille).div_ceil(1000).max(1) - 1;
            nanos.get(position).copied().unwrap_or_default()
        };
        Self {
            count: nanos.len() as u64,
            p50_nanos: rank(500),
            p90_nanos: rank(900),
            p99_nanos: rank(990),
            p999_nanos: rank(999),
            max_nanos: rank(1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Latency;

    #[test]
    fn percentiles_are_samples_by_nearest_rank() {
        let latency = Latency::of((1..=1000).rev().collect());
        let seen = (latency.p50_nanos, latency.p99_nanos, latency.p999_nanos, latency.max_nanos);
        assert_eq!(seen, (500, 990, 999, 1000));
    }

    #[test]
    fn nothing_measured_is_all_zero() {
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }

    #[test]
    fn one_sample_is_every_percentile() {
        let latency = Latency::of(vec![7]);
        assert_eq!((latency.p50_nanos, latency.max_nanos, latency.count), (7, 7, 1));
    }
}
