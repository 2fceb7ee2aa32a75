//! How a backend behaves.

use std::time::Duration;

use super::scenario::{chance, millis};

/// How a backend behaves for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// Answers well, nearly always.
    Healthy,
    /// Answers well, after seconds.
    Slow,
    /// Passes its probes and answers everything with an error at once.
    Lying,
    /// Takes connections and resets them.
    HalfDead,
    /// Refuses connections.
    Dead,
    /// Says nothing to whoever connects.
    Silent,
}

/// How a connection to it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    Yes,
    Refused,
    TimedOut,
    /// We had no descriptors left.
    Ours,
}

/// How a request to it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Well,
    /// An answer of the server's fault.
    Status(u16),
    Reset,
    TimedOut,
    /// The connection's actor crashes.
    Crash,
}

impl Nature {
    pub(super) fn draw(rng: &mut fastrand::Rng) -> Self {
        const ALL: [Nature; 10] = [
            Nature::Healthy,
            Nature::Healthy,
            Nature::Healthy,
            Nature::Healthy,
            Nature::Healthy,
            Nature::Slow,
            Nature::Lying,
            Nature::HalfDead,
            Nature::Dead,
            Nature::Silent,
        ];
        ALL[rng.usize(..ALL.len())]
    }

    pub(super) fn passes_probes(self) -> bool {
        match self {
            Self::Healthy | Self::Slow | Self::Lying | Self::HalfDead => true,
            Self::Dead | Self::Silent => false,
        }
    }

    /// How a connection ends, and after how long.
    pub(super) fn reached(self, timeout: Duration, rng: &mut fastrand::Rng) -> (Reached, Duration) {
        if chance(rng, 1) {
            return (Reached::Ours, Duration::ZERO);
        }
        match self {
            Self::Healthy | Self::Slow | Self::Lying | Self::HalfDead => {
                (Reached::Yes, millis(rng, 0..=3))
            }
            Self::Dead => (Reached::Refused, millis(rng, 0..=3)),
            Self::Silent => (Reached::TimedOut, timeout),
        }
    }

    /// How a request ends, and after how long.
    pub(super) fn fate(self, rng: &mut fastrand::Rng) -> (Fate, Duration) {
        if chance(rng, 1) {
            return (Fate::Crash, millis(rng, 0..=100));
        }
        match self {
            Self::Healthy if chance(rng, 2) => (Fate::Status(500), millis(rng, 1..=50)),
            Self::Healthy => (Fate::Well, millis(rng, 1..=200)),
            Self::Slow => (Fate::Well, millis(rng, 500..=4_000)),
            Self::Lying => (Fate::Status(503), millis(rng, 0..=2)),
            Self::HalfDead | Self::Dead => (Fate::Reset, millis(rng, 0..=5)),
            Self::Silent => (Fate::TimedOut, Duration::from_secs(5)),
        }
    }
}
