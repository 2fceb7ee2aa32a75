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
        let whole = self
            .min
            .saturating_mul(1u32.checked_shl(attempt).unwrap_or(u32::MAX));
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
