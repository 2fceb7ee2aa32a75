//! How late the beats of a thread come, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The upper bounds of the counts, in nanoseconds: from the precision of a timer to far beyond the
/// watchdog's patience.
const BOUNDS: [u64; 12] = {
    const MS: u64 = 1_000_000;
    [
        MS,
        2 * MS,
        5 * MS,
        10 * MS,
        20 * MS,
        50 * MS,
        100 * MS,
        200 * MS,
        500 * MS,
        1_000 * MS,
        2_000 * MS,
        5_000 * MS,
    ]
};

/// Written by one thread ten times a second.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

/// How often which delay was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelayCounts {
    /// The upper bounds, each included, in nanoseconds, in ascending order.
    pub bounds: &'static [u64],
    /// How many were up to each bound and above the one before, and last those above all.
    pub counts: Vec<u64>,
    /// All delays together, in nanoseconds.
    pub sum: u64,
}

impl Delays {
    pub(crate) fn note(&self, late: Duration) {
        let late = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|bound| *bound < late);
        self.counts[place].fetch_add(1, Relaxed);
        self.sum.fetch_add(late, Relaxed);
    }

    pub(crate) fn counts(&self) -> DelayCounts {
        DelayCounts {
            bounds: &BOUNDS,
            counts: self.counts.iter().map(|count| count.load(Relaxed)).collect(),
            sum: self.sum.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_belongs_to_the_first_bound_that_is_not_below_it() {
        let delays = Delays::default();
        for late in [0, 1_000_000, 1_000_001, 5_000_000_000, 5_000_000_001] {
            delays.note(Duration::from_nanos(late));
        }
        let DelayCounts { bounds, counts, sum } = delays.counts();
        assert!(bounds.is_sorted());
        assert_eq!((counts[0], counts[1], counts[11], counts[12]), (2, 1, 1, 1));
        assert_eq!(sum, 10_002_000_002);
    }
}
