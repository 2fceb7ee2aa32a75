//! The right to use a backend once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::health::{Transition, Trial};
use super::{Backend, Outcome};
use crate::pool::Pool;
use crate::socket::{ConnectFailure, Fault};

/// The right to use a backend once: counted from its creation to its drop, in a panic too.
///
/// Its outcome is reported at most once, by [`connected`](Self::connected) or
/// [`failed`](Self::failed). A lease dropped without an outcome belonged to a connection that
/// crashed or was stopped; that says nothing about the backend, so it counts neither for nor
/// against it, but if it was a trial, the next trial may begin.
///
/// The count is on the backend's cell, which outlives every actor: a lease that is out while the
/// backend's actor restarts returns to the same counter.
#[derive(Debug)]
#[must_use = "a lease that is dropped at once gives the backend back unused"]
pub struct Lease {
    pool: Arc<Pool>,
    backend: Arc<Backend>,
    trial: Option<Trial>,
    reported: bool,
}

impl Lease {
    /// Of a lease that the pool and the backend have counted.
    pub(crate) fn new(pool: Arc<Pool>, backend: Arc<Backend>, trial: Option<Trial>) -> Self {
        Self { pool, backend, trial, reported: false }
    }

    /// The backend that may be used.
    #[must_use]
    pub fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    /// The pool that gave the lease.
    #[must_use]
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Whether it is to find out if the backend is back: only a new connection tells.
    pub(crate) fn is_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// The connection was made; the lease goes on counting it until it is dropped. Every report
    /// after the first is ignored.
    pub fn connected(&mut self, now: Instant) -> Option<Transition> {
        self.report(Outcome::Connected, now)
    }

    /// The connection could not be made. A failure of our own (descriptors or ports used up)
    /// does not count against the backend. Ends the lease; ignored after
    /// [`connected`](Self::connected).
    pub fn failed(mut self, failure: ConnectFailure, now: Instant) -> Option<Transition> {
        match failure.fault() {
            Fault::Backend => self.report(Outcome::Failed, now),
            Fault::Ours => None,
        }
    }

    /// How the backend has done with a request: `well` unless it is to blame, and how long it `took` to
    /// the first byte of its answer, or has taken at least.
    pub fn answered(&mut self, well: bool, took: Duration, now: Instant) -> Option<Transition> {
        self.pool.answered(&self.backend, well, took, now)
    }

    fn report(&mut self, outcome: Outcome, now: Instant) -> Option<Transition> {
        if std::mem::replace(&mut self.reported, true) {
            return None;
        }
        self.backend.report(outcome, self.trial.take(), now)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Taken by a report: what is left here ended without one.
        if let Some(trial) = self.trial {
            self.backend.release_trial(trial, Instant::now());
        }
        self.backend.end_lease();
        self.pool.end_lease();
        if self.pool.waiting() > 0 {
            self.pool.serve_queue(Instant::now());
        }
    }
}
