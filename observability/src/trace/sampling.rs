//! Which traces are kept.

use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::TraceId;
use trunkline_runtime::trace::TraceContext;

/// What is sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The share of the traces begun here that is: 0 to 1.
    pub ratio: f64,
    /// Whether what has failed is exported though its trace was not sampled.
    pub errors: bool,
    /// How many traces in a second callers may force beyond the ratio.
    pub forced: u32,
}

/// Decides once per trace, at its beginning. Shared by all workers.
#[derive(Debug)]
pub(super) struct Sampler {
    /// Of the lower 63 bits of a trace's id.
    threshold: u64,
    pub(super) errors: bool,
    forced: u32,
    /// The second in the upper half, the traces forced in it in the lower.
    window: AtomicU64,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        const ALL: f64 = (1_u64 << 63) as f64;
        // A conversion from a float saturates, and takes what is no number for 0.
        let threshold = (sampling.ratio.clamp(0.0, 1.0) * ALL) as u64;
        let Sampling { errors, forced, .. } = sampling;
        Self { threshold, errors, forced, window: AtomicU64::new(0) }
    }

    /// Whether a trace that begins here is sampled: by its id, as OpenTelemetry's
    /// `TraceIdRatioBased` does it, so that all who know the ratio decide alike.
    pub(super) fn begins(&self, trace: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.threshold
    }

    /// Whether a trace that a trusted caller has begun is sampled on: if the caller says so, and it
    /// is among those that would be here as well, or few enough are in the second `now`.
    pub(super) fn follows(&self, parent: &TraceContext, now: impl FnOnce() -> u64) -> bool {
        parent.sampled && (self.begins(parent.trace) || self.admits(now()))
    }

    fn admits(&self, second: u64) -> bool {
        let (second, most) = (second & u64::from(u32::MAX), u64::from(self.forced));
        let admit = |window: u64| {
            let (of, count) = (window >> 32, window & u64::from(u32::MAX));
            let count = if of == second { count } else { 0 };
            (count < most).then(|| (second << 32) | (count + 1))
        };
        self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, admit).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::SpanId;
    use proptest::prelude::*;

    use super::*;

    fn sampler(ratio: f64, forced: u32) -> Sampler {
        Sampler::new(Sampling { ratio, errors: false, forced })
    }

    fn trace(number: u128) -> TraceId {
        TraceId::from_bytes(number.to_be_bytes())
    }

    fn parent(number: u128, sampled: bool) -> TraceContext {
        TraceContext { trace: trace(number), span: SpanId::from_bytes([1; 8]), sampled }
    }

    #[test]
    fn a_share_of_the_traces_is_sampled() {
        let mut random = fastrand::Rng::with_seed(7);
        for ratio in [0.01, 0.5, 0.99] {
            let sampler = sampler(ratio, 0);
            let sampled = (0..100_000).filter(|_| sampler.begins(trace(random.u128(..)))).count();
            let share = sampled as f64 / 100_000.0;
            assert!((share - ratio).abs() < 0.006, "{share} of {ratio}");
        }
    }

    #[test]
    fn a_caller_that_does_not_sample_is_followed() {
        assert!(!sampler(1.0, 100).follows(&parent(7, false), || 1));
        assert!(sampler(1.0, 0).follows(&parent(7, true), || 1));
    }

    #[test]
    fn callers_force_so_many_traces_in_a_second_and_no_more() {
        let sampler = sampler(0.0, 3);
        let forced = |second| sampler.follows(&parent(u128::MAX, true), || second);
        let counts = [1_u64, 1, 1, 1, 1, 2, 2, 9, 9, 9, 9].map(forced);
        assert_eq!(counts, [true, true, true, false, false, true, true, true, true, true, false]);
    }

    proptest! {
        #[test]
        fn all_or_none_are_sampled_at_the_ends(number: u128) {
            prop_assert!(sampler(1.0, 0).begins(trace(number)));
            prop_assert!(!sampler(0.0, 0).begins(trace(number)));
            prop_assert!(!sampler(f64::NAN, 0).begins(trace(number)));
        }

        #[test]
        fn a_larger_ratio_samples_all_that_a_smaller_does(
            number: u128,
            small in 0.0..1.0,
            large in 0.0..1.0,
        ) {
            let (small, large): (f64, f64) = if small < large { (small, large) } else { (large, small) };
            prop_assert!(!sampler(small, 0).begins(trace(number)) || sampler(large, 0).begins(trace(number)));
        }
    }
}
