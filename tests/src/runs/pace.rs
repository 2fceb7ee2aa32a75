//! Doing something at a steady rate.

use std::thread;
use std::time::{Duration, Instant};

/// Waits for `time`, where it is the length of something that is wanted: there is no event to wait
/// for.
pub(crate) fn rest(time: Duration) {
    let mut pace = Pace::every(time);
    pace.wait();
    pace.wait();
}

/// Moments at equal distances. A late one does not delay the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    next: Instant,
    period: Duration,
}

impl Pace {
    /// The first moment is now.
    pub(crate) fn every(period: Duration) -> Self {
        Self::every_from(Duration::ZERO, period)
    }

    /// The first moment is after `first`.
    pub(crate) fn every_from(first: Duration, period: Duration) -> Self {
        Self { next: Instant::now() + first, period }
    }

    /// Waits for the next moment. It is the rate that is wanted here, not a state of anything: there
    /// is no event to wait for.
    pub(crate) fn wait(&mut self) {
        loop {
            let left = self.next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        self.next += self.period;
    }
}
