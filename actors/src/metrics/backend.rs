//! What a backend's cell counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use trunkline_observability::metrics::{Counters, Histogram, LATENCY, Snapshot};

use super::lasting::Counted;
use crate::backend::health::Transition;

/// How tries with a backend have gone, as labels.
pub const RESULTS: [&str; 2] = ["success", "failure"];

/// What becomes of backends, as labels.
pub const TRANSITIONS: [&str; 4] = ["down", "up", "ejected", "readmitted"];

/// Counts how a backend has answered, and what has become of it.
#[derive(Debug)]
pub struct BackendMetrics {
    tries: Counters<{ RESULTS.len() }>,
    first_byte: Histogram,
    duration: Histogram,
    transitions: [AtomicU64; TRANSITIONS.len()],
}

impl Default for BackendMetrics {
    fn default() -> Self {
        Self {
            tries: Counters::default(),
            first_byte: Histogram::new(&LATENCY),
            duration: Histogram::new(&LATENCY),
            transitions: Default::default(),
        }
    }
}

/// The counts of a backend, or of several together, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BackendCounts {
    pub(super) tries: [u64; RESULTS.len()],
    pub(super) first_byte: Snapshot,
    pub(super) duration: Snapshot,
    pub(super) transitions: [u64; TRANSITIONS.len()],
}

impl BackendMetrics {
    /// A try of a request is over: it went `well` or not, and took so long to the first byte of the
    /// answer and altogether, or has taken at least.
    pub fn tried(&self, well: bool, first_byte: Duration, whole: Duration) {
        self.tries.count(usize::from(!well));
        self.first_byte.observe(first_byte);
        self.duration.observe(whole);
    }

    /// Something has become of the backend.
    pub fn became(&self, transition: Option<&Transition>) {
        let place = match transition {
            None => return,
            Some(Transition::WentDown { .. }) => 0,
            Some(Transition::CameUp { .. }) => 1,
            Some(Transition::Ejected { .. }) => 2,
            Some(Transition::Readmitted) => 3,
        };
        self.transitions[place].fetch_add(1, Relaxed);
    }

    pub(super) fn counts(&self) -> BackendCounts {
        BackendCounts {
            tries: self.tries.totals(),
            first_byte: self.first_byte.snapshot(),
            duration: self.duration.snapshot(),
            transitions: std::array::from_fn(|place| self.transitions[place].load(Relaxed)),
        }
    }
}

impl Counted for BackendCounts {
    fn since(&self, before: &Self) -> Self {
        fn less<const N: usize>(now: [u64; N], before: [u64; N]) -> [u64; N] {
            std::array::from_fn(|place| now[place].saturating_sub(before[place]))
        }
        Self {
            tries: less(self.tries, before.tries),
            first_byte: self.first_byte.since(&before.first_byte),
            duration: self.duration.since(&before.duration),
            transitions: less(self.transitions, before.transitions),
        }
    }

    fn add(&mut self, other: &Self) {
        let add = |to: &mut [u64], from: &[u64]| {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        };
        add(&mut self.tries, &other.tries);
        add(&mut self.transitions, &other.transitions);
        self.first_byte.add(&other.first_byte);
        self.duration.add(&other.duration);
    }
}
