//! A backend's standing in one atomic word, for the path that must not lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::health::Standing;

const CLEAN: u64 = 0;
const SHAKY: u64 = 1;
/// Anything from here on says: down, and a trial is due that many nanoseconds, less this, after `born`.
const DOWN: u64 = 2;
const ON_TRIAL: u64 = u64::MAX;

/// The standing as the last change of health left it. A hint for choosing, read without order
/// against other memory; what it leads to is decided under the lock of the health.
#[derive(Debug)]
pub(super) struct Gate {
    born: Instant,
    word: AtomicU64,
}

impl Gate {
    /// Up. Times are kept relative to `born`.
    pub(super) fn new(born: Instant) -> Self {
        Self { born, word: AtomicU64::new(CLEAN) }
    }

    pub(super) fn set(&self, standing: Standing) {
        let word = match standing {
            Standing::Up => CLEAN,
            Standing::Shaky => SHAKY,
            Standing::Down { retry_at } => {
                DOWN + nanos(retry_at.saturating_duration_since(self.born))
            }
            Standing::OnTrial => ON_TRIAL,
        };
        self.word.store(word, Relaxed);
    }

    /// Up, and the last connection did not fail: a success would change nothing.
    pub(super) fn is_clean(&self) -> bool {
        self.word.load(Relaxed) == CLEAN
    }

    pub(super) fn is_up(&self) -> bool {
        self.word.load(Relaxed) < DOWN
    }

    /// Up, or down with a trial due.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        match self.word.load(Relaxed) {
            CLEAN | SHAKY => true,
            ON_TRIAL => false,
            due => due - DOWN <= nanos(now.saturating_duration_since(self.born)),
        }
    }
}

/// Nanoseconds, of 292 years at most, so that the codes above fit beside them.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX / 2)
}
