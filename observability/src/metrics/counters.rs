//! A closed set of counters that workers write side by side.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::sharded::Sharded;

/// `N` counters, told apart by their place.
#[derive(Debug)]
pub struct Counters<const N: usize> {
    shards: Sharded<[AtomicU64; N]>,
}

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        Self { shards: Sharded::new(|| [const { AtomicU64::new(0) }; N]) }
    }
}

impl<const N: usize> Counters<N> {
    /// Counts one at `place`.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn count(&self, place: usize) {
        self.shards.mine()[place].fetch_add(1, Relaxed);
    }

    /// What all threads have counted so far.
    #[must_use]
    pub fn totals(&self) -> [u64; N] {
        let mut totals = [0; N];
        for shard in self.shards.all() {
            for (total, count) in totals.iter_mut().zip(shard) {
                *total += count.load(Relaxed);
            }
        }
        totals
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.totals().iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_count_is_summed() {
        let counters = Counters::<3>::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|each| counters.count(each % 2)));
            }
        });
        assert_eq!(counters.totals(), [2000, 2000, 0]);
        assert_eq!(counters.total(), 4000);
    }
}
