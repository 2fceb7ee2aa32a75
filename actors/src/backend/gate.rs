//! A backend's standing in one atomic word, for the path that must not lock.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::health::Standing;

const CLEAN: u64 = 0;
const SHAKY: u64 = 1;
/// Anything from here on says: down, and a trial is due that many nanoseconds, less this, after `born`.
const DOWN: u64 = 2;
/// Down, and nothing but a change of health makes a trial due.
const CLOSED: u64 = u64::MAX;

/// Whether a backend can be leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// It can.
    Now,
    /// From that time on, if nothing changes before.
    At(Instant),
    /// Not before something changes.
    Never,
}

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

    /// Says whether it makes a difference to who may be chosen.
    pub(super) fn set(&self, standing: Standing) -> bool {
        let word = match standing {
            Standing::Up => CLEAN,
            Standing::Shaky => SHAKY,
            Standing::Down { retry_at } => {
                DOWN + nanos(retry_at.saturating_duration_since(self.born))
            }
            Standing::OnTrial | Standing::Unfit => CLOSED,
        };
        let before = self.word.swap(word, Relaxed);
        before != word && before.max(word) >= DOWN
    }

    /// Up, and the last connection did not fail: a success would change nothing.
    pub(super) fn is_clean(&self) -> bool {
        self.word.load(Relaxed) == CLEAN
    }

    pub(super) fn is_up(&self) -> bool {
        self.word.load(Relaxed) < DOWN
    }

    /// Whether a lease would be granted: up, or down with a trial due.
    pub(super) fn open(&self, now: Instant) -> Open {
        match self.word.load(Relaxed) {
            CLEAN | SHAKY => Open::Now,
            CLOSED => Open::Never,
            due => {
                let due = self.born + Duration::from_nanos(due - DOWN);
                if due <= now { Open::Now } else { Open::At(due) }
            }
        }
    }
}

/// Nanoseconds, of 292 years at most, so that the codes above fit beside them.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX / 2)
}
