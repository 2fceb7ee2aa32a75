//! How long a backend takes to answer, as far as it matters for choosing it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// How long what was measured takes to fade to 37 %. That of Finagle and of linkerd2-proxy.
pub const DECAY: Duration = Duration::from_secs(10);

/// A moving average of latencies that is moved up by a peak at once, and down in the course of time.
///
/// A backend that grows slow is avoided from the first slow answer on; one that grows fast has to
/// prove it, with a weight of e^(-t/τ) for what was known before (`PeakEwma` of [Finagle] and of
/// [tower], as linkerd2-proxy has it). It is shared by all workers and never locks.
///
/// [Finagle]: https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-least-loaded
/// [tower]: https://docs.rs/tower/latest/tower/load/struct.PeakEwma.html
#[derive(Debug)]
pub struct PeakEwma {
    born: Instant,
    /// When it was measured last, in nanoseconds since `born`. Whoever moves it on owns the time in
    /// between, so that nothing fades twice.
    at: AtomicU64,
    /// The average at that time in nanoseconds, as the bits of an `f64`; 0 where nothing was ever
    /// measured.
    average: AtomicU64,
}

impl PeakEwma {
    /// Nothing is measured yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { born: now, at: AtomicU64::new(0), average: AtomicU64::new(0f64.to_bits()) }
    }

    /// An answer took so long, and came `now`.
    pub fn observe(&self, latency: Duration, now: Instant) {
        // Zero is what says that nothing is known.
        let latency = (latency.as_nanos() as f64).max(1.0);
        let now = self.nanos(now);
        // On a thread that read the clock before another did, no time has passed.
        let before = self.at.fetch_max(now, Relaxed);
        let kept = fading(now.saturating_sub(before));
        let blend = |average| {
            let average = f64::from_bits(average);
            let blended = average * kept + latency * (1.0 - kept);
            Some(latency.max(blended).to_bits())
        };
        // The closure always has an answer.
        let _ = self.average.fetch_update(Relaxed, Relaxed, blend);
    }

    /// What a request to it costs now, in nanoseconds, before it is multiplied by those under way: 0
    /// where nothing is known, so that a new backend is tried. It fades while nothing is measured, so
    /// that one that was slow is tried again.
    #[must_use]
    pub fn cost(&self, now: Instant) -> f64 {
        let average = f64::from_bits(self.average.load(Relaxed));
        average * fading(self.nanos(now).saturating_sub(self.at.load(Relaxed)))
    }

    fn nanos(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.born).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// What is left after so many nanoseconds: 1 down to 0.
fn fading(nanos: u64) -> f64 {
    (-(nanos as f64) / DECAY.as_nanos() as f64).exp()
}

#[cfg(test)]
mod tests;
