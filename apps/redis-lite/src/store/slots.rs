//! How many keys there may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

/// There may not be as many keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the store holds as many keys as it may")]
pub struct NoSlot;

/// The keys of all shards, counted.
#[derive(Debug, Default)]
pub(super) struct KeyCount {
    used: AtomicUsize,
}

impl KeyCount {
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Room for a number of keys. What is left of it is given back on drop, so a key holds its own
/// from its creation to its end.
#[derive(Debug)]
pub struct Slots {
    keys: Arc<KeyCount>,
    count: usize,
}

impl Slots {
    /// Takes room for `count` keys, unless there would be more than `limit` then.
    pub(super) fn take(keys: &Arc<KeyCount>, count: usize, limit: usize) -> Result<Self, NoSlot> {
        // Only the number counts, nothing is published with it.
        keys.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(count).filter(|&used| count == 0 || used <= limit)
            })
            .map_err(|_| NoSlot)?;
        Ok(Self { keys: Arc::clone(keys), count })
    }

    /// Uses one for a key; `false` if there is none left.
    pub(super) fn spend(&mut self) -> bool {
        let left = self.count.checked_sub(1);
        self.count = left.unwrap_or(0);
        left.is_some()
    }

    /// Room that a key had.
    pub(super) fn freed(keys: &Arc<KeyCount>, count: usize) -> Self {
        Self { keys: Arc::clone(keys), count }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        self.keys.used.fetch_sub(self.count, Ordering::Relaxed);
    }
}
