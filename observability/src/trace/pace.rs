//! When the next batch may be sent to a collector.

use std::time::{Duration, Instant};

use trunkline_runtime::Backoff;

/// At 512 spans a batch this is 100,000 spans a second over a round trip of 20 ms.
const MOST: usize = 4;

/// The rest after a failure. It is forgotten by the first batch that is taken, not by time.
const REST: Backoff =
    Backoff::new(Duration::from_millis(100), Duration::from_secs(5), Duration::MAX);

/// How many batches may be under way, and since when there is trouble. While a collector takes
/// spans, up to four batches are with it; after a failure there is a rest, and then one batch at a
/// time until it takes one.
#[derive(Debug, Default)]
pub(super) struct Pace {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Pace {
    /// Whether one more batch may be sent while `under_way` are.
    pub(super) fn allows(&self, under_way: usize, now: Instant) -> bool {
        let most = if self.failures > 0 { 1 } else { MOST };
        under_way < most && self.rests_until.is_none_or(|until| until <= now)
    }

    /// When the rest is over, if there is one.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.rests_until
    }

    /// A batch was taken.
    pub(super) fn taken(&mut self) {
        *self = Self::default();
    }

    /// A batch was not taken. Batches that fail during a rest belong to the failure before it.
    /// `random` is uniform in `0..1`.
    pub(super) fn failed(&mut self, now: Instant, random: f64) {
        if self.rests_until.is_some_and(|until| now < until) {
            return;
        }
        self.rests_until = Some(now + REST.delay(self.failures, random));
        self.failures = self.failures.saturating_add(1);
    }

    /// Ends a rest: there is no time for it any more.
    pub(super) fn hurry(&mut self) {
        self.rests_until = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn four_batches_are_under_way_until_one_fails_and_then_one_until_one_is_taken() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert!(pace.allows(3, now) && !pace.allows(4, now));
        pace.failed(now, 1.0);
        assert!(!pace.allows(0, now), "it rests first");
        let later = pace.rests_until().unwrap();
        assert_eq!(later, now + Duration::from_millis(100));
        assert!(pace.allows(0, later) && !pace.allows(1, later));
        pace.taken();
        assert!(pace.allows(3, later));
    }

    #[test]
    fn batches_that_fail_together_are_one_failure() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.failed(now, 1.0);
        let until = pace.rests_until();
        pace.failed(now, 1.0);
        assert_eq!(pace.rests_until(), until);
    }

    proptest! {
        #[test]
        fn an_outage_is_probed_ever_less_often_but_at_least_every_five_seconds(
            chances in prop::collection::vec(0.0..1.0f64, 1..40),
        ) {
            let mut now = Instant::now();
            let mut pace = Pace::default();
            for random in chances {
                pace.failed(now, random);
                let until = pace.rests_until().unwrap();
                let rest = until - now;
                prop_assert!(rest >= Duration::from_millis(50) && rest <= Duration::from_secs(5));
                now = until;
                prop_assert!(pace.allows(0, now));
            }
        }
    }
}
