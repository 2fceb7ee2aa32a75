//! What is drawn from the seed.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::ejection::EjectionPolicy;
use crate::backend::health::HealthPolicy;
use crate::balance::{Algorithm, Balancing};
use crate::pool::{Limits, PoolSettings, Retry};

/// Whether something happens that does so in so many cases of a hundred.
pub(super) fn chance(rng: &mut fastrand::Rng, per_cent: u8) -> bool {
    rng.u8(..100) < per_cent
}

pub(super) fn millis(rng: &mut fastrand::Rng, range: RangeInclusive<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}

fn perhaps<T>(
    rng: &mut fastrand::Rng,
    per_cent: u8,
    draw: impl FnOnce(&mut fastrand::Rng) -> T,
) -> Option<T> {
    chance(rng, per_cent).then(|| draw(rng))
}

/// How backends are probed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probing {
    pub(super) interval: Duration,
    pub(super) interval_down: Duration,
}

/// What a world is like, beside its pool.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) length: Duration,
    pub(super) members: usize,
    pub(super) tiered: bool,
    pub(super) weighted: bool,
    pub(super) policy: HealthPolicy,
    pub(super) probing: Option<Probing>,
    /// Clients that send a request when the last one has been answered, and the longest pause between.
    pub(super) closed: u32,
    pub(super) pause: Duration,
    /// The mean time between the requests of all others.
    pub(super) gap: Option<Duration>,
    /// The mean time between changes of members or settings.
    pub(super) changes: Option<Duration>,
    /// Per cent of the requests that come with a cookie, and of those that may be repeated.
    pub(super) sticky: u8,
    pub(super) repeatable: u8,
}

impl Scenario {
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        let length = millis(rng, 5_000..=60_000);
        let probing = perhaps(rng, 70, |rng| {
            let interval = millis(rng, 500..=5_000);
            Probing { interval, interval_down: interval / rng.u32(1..=5) }
        });
        let closed = if chance(rng, 60) { rng.u32(1..=12) } else { 0 };
        let open = closed == 0 || chance(rng, 50);
        Self {
            length,
            members: rng.usize(0..=9),
            tiered: chance(rng, 40),
            weighted: chance(rng, 50),
            policy: HealthPolicy {
                fall: rng.u32(1..=3),
                probe_fall: rng.u32(1..=3),
                rise: rng.u32(1..=3),
                retry_after: millis(rng, 100..=3_000),
            },
            probing,
            closed,
            pause: millis(rng, 1..=1_000),
            gap: open.then(|| length / rng.u32(20..=400)),
            changes: perhaps(rng, 60, |rng| millis(rng, 1_000..=10_000)),
            sticky: if chance(rng, 30) { 30 } else { 0 },
            repeatable: rng.u8(0..=100),
        }
    }
}

/// How a pool is used.
pub(super) fn settings(algorithm: Algorithm, rng: &mut fastrand::Rng) -> PoolSettings {
    let statuses: Arc<[u16]> = if chance(rng, 50) { Arc::new([500, 503]) } else { Arc::default() };
    PoolSettings {
        balancing: Balancing {
            algorithm,
            bounded_load: perhaps(rng, 30, |rng| 1.05 + rng.f64() * 2.0),
        },
        slow_start: perhaps(rng, 50, |rng| millis(rng, 200..=20_000)),
        panic: [0, 30, 50, 50, 100][rng.usize(..5)],
        attempts: NonZeroU32::new(rng.u32(1..=4)).unwrap(),
        connect_timeout: millis(rng, 100..=2_000),
        limits: Limits {
            in_flight: perhaps(rng, 40, |rng| rng.u32(1..=12)),
            backend_in_flight: perhaps(rng, 40, |rng| rng.u32(1..=4)),
            queue: if chance(rng, 20) { 0 } else { rng.u32(1..=30) },
            queue_timeout: millis(rng, 50..=5_000),
        },
        ejection: EjectionPolicy {
            failures: if chance(rng, 20) { 0 } else { rng.u32(1..=5) },
            success_rate: perhaps(rng, 40, |rng| 0.5 + rng.f64()),
            least_requests: rng.u32(0..=10),
            interval: millis(rng, 1_000..=8_000),
            time: millis(rng, 500..=8_000),
            longest: millis(rng, 1_000..=30_000),
            share: rng.u8(0..=100),
        },
        retry: Retry {
            statuses,
            budget: if chance(rng, 20) { 0 } else { rng.u32(1..=100) },
            per_try: perhaps(rng, 30, |rng| millis(rng, 20..=2_000)),
            ..Retry::default()
        },
        ..PoolSettings::default()
    }
}
