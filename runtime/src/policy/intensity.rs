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
        self.times.extend(std::iter::repeat_n(now, limit.restarts as usize));
    }

    /// The number of restarts that count at `now`.
    #[must_use]
    pub fn count(&mut self, now: Instant, limit: Intensity) -> usize {
        self.forget(now, limit.period);
        self.times.len()
    }

    fn forget(&mut self, now: Instant, period: Duration) {
        while self.times.front().is_some_and(|at| now.saturating_duration_since(*at) > period) {
            self.times.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Intensity = Intensity::new(2, Duration::from_secs(10));

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn as_many_restarts_as_allowed_pass_and_one_more_does_not() {
        let (mut window, start) = (Window::default(), Instant::now());
        assert!(window.record(start, LIMIT));
        assert!(window.record(start, LIMIT));
        assert!(!window.record(start, LIMIT));
    }

    #[test]
    fn a_restart_exactly_one_period_ago_counts_and_an_older_one_does_not() {
        let start = Instant::now();
        for (later, passes) in [(at(start, 10), false), (at(start, 10) + TICK, true)] {
            let mut window = Window::default();
            window.record(start, LIMIT);
            window.record(start, LIMIT);
            assert_eq!(window.record(later, LIMIT), passes);
        }
    }

    const TICK: Duration = Duration::from_nanos(1);

    #[test]
    fn the_window_slides() {
        let (mut window, start) = (Window::default(), Instant::now());
        for second in (0..60).step_by(6) {
            assert!(window.record(at(start, second), LIMIT), "at {second} s");
        }
        assert_eq!(window.count(at(start, 54), LIMIT), 2);
        assert_eq!(window.count(at(start, 65), LIMIT), 0);
    }

    #[test]
    fn no_restart_is_allowed_by_an_intensity_of_zero() {
        let none = Intensity::new(0, Duration::from_secs(10));
        assert!(!Window::default().record(Instant::now(), none));
    }

    #[test]
    fn on_trial_one_restart_is_too_many_until_the_period_is_over() {
        let (mut window, start) = (Window::default(), Instant::now());
        window.fill(start, LIMIT);
        assert!(!window.clone().record(at(start, 9), LIMIT));
        assert!(window.record(at(start, 11), LIMIT));
    }

    proptest! {
        #[test]
        fn a_restart_passes_exactly_if_the_period_before_it_holds_fewer_than_allowed(
            steps in prop::collection::vec(0u64..8_000, 1..60),
            restarts in 0u32..6,
        ) {
            let limit = Intensity::new(restarts, Duration::from_secs(10));
            let (mut window, mut now) = (Window::default(), Instant::now());
            let mut times = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                times.push(now);
                let in_period = |time: &&Instant| now - **time <= limit.period;
                let count = times.iter().filter(in_period).count();
                prop_assert_eq!(window.record(now, limit), count <= restarts as usize);
            }
        }
    }
}
