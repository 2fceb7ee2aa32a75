//! A time that several threads read and set, or none.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::gate::nanos;

/// A time after the moment that it was made, to the nanosecond, in one atomic word.
#[derive(Debug)]
pub(super) struct Moment {
    born: Instant,
    /// Nanoseconds after `born` and one more; 0 is none.
    word: AtomicU64,
}

impl Moment {
    /// None as yet. Times are kept relative to `born`, and none before it.
    pub(super) fn new(born: Instant) -> Self {
        Self { born, word: AtomicU64::new(0) }
    }

    pub(super) fn get(&self) -> Option<Instant> {
        let word = self.word.load(Relaxed);
        word.checked_sub(1).map(|nanos| self.born + Duration::from_nanos(nanos))
    }

    pub(super) fn set(&self, at: Instant) {
        self.word.store(nanos(at.saturating_duration_since(self.born)) + 1, Relaxed);
    }
}
