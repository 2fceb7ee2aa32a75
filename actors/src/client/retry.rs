//! When to connect again, and which attempts are worth a line in the log: pure, with time and
//! randomness as arguments.

use std::time::{Duration, Instant};

use trunkline_runtime::Backoff;

/// How often an outage that goes on is logged.
const LOG_PERIOD: Duration = Duration::from_secs(10);

/// How one client fares with its connections.
#[derive(Debug)]
pub(super) struct Retry {
    backoff: Backoff,
    /// Rests since the last healthy connection.
    rests: u32,
    since: Option<Instant>,
    /// Attempts since the last connection.
    attempts: u32,
    logged: Option<Instant>,
}

impl Retry {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self { backoff, rests: 0, since: None, attempts: 0, logged: None }
    }

    /// An attempt came to a connection; says which one it was, from 1.
    pub(super) fn connected(&mut self, now: Instant) -> u32 {
        self.since = Some(now);
        self.logged = None;
        std::mem::take(&mut self.attempts) + 1
    }

    /// An attempt failed. Says which one it was, from 1, if that is to be logged.
    pub(super) fn failed(&mut self, now: Instant) -> Option<u32> {
        self.attempts = self.attempts.saturating_add(1);
        let log = self.logged.is_none_or(|at| now.saturating_duration_since(at) >= LOG_PERIOD);
        log.then(|| {
            self.logged = Some(now);
            self.attempts
        })
    }

    /// How long to rest after a failed attempt or a lost connection; `random` is uniform in `0..1`.
    pub(super) fn rest(&mut self, now: Instant, random: f64) -> Duration {
        let uptime = self.since.take().map(|since| now.saturating_duration_since(since));
        if uptime.is_some_and(|uptime| uptime >= self.backoff.healthy) {
            self.rests = 0;
        }
        let rest = self.backoff.delay(self.rests, random);
        self.rests = self.rests.saturating_add(1);
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const BACKOFF: Backoff = Backoff::new(SECOND, Duration::from_secs(8), Duration::from_secs(10));

    #[test]
    fn rests_grow_until_a_connection_was_healthy() {
        let (mut retry, mut now) = (Retry::new(BACKOFF), Instant::now());
        let mut rests = |retry: &mut Retry, uptime: Option<Duration>| {
            if let Some(uptime) = uptime {
                retry.connected(now);
                now += uptime;
            }
            retry.rest(now, 1.0).as_secs()
        };
        let failing = [None; 5].map(|none| rests(&mut retry, none));
        assert_eq!(failing, [1, 2, 4, 8, 8]);
        assert_eq!(rests(&mut retry, Some(9 * SECOND)), 8, "a connection that was lost too soon");
        assert_eq!(rests(&mut retry, None), 8, "only what follows the connection counts");
        assert_eq!(rests(&mut retry, Some(10 * SECOND)), 1, "a healthy one");
        assert_eq!(rests(&mut retry, None), 2);
    }

    #[test]
    fn the_first_failure_is_logged_and_then_one_in_ten_seconds() {
        let (mut retry, begun) = (Retry::new(BACKOFF), Instant::now());
        let at = |seconds| begun + seconds * SECOND;
        let logged = [0, 1, 9, 10, 11, 20].map(|second| retry.failed(at(second)));
        assert_eq!(logged, [Some(1), None, None, Some(4), None, Some(6)]);
        assert_eq!(retry.connected(at(21)), 7);
        assert_eq!(retry.failed(at(22)), Some(1), "a new outage");
    }

    proptest! {
        #[test]
        fn there_is_always_a_rest(
            ups in proptest::collection::vec((proptest::option::of(0u64..30), 0.0..1.0f64), 1..50),
        ) {
            let (mut retry, mut now) = (Retry::new(BACKOFF), Instant::now());
            for (uptime, random) in ups {
                if let Some(uptime) = uptime {
                    retry.connected(now);
                    now += Duration::from_secs(uptime);
                }
                let rest = retry.rest(now, random);
                prop_assert!(rest >= BACKOFF.min / 2 && rest <= BACKOFF.max);
            }
        }
    }
}
