//! Work that blocks its thread: files, password hashes, drivers without futures. A bounded number
//! of threads does it, so that no worker waits.
//!
//! [`Blocking`] is a cell that any thread may use. The threads are those of tokio's pool on the
//! runtime that it was opened with, and belong to the actor that opens it
//! ([`crate::tree::blocking`]): they come when there is work and end when there has been none for a
//! while, and no thread that is stuck keeps the process from ending.

mod queue;
mod work;

use std::num::NonZeroUsize;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use trunkline_runtime::{Detail, Panic, clock, contain};

use queue::{Queue, Refused, Ticket};
use work::{Done, Work};

/// Blocking work mostly waits, so there may be more of it than there are cores.
const THREADS_PER_CORE: usize = 4;
/// Fewer would let a few slow disks or databases stop all else.
const LEAST_THREADS: usize = 8;
/// tokio's pool has 512 threads, and the system's resolver needs some of them.
const MOST_THREADS: usize = 256;
/// About a second of work of a millisecond each on one thread: more would be late anyway.
const QUEUE: usize = 1024;

/// How much work there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockingLimits {
    /// How many pieces of work may run at once. Above 512 it is tokio's pool that bounds them.
    pub threads: NonZeroUsize,
    /// How many more may wait.
    pub queue: usize,
}

impl Default for BlockingLimits {
    /// Four threads per core, but from 8 to 256; 1024 waiting.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = cores.saturating_mul(THREADS_PER_CORE).clamp(LEAST_THREADS, MOST_THREADS);
        Self { threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN), queue: QUEUE }
    }
}

/// Why blocking work has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BlockingError {
    /// As much waits as may; the work was not begun.
    #[error(
        "too much blocking work at once ({running} run, {waiting} wait): \
         try again later, or do less of it"
    )]
    Full {
        /// How many pieces of work were running.
        running: usize,
        /// How many were waiting.
        waiting: usize,
    },
    /// It panicked; whatever it did until then is done.
    #[error("the blocking work panicked at {}: {:?}", .0.place, .0.text)]
    Panicked(Panic),
    /// The pool has ended; the work was not begun.
    #[error("blocking work is not done any more: the server is stopping")]
    Stopped,
    /// The system gave not even one thread; the work was not begun.
    #[error("the system has no thread for blocking work: raise the limit of processes or memory")]
    NoThread,
}

/// A bounded pool for work that blocks.
///
/// Until it is opened, work waits.
pub struct Blocking {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Notified whenever a thread has nothing more to do.
    rested: Notify,
}

struct State {
    queue: Queue<Work>,
    /// Whose threads do the work, while it is open.
    on: Option<Handle>,
}

impl Default for Blocking {
    fn default() -> Self {
        Self::new(BlockingLimits::default())
    }
}

impl Blocking {
    /// A pool that is yet to be opened.
    #[must_use]
    pub fn new(limits: BlockingLimits) -> Self {
        let state = Mutex::new(State { queue: Queue::new(limits), on: None });
        Self { shared: Arc::new(Shared { state, rested: Notify::new() }) }
    }

    /// Runs `work` on a thread that may block, and waits for its result. Work begins in the order
    /// of arrival: that of the first poll of this future.
    ///
    /// Dropping the future gives up the result. What has not begun is then not begun at all; what
    /// runs is left to finish, and holds its place until then.
    ///
    /// # Errors
    /// When the work was not taken, has panicked, or had not begun before the pool's end.
    pub async fn run<F, T>(&self, work: F) -> Result<T, BlockingError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let claim = self.admit(work::boxed(work, answer))?;
        let answer = answered.await;
        drop(claim);
        match answer {
            Ok(outcome) => outcome.map_err(BlockingError::Panicked),
            Err(_) => Err(BlockingError::Stopped),
        }
    }

    fn admit(&self, work: Work) -> Result<Claim<'_>, BlockingError> {
        let (admitted, on) = {
            let mut state = self.shared.state.lock();
            let admitted = state.queue.admit(work);
            let on = matches!(admitted, Ok((_, true))).then(|| state.on.clone()).flatten();
            (admitted, on)
        };
        let (ticket, _) = admitted.map_err(|(refused, _)| match refused {
            Refused::Full { running, waiting } => BlockingError::Full { running, waiting },
            Refused::Stopped => BlockingError::Stopped,
        })?;
        let claim = Claim { shared: &self.shared, ticket };
        if let Some(on) = on
            && self.shared.call_thread(&on).is_err()
            && claim.withdraw()
        {
            return Err(BlockingError::NoThread);
        }
        // Where it could not be withdrawn, another thread has begun it.
        Ok(claim)
    }

    /// Lets work begin, on threads of the runtime `on`. After [`Self::stop`] it starts afresh.
    ///
    /// # Errors
    /// When work is waiting and the system gives no thread for it.
    pub fn open(&self, on: &Handle) -> Result<(), BlockingError> {
        let wanted = {
            let mut state = self.shared.state.lock();
            state.on = Some(on.clone());
            state.queue.open()
        };
        (0..wanted).try_for_each(|_| self.shared.call_thread(on))
    }

    /// Lets nothing more begin; what is there, and what comes, waits until [`Self::open`].
    pub fn pause(&self) {
        let mut state = self.shared.state.lock();
        state.queue.pause();
        state.on = None;
    }

    /// Takes no more work, and answers that which has not begun with [`BlockingError::Stopped`].
    /// What runs goes on.
    pub fn stop(&self) {
        let left = {
            let mut state = self.shared.state.lock();
            state.on = None;
            state.queue.stop()
        };
        for work in left {
            // An author's values: one destructor that panics must not cost the others their answer.
            if let Err(panic) = contain(|| drop(work)) {
                work::log(&panic);
            }
        }
    }

    /// How many pieces of work are running.
    #[must_use]
    pub fn running(&self) -> usize {
        self.shared.state.lock().queue.counts(clock::now()).running
    }

    /// Waits until nothing runs. Cancel-safe.
    pub async fn rested(&self) {
        loop {
            // Listens first: the last piece of work may end between the look and the wait.
            let rested = self.shared.rested.notified();
            if self.running() == 0 {
                return;
            }
            rested.await;
        }
    }
}

impl Detail for Blocking {
    fn detail(&self) -> serde_json::Value {
        let now = clock::now();
        let (limits, counts) = {
            let state = self.shared.state.lock();
            (state.queue.limits(), state.queue.counts(now))
        };
        json!({
            "threads": limits.threads,
            "running": counts.running,
            "waiting": counts.waiting,
            "finished": counts.finished,
            "panicked": counts.panicked,
            "refused": counts.refused,
            "longest_ms": u64::try_from(counts.longest.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

impl std::fmt::Debug for Blocking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = self.shared.state.lock().queue.counts(clock::now());
        write!(f, "Blocking({} running, {} waiting)", counts.running, counts.waiting)
    }
}

impl Shared {
    /// Has one more thread look for work.
    fn call_thread(self: &Arc<Self>, on: &Handle) -> Result<(), BlockingError> {
        let shared = Arc::clone(self);
        // tokio panics where the system gives it no first thread; the call stays in its queue then,
        // and finds nothing if it is ever heard.
        contain(|| drop(on.spawn_blocking(move || shared.work())))
            .map_err(|_| BlockingError::NoThread)
    }

    /// What a thread does: one piece of work after the other, until there is none for it.
    fn work(&self) {
        let mut begun = self.state.lock().queue.begin(clock::now());
        while let Some((ticket, work)) = begun {
            let Done { panic, answer } = work();
            begun = {
                let mut state = self.state.lock();
                state.queue.finish(ticket, panic.is_some());
                state.queue.begin(clock::now())
            };
            // After the place is free: whoever has the answer may come with more work at once.
            answer();
            if let Some(panic) = panic {
                work::log(&panic);
            }
        }
        self.rested.notify_waiters();
    }
}

/// The claim to an answer; dropped before the work has begun, it withdraws it.
struct Claim<'a> {
    shared: &'a Shared,
    ticket: Ticket,
}

impl Claim<'_> {
    /// Whether the work had not begun, and never will.
    fn withdraw(&self) -> bool {
        // The lock ends before the work's destructor runs.
        let withdrawn = self.shared.state.lock().queue.give_up(self.ticket);
        withdrawn.is_some()
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

#[cfg(test)]
mod tests;
