//! After how long most requests of a pool are answered, for whoever asks a second backend then.
//!
//! Latencies are counted in buckets: eight of equal width for each doubling, as HdrHistogram has
//! them, so that what is read is off by at most 1/16. Two windows are kept, of which the older is
//! dropped at each turn.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

/// The shortest latency that is told apart; what is shorter counts as this.
pub const SHORTEST: Duration = Duration::from_micros(1);
/// The longest; what is longer counts as this.
pub const LONGEST: Duration = Duration::from_secs(100);
/// Fewer answers in two windows say nothing.
pub const LEAST_SAMPLES: u64 = 100;

/// Buckets of a doubling, as a power of two.
const STEPS: u32 = 3;
/// Number of the bucket that [`SHORTEST`] is in, were they counted from 1 ns.
const FIRST: usize = number(SHORTEST.as_nanos() as u64);
const BUCKETS: usize = number(LONGEST.as_nanos() as u64) - FIRST + 1;

/// In place of a bucket: there are too few samples.
const TOO_FEW: u32 = u32::MAX - 1;
/// In place of a bucket: it was not looked for since the last turn.
const NOT_SOUGHT: u32 = u32::MAX;

/// The latencies of a pool's answers.
#[derive(Debug)]
pub struct Percentile {
    /// The window that is open.
    counts: [AtomicU32; BUCKETS],
    closed: Mutex<Closed>,
    /// The percentile that was asked for last, as the bits of an `f32`, and its bucket. Written under
    /// the lock of `closed` only, so that it is never older than that.
    found: AtomicU64,
}

/// The two windows that were closed last.
#[derive(Debug)]
struct Closed {
    last: [u32; BUCKETS],
    both: [u32; BUCKETS],
}

impl Default for Percentile {
    fn default() -> Self {
        Self {
            counts: [const { AtomicU32::new(0) }; BUCKETS],
            closed: Mutex::new(Closed { last: [0; BUCKETS], both: [0; BUCKETS] }),
            found: AtomicU64::new(u64::from(NOT_SOUGHT)),
        }
    }
}

impl Percentile {
    /// An answer took so long. Costs one relaxed addition.
    pub fn record(&self, latency: Duration) {
        let nanos = latency.clamp(SHORTEST, LONGEST).as_nanos() as u64;
        self.counts[number(nanos) - FIRST].fetch_add(1, Relaxed);
    }

    /// Closes the window: from now on what was recorded since the last turn and since the one before
    /// counts. To be called every few seconds, by one caller.
    pub fn turn(&self) {
        let mut closed = self.closed.lock();
        let Closed { last, both } = &mut *closed;
        for ((count, last), both) in self.counts.iter().zip(last).zip(both) {
            let new = count.swap(0, Relaxed);
            *both = new.saturating_add(*last);
            *last = new;
        }
        self.found.store(u64::from(NOT_SOUGHT), Relaxed);
    }

    /// The latency that `percentile` per cent of the answers did not exceed, off by 1/16 at most, as
    /// the last turn left it. None where there were fewer than [`LEAST_SAMPLES`].
    ///
    /// It is looked for once a turn, as long as the same percentile is asked for: else it costs a
    /// load.
    #[must_use]
    pub fn after(&self, percentile: f32) -> Option<Duration> {
        let found = self.found.load(Relaxed);
        let (asked, bucket) = ((found >> 32) as u32, found as u32);
        if bucket != NOT_SOUGHT && asked == percentile.to_bits() {
            return middle(bucket);
        }
        let closed = self.closed.lock();
        let bucket = closed.bucket(percentile);
        let found = u64::from(percentile.to_bits()) << 32 | u64::from(bucket);
        self.found.store(found, Relaxed);
        middle(bucket)
    }
}

impl Closed {
    /// By the nearest rank.
    fn bucket(&self, percentile: f32) -> u32 {
        let total: u64 = self.both.iter().map(|count| u64::from(*count)).sum();
        if total < LEAST_SAMPLES {
            return TOO_FEW;
        }
        let rank = (f64::from(percentile) / 100.0 * total as f64).ceil() as u64;
        let mut left = rank.clamp(1, total);
        for (bucket, count) in (0..).zip(&self.both) {
            match left.checked_sub(u64::from(*count)) {
                None | Some(0) => return bucket,
                Some(rest) => left = rest,
            }
        }
        TOO_FEW
    }
}

/// The number of the bucket of `nanos`, which is at least 2^[`STEPS`].
const fn number(nanos: u64) -> usize {
    let doubling = nanos.ilog2();
    // The bits after the first.
    let step = (nanos >> (doubling - STEPS)) as usize & ((1 << STEPS) - 1);
    ((doubling as usize) << STEPS) + step
}

/// The middle of a bucket, but none beyond what is told apart.
fn middle(bucket: u32) -> Option<Duration> {
    if bucket >= TOO_FEW {
        return None;
    }
    let number = bucket + FIRST as u32;
    let (doubling, step) = (number >> STEPS, number & ((1 << STEPS) - 1));
    let width = 1u64 << (doubling - STEPS);
    let from = (u64::from(step) + (1 << STEPS)) * width;
    Some(Duration::from_nanos(from + width / 2).clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests;
