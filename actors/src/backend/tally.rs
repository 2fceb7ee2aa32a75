//! How the requests to a backend have gone.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::ejection::Rate;

#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Requests in a row that went badly.
    failures: AtomicU32,
    /// Requests, and those that went well, since somebody looked.
    requests: AtomicU32,
    successes: AtomicU32,
}

impl Tally {
    /// A request went well or not; says how many in a row did not. `counts` says whether the rate
    /// matters.
    pub(super) fn add(&self, well: bool, counts: bool) -> u32 {
        if counts {
            self.requests.fetch_add(1, Relaxed);
            self.successes.fetch_add(u32::from(well), Relaxed);
        }
        if !well {
            return self.failures.fetch_add(1, Relaxed).saturating_add(1);
        }
        // Mostly it only has to be looked at.
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
        0
    }

    /// What went badly before is paid for.
    pub(super) fn restart(&self) {
        self.failures.store(0, Relaxed);
    }

    pub(super) fn take_rate(&self) -> Rate {
        // The successes first: of what comes in between, a request is counted and no success.
        let successes = self.successes.swap(0, Relaxed);
        let requests = self.requests.swap(0, Relaxed);
        Rate { requests: u64::from(requests), successes: u64::from(successes) }
    }
}
