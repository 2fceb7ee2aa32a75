//! Messages that have crashed handlers, but not often enough to be quarantined.

use hashlink::LinkedHashMap;
use tokio::time::Instant;
use trunkline_runtime::Intensity;
use trunkline_runtime::policy::intensity::Window;

use super::{Fingerprint, Policy};

/// The crashes of each suspect within a period, the least recently crashed one first.
pub(super) struct Suspects {
    /// One crash fewer than quarantine; so many are within the limit.
    limit: Intensity,
    capacity: usize,
    windows: LinkedHashMap<Fingerprint, Window>,
}

impl Suspects {
    pub(super) fn new(policy: Policy, capacity: usize) -> Self {
        let limit = Intensity::new(u32::from(policy.threshold.get()) - 1, policy.period);
        Self { limit, capacity, windows: LinkedHashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.windows.len()
    }

    /// Counts a crash. Says whether it was one too many; then the message is no suspect any more.
    pub(super) fn crashed(&mut self, fingerprint: Fingerprint, now: Instant) -> bool {
        let mut window = self.windows.remove(&fingerprint).unwrap_or_default();
        if !window.record(now.into_std(), self.limit) {
            return true;
        }
        if self.windows.len() >= self.capacity {
            self.windows.pop_front();
        }
        self.windows.insert(fingerprint, window);
        false
    }

    /// Forgets those whose last crash is more than a period ago.
    pub(super) fn forget(&mut self, now: Instant) {
        while let Some((_, window)) = self.windows.iter_mut().next() {
            if window.count(now.into_std(), self.limit) > 0 {
                return;
            }
            self.windows.pop_front();
        }
    }
}
