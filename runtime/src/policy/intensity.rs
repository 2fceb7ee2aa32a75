//! Restart intensity: a sliding window over the times of restarts.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// At most `restarts` restarts within `period`; one more is too many
/// (OTP: `intensity` and `period` of the supervisor flags).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intensity {
    /// How many restarts a period may hold; 0 means that the first is one too many.
    pub restarts: u32,
    /// The length of the window.
    pub period: Duration,
}

impl Intensity {
    /// `restarts` restarts within `period`.
    #[must_use]
    pub const fn new(restarts: u32, period: Duration) -> Self {
        Self { restarts, period }
    }
}

/// The restarts that still count.
#[derive(Debug, Clone, Default)]
pub struct Window {
    times: VecDeque<Instant>,
}

impl Window {
    /// Records a restart at `now` and says whether the window still holds no more than it may.
    ///
    /// A restart exactly one period ago counts still, as in OTP's `supervisor:in_period/3`.
    pub fn record(&mut self, now: Instant, limit: Intensity) -> bool {
        self.forget(now, limit.period);
        self.times.push_back(now);
        // More than one over the limit never matters, so the window stays bounded.
        while self.times.len() > limit.restarts as usize + 1 {
            self.times.pop_front();
        }
        self.times.len() <= limit.restarts as usize
    }

    /// Fills the window, so that one more restart within a period from `now` is too many: the
    /// state of a child that is on trial.
    pub fn fill(&mut self, now: Instant, limit: Intensity) {
        self.times.clear();
        self.times
            .extend(std::iter::repeat_n(now, limit.restarts as usize));
    }

    /// The number of restarts that count at `now`.
    #[must_use]
    pub fn count(&mut self, now: Instant, limit: Intensity) -> usize {
        self.forget(now, limit.period);
        self.times.len()
    }

    fn forget(&mut self, now: Instant, period: Duration) {
        while self
            .times
            .front()
            .is_some_and(|at| now.saturating_duration_since(*at) > period)
        {
            self.times.pop_front();
        }
    }
}
