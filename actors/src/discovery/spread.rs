//! Which connections are closed when, while a backend drains.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Closes connections one after the other, evenly until a moment and in random order, so that those
/// who come again come spread out.
#[derive(Debug)]
pub struct Spread<T> {
    until: Instant,
    /// Still to be closed, in random order.
    waiting: Vec<T>,
    /// When the last of `waiting` is closed.
    next: Option<Instant>,
    /// Those that were told to end: they take their time, and are not told twice.
    told: HashSet<T>,
}

impl<T: Clone + Eq + Hash> Spread<T> {
    /// Nobody waits yet; all are to be told within `over` from `now`.
    #[must_use]
    pub fn new(over: Duration, now: Instant) -> Self {
        Self { until: now + over, waiting: Vec::new(), next: None, told: HashSet::new() }
    }

    /// These use the backend now. Who was told already is left alone, and who is gone forgotten.
    pub fn meet(&mut self, using: &[T], now: Instant, rng: &mut fastrand::Rng) {
        let using: HashSet<_> = using.iter().cloned().collect();
        self.told.retain(|one| using.contains(one));
        self.waiting = using.difference(&self.told).cloned().collect();
        rng.shuffle(&mut self.waiting);
        let step = self.step(now);
        self.next = step.map(|step| self.next.map_or(step, |next| next.min(step)));
    }

    /// When the next is to be told; none while nobody waits.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.next
    }

    /// Whether the time is over: whoever is met from now on is told at once.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    /// Those that are to be told now.
    pub fn due(&mut self, now: Instant) -> Vec<T> {
        let mut due = Vec::new();
        while let Some(at) = self.next.filter(|at| *at <= now)
            && let Some(one) = self.waiting.pop()
        {
            due.push(one);
            self.next = self.step(at);
        }
        self.told.extend(due.iter().cloned());
        due
    }

    /// The next moment after `from`, if all that wait are to be told evenly until the end.
    fn step(&self, from: Instant) -> Option<Instant> {
        let waiting = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        let left = self.until.saturating_duration_since(from);
        (waiting > 0).then(|| from + left / waiting)
    }
}
