//! A histogram with fixed buckets, written by all workers at once.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use super::exemplar::{Exemplar, Exemplars, TraceId};
use super::sharded::Sharded;

/// How many bounds a scale has.
pub const BOUNDS: usize = 16;

/// One bucket up to each bound, and one above all.
pub(super) const BUCKETS: usize = BOUNDS + 1;

/// The upper bounds of buckets, each included, in nanoseconds, in ascending order.
#[derive(Debug, PartialEq, Eq)]
pub struct Scale([u64; BOUNDS]);

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

/// How long requests and their parts take: from a page out of a cache next door to one that is
/// nearly given up.
pub static LATENCY: Scale = Scale([
    MS / 10,
    MS / 4,
    MS / 2,
    MS,
    5 * MS / 2,
    5 * MS,
    10 * MS,
    25 * MS,
    50 * MS,
    100 * MS,
    250 * MS,
    500 * MS,
    S,
    5 * S / 2,
    5 * S,
    10 * S,
]);

/// How long connections last.
pub static LIFETIME: Scale = Scale([
    MS,
    5 * MS,
    10 * MS,
    50 * MS,
    100 * MS,
    500 * MS,
    S,
    5 * S,
    10 * S,
    30 * S,
    60 * S,
    300 * S,
    900 * S,
    3_600 * S,
    14_400 * S,
    86_400 * S,
]);

impl Scale {
    /// The bucket of a value in nanoseconds: that of the first bound which is not below it.
    fn bucket(&self, nanos: u64) -> usize {
        // Four steps without a branch that could be guessed wrongly.
        let mut below = 0;
        let mut half = BOUNDS / 2;
        while half > 0 {
            below += half * usize::from(self.0[below + half - 1] < nanos);
            half /= 2;
        }
        below + usize::from(self.0[below] < nanos)
    }
}

#[derive(Debug)]
struct Shard {
    counts: [AtomicU64; BUCKETS],
    /// Of all values, in nanoseconds.
    sum: AtomicU64,
}

/// Counts values by size. A value costs its writer two additions to memory that no other worker
/// writes to; one of a sampled trace a small lock besides.
#[derive(Debug)]
pub struct Histogram {
    scale: &'static Scale,
    shards: Sharded<Shard>,
    exemplars: Option<Box<Exemplars>>,
}

impl Histogram {
    /// An empty one.
    #[must_use]
    pub fn new(scale: &'static Scale) -> Self {
        let shard =
            || Shard { counts: [const { AtomicU64::new(0) }; BUCKETS], sum: AtomicU64::new(0) };
        Self { scale, shards: Sharded::new(shard), exemplars: None }
    }

    /// An empty one that keeps an exemplar for each bucket.
    #[must_use]
    pub fn with_exemplars(scale: &'static Scale) -> Self {
        Self { exemplars: Some(Box::default()), ..Self::new(scale) }
    }

    /// Counts `value`.
    pub fn observe(&self, value: Duration) {
        self.count(value);
    }

    /// Counts `value`, seen in `trace` if that one is kept.
    pub fn observe_in(&self, value: Duration, trace: Option<TraceId>) {
        let bucket = self.count(value);
        if let Some(trace) = trace {
            self.keep(bucket, value, trace);
        }
    }

    fn count(&self, value: Duration) -> usize {
        // Of 584 years or more it is only known that they were many.
        let nanos =
            value.as_secs().saturating_mul(S).saturating_add(u64::from(value.subsec_nanos()));
        let bucket = self.scale.bucket(nanos);
        let shard = self.shards.mine();
        shard.counts[bucket].fetch_add(1, Relaxed);
        shard.sum.fetch_add(nanos, Relaxed);
        bucket
    }

    /// Out of the way of the many that are in no trace.
    #[cold]
    #[inline(never)]
    fn keep(&self, bucket: usize, value: Duration, trace: TraceId) {
        if let Some(exemplars) = &self.exemplars {
            exemplars.keep(bucket, Exemplar { trace, value, at: SystemTime::now() });
        }
    }

    /// What all threads have counted so far.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::empty(&self.scale.0);
        for shard in self.shards.all() {
            for (total, count) in snapshot.counts.iter_mut().zip(&shard.counts) {
                *total += count.load(Relaxed);
            }
            snapshot.sum = snapshot.sum.wrapping_add(shard.sum.load(Relaxed));
        }
        if let Some(exemplars) = &self.exemplars {
            snapshot.exemplars = exemplars.newest().to_vec();
        }
        snapshot
    }
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The upper bounds of the buckets but the last, each included, in nanoseconds.
    pub bounds: &'static [u64],
    /// How many values each bucket has; one bucket more than there are bounds.
    pub counts: Vec<u64>,
    /// All values together, in nanoseconds.
    pub sum: u64,
    /// The newest exemplar of each bucket, or nothing at all.
    pub exemplars: Vec<Option<Exemplar>>,
}

impl Snapshot {
    fn empty(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0, exemplars: Vec::new() }
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The values that have come since it was `before`, of the same histogram.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let counts = self.counts.iter().zip(&before.counts);
        Self {
            counts: counts.map(|(now, before)| now.saturating_sub(*before)).collect(),
            sum: self.sum.wrapping_sub(before.sum),
            ..self.clone()
        }
    }

    /// Adds the values of another one of the same scale.
    pub fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.bounds, other.bounds, "of the same scale");
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

#[cfg(test)]
mod tests;
