//! What waits for a thread and what runs: a pure queue, with time as an argument.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::BlockingLimits;

/// The place of one piece of work in the order of arrival. Work begins in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// Whether work is taken and begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Work is taken, but nothing begins: the owner of the threads is being started.
    Paused,
    Open,
    /// Nothing is taken.
    Stopped,
}

/// Why work was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Full { running: usize, waiting: usize },
    Stopped,
}

/// How things stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) running: usize,
    pub(super) waiting: usize,
    pub(super) finished: u64,
    pub(super) panicked: u64,
    pub(super) refused: u64,
    pub(super) longest: Duration,
}

/// Work that waits, in the order of arrival, and the places of what runs.
///
/// Threads come by themselves: [`Queue::admit`] and [`Queue::open`] say how many are wanted, and
/// each takes work by [`Queue::begin`] until there is none for it. One that comes too late finds
/// nothing; one place more than there may be is never given.
#[derive(Debug)]
pub(super) struct Queue<W> {
    limits: BlockingLimits,
    phase: Phase,
    next: u64,
    waiting: BTreeMap<Ticket, W>,
    /// When each began. Tickets begin in order, so the first has been running longest.
    running: BTreeMap<Ticket, Instant>,
    finished: u64,
    panicked: u64,
    refused: u64,
}

impl<W> Queue<W> {
    pub(super) fn new(limits: BlockingLimits) -> Self {
        Self {
            limits,
            phase: Phase::Paused,
            next: 0,
            waiting: BTreeMap::new(),
            running: BTreeMap::new(),
            finished: 0,
            panicked: 0,
            refused: 0,
        }
    }

    pub(super) fn limits(&self) -> BlockingLimits {
        self.limits
    }

    /// Takes work in; also says whether one more thread is wanted. Work that is refused is handed
    /// back, as its destructor must not run under a lock.
    pub(super) fn admit(&mut self, work: W) -> Result<(Ticket, bool), (Refused, W)> {
        let (running, waiting) = (self.running.len(), self.waiting.len());
        if self.phase == Phase::Stopped {
            self.refused += 1;
            return Err((Refused::Stopped, work));
        }
        let threads = self.limits.threads.get();
        // What waits holds what a thread is on its way for as well.
        if running + waiting >= threads.saturating_add(self.limits.queue) {
            self.refused += 1;
            return Err((Refused::Full { running, waiting }, work));
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        self.waiting.insert(ticket, work);
        // Where there are enough for all places, those that run or are on their way go on to it.
        let wanted = self.phase == Phase::Open && running + waiting < threads;
        Ok((ticket, wanted))
    }

    /// The next piece of work, for a thread that has come; none if all places are taken.
    pub(super) fn begin(&mut self, now: Instant) -> Option<(Ticket, W)> {
        if self.phase != Phase::Open || self.running.len() >= self.limits.threads.get() {
            return None;
        }
        let (ticket, work) = self.waiting.pop_first()?;
        self.running.insert(ticket, now);
        Some((ticket, work))
    }

    /// Frees the place of what has run. Its thread is to begin the next under the same lock.
    pub(super) fn finish(&mut self, ticket: Ticket, panicked: bool) {
        if self.running.remove(&ticket).is_some() {
            self.finished += 1;
            self.panicked += u64::from(panicked);
        }
    }

    /// Takes back what has not begun.
    pub(super) fn give_up(&mut self, ticket: Ticket) -> Option<W> {
        self.waiting.remove(&ticket)
    }

    /// Lets work begin; says how many threads are wanted.
    pub(super) fn open(&mut self) -> usize {
        self.phase = Phase::Open;
        let places = self.limits.threads.get().saturating_sub(self.running.len());
        places.min(self.waiting.len())
    }

    /// Lets nothing begin until [`Queue::open`].
    pub(super) fn pause(&mut self) {
        self.phase = Phase::Paused;
    }

    /// Takes nothing more; hands back what has not begun.
    pub(super) fn stop(&mut self) -> Vec<W> {
        self.phase = Phase::Stopped;
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    pub(super) fn counts(&self, now: Instant) -> Counts {
        let longest = self.running.values().next();
        Counts {
            running: self.running.len(),
            waiting: self.waiting.len(),
            finished: self.finished,
            panicked: self.panicked,
            refused: self.refused,
            longest: longest.map_or(Duration::ZERO, |began| now.saturating_duration_since(*began)),
        }
    }
}

#[cfg(test)]
mod tests;
