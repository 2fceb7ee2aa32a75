//! The connections of listeners that use a backend which drains.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use trunkline_runtime::Address;

use crate::backend::Backend;
use crate::backend::BackendId;
use crate::directory::Directory;
use crate::discovery::Spread;
use crate::tree::upstreams::{Upstreams, WhoUses};

/// How long a worker may take to say who uses a backend; one that is stuck is asked again.
const WITHIN: Duration = Duration::from_secs(1);

/// A connection of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct User {
    listener: Arc<str>,
    worker: usize,
    id: u64,
}

/// One backend whose connections are being ended.
#[derive(Debug)]
pub(super) struct Draining {
    cell: Arc<Backend>,
    spread: Spread<User>,
}

impl Draining {
    pub(super) fn new(cell: Arc<Backend>, over: Duration, now: Instant) -> Self {
        Self { cell, spread: Spread::new(over, now) }
    }

    pub(super) fn backend(&self) -> BackendId {
        self.cell.id()
    }

    pub(super) fn meet(&mut self, users: &[User], now: Instant, rng: &mut fastrand::Rng) {
        self.spread.meet(users, now, rng);
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.spread.next_due()
    }

    /// Has those ended whose turn has come: each by its supervisor, with its grace.
    pub(super) fn end_due(&mut self, directory: &Directory, now: Instant) {
        for User { listener, worker, id } in self.spread.due(now) {
            // One that has ended by itself is as good.
            let _ = directory.end(&listener, worker, id);
        }
    }

    /// Whether nobody uses it any more. A lease may have been given just before, so it is looked at
    /// until the time is over.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.spread.is_over(now) && self.cell.in_flight() == 0
    }
}

/// Asks all workers which connections use a backend. What a worker does not say in time is not
/// known: it is asked again.
pub(super) async fn users(workers: Vec<Address<Upstreams>>, backend: BackendId) -> Vec<User> {
    let asked = workers.iter().map(|worker| worker.ask(WhoUses(backend), WITHIN));
    let answers = join_all(asked).await.into_iter().enumerate();
    let said = answers.filter_map(|(worker, answer)| Some((worker, answer.ok()?)));
    said.flat_map(|(worker, tenants)| {
        tenants.into_iter().map(move |(listener, id)| User { listener, worker, id })
    })
    .collect()
}
