//! Who waits for a lease of a pool whose backends are all at their limits.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Asked, NoBackend, Pool};
use crate::backend::lease::Lease;

/// How many of those in front are looked at when a place is free: one of them may not take it, since
/// it has tried that backend before.
const LOOKED_AT: usize = 16;

/// First come, first served, over all workers. The lock is taken only where somebody waits.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: AtomicUsize,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiters: VecDeque<Waiter>,
    rng: fastrand::Rng,
}

#[derive(Debug)]
struct Waiter {
    asked: Asked,
    to: oneshot::Sender<Granted>,
}

/// What whoever waits is told.
type Granted = Result<Lease, NoBackend>;

/// A place in the queue. Dropped, it is given up.
///
/// # Cancel safety
/// A lease that was granted and not taken out goes to the next who waits.
#[derive(Debug)]
#[must_use = "a place that is dropped is given up"]
pub struct Ticket {
    from: oneshot::Receiver<Granted>,
    /// How long it may wait.
    pub within: Duration,
    pool: Arc<Pool>,
    since: Instant,
    wait: Wait,
}

/// How far whoever has a place has come.
#[derive(Debug)]
enum Wait {
    /// It may only have wanted a lease that is there at once.
    NotBegun,
    Begun,
    /// It was given a lease, or told why not.
    Over(Result<(), NoBackend>),
}

impl Future for Ticket {
    type Output = Granted;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait = Wait::Begun;
        // The queue ends only with its pool.
        let granted = ready!(Pin::new(&mut self.from).poll(cx)).unwrap_or(Err(NoBackend::Empty));
        self.wait = Wait::Over(granted.as_ref().map(|_| ()).map_err(|reason| *reason));
        Poll::Ready(granted)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let waited = Instant::now().saturating_duration_since(self.since);
        let metrics = self.pool.metrics();
        match self.wait {
            Wait::NotBegun => return,
            Wait::Over(Ok(())) => {}
            Wait::Over(Err(reason)) => metrics.refused(reason),
            Wait::Begun if waited >= self.within => metrics.refused(NoBackend::QueueTimeout),
            Wait::Begun => metrics.abandoned(),
        }
        metrics.waited(waited);
    }
}

impl Pool {
    /// Who waits for a lease.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting.load(SeqCst)
    }

    /// Takes a place at the end of the queue.
    ///
    /// # Errors
    /// When as many wait as may.
    pub(super) fn enqueue(
        self: &Arc<Self>,
        asked: Asked,
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Result<Ticket, NoBackend> {
        let limits = self.current().settings().limits;
        let (to, from) = oneshot::channel();
        {
            let mut line = self.queue.line.lock();
            if line.waiters.len() >= limits.queue as usize {
                line.waiters.retain(|waiter| !waiter.to.is_closed());
            }
            if line.waiters.len() >= limits.queue as usize {
                self.queue.waiting.store(line.waiters.len(), SeqCst);
                return Err(NoBackend::Full);
            }
            line.rng = rng.fork();
            line.waiters.push_back(Waiter { asked, to });
            self.queue.waiting.store(line.waiters.len(), SeqCst);
        }
        // A place may have been given back before anybody could see that one is wanted.
        self.serve_queue(now);
        Ok(Ticket {
            from,
            within: limits.queue_timeout,
            pool: Arc::clone(self),
            since: now,
            wait: Wait::NotBegun,
        })
    }

    /// Gives what is free to those who have waited longest. To be called whenever a place may have
    /// become free.
    pub(crate) fn serve_queue(self: &Arc<Self>, now: Instant) {
        if self.queue.waiting.load(SeqCst) == 0 {
            return;
        }
        loop {
            let mut line = self.queue.line.lock();
            let next = self.next_served(&mut line, now);
            self.queue.waiting.store(line.waiters.len(), SeqCst);
            drop(line);
            let Some((to, granted)) = next else { return };
            // Whoever has given up meanwhile leaves it to the next, as its end does.
            drop(to.send(granted));
        }
    }

    /// The first in the line who can be answered, with the answer.
    fn next_served(
        self: &Arc<Self>,
        line: &mut Line,
        now: Instant,
    ) -> Option<(oneshot::Sender<Granted>, Granted)> {
        let Line { waiters, rng } = line;
        let mut place = 0;
        // One who has tried nobody yet can take any place, and there was none.
        let mut full = false;
        while place < waiters.len().min(LOOKED_AT) {
            if waiters[place].to.is_closed() {
                waiters.remove(place);
                continue;
            }
            if full && waiters[place].asked.excluded.is_empty() {
                place += 1;
                continue;
            }
            match self.lease(&waiters[place].asked, now, rng) {
                Err(NoBackend::Full) => {
                    full |= waiters[place].asked.excluded.is_empty();
                    place += 1;
                }
                answer => return Some((waiters.remove(place)?.to, answer)),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
