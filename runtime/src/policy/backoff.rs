//! Exponential back-off with jitter.

use std::time::Duration;

/// How long a child rests before it is restarted.
///
/// The n-th restart in a row waits between half of and the whole of `min * 2^n`, at most `max`
/// ("equal jitter" in M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
/// After an uptime of `healthy` the count starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait before the first restart; never zero, so no failure loops without a rest.
    pub min: Duration,
    /// The longest wait at all.
    pub max: Duration,
    /// The uptime after which a failure counts as the first again.
    pub healthy: Duration,
}

impl Backoff {
    /// From `min` to `max`, forgotten after `healthy`.
    #[must_use]
    pub const fn new(min: Duration, max: Duration, healthy: Duration) -> Self {
        Self { min, max, healthy }
    }

    /// The wait before restart number `attempt` in a row (from 0); `random` is uniform in `0..1`.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let whole = self.min.saturating_mul(1u32.checked_shl(attempt).unwrap_or(u32::MAX));
        self.jittered(whole.min(self.max), random)
    }

    /// The longest wait: that of a parked child.
    #[must_use]
    pub fn longest(&self, random: f64) -> Duration {
        self.jittered(self.max, random)
    }

    fn jittered(&self, whole: Duration, random: f64) -> Duration {
        whole / 2 + (whole / 2).mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff =
        Backoff::new(Duration::from_millis(10), Duration::from_secs(30), Duration::from_secs(10));

    #[test]
    fn each_rest_is_twice_the_one_before_up_to_the_longest() {
        let rests: Vec<_> =
            (0..14).map(|attempt| BACKOFF.delay(attempt, 1.0).as_millis()).collect();
        let doubled = (0..12).map(|attempt| 10 << attempt);
        let expected: Vec<_> = doubled.chain([30_000, 30_000]).collect();
        assert_eq!(rests, expected);
    }

    #[test]
    fn any_number_of_attempts_has_a_rest() {
        for attempt in [31, 32, 33, 63, 64, u32::MAX] {
            assert_eq!(BACKOFF.delay(attempt, 1.0), BACKOFF.max);
        }
    }

    proptest! {
        #[test]
        fn a_rest_is_at_least_half_of_the_shortest_and_at_most_the_longest(
            attempt in 0u32..100,
            random in 0.0..1.0f64,
        ) {
            let rest = BACKOFF.delay(attempt, random);
            prop_assert!(rest >= BACKOFF.min / 2 && rest <= BACKOFF.max);
            let longest = BACKOFF.longest(random);
            prop_assert!(longest >= BACKOFF.max / 2 && longest <= BACKOFF.max);
        }

        #[test]
        fn more_chance_is_a_longer_rest(attempt in 0u32..20, low in 0.0..1.0f64, high in 0.0..1.0f64) {
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(BACKOFF.delay(attempt, low) <= BACKOFF.delay(attempt, high));
        }
    }
}
