//! `routers/wN`: gives leases to the connections of its worker.

use std::sync::Arc;

use thiserror::Error;
use tokio::time::Instant;
use trunkline_runtime::{Actor, Address, ChildSpec, Context, Handles, Message, Placement, Reply};

use crate::directory::Directory;
use crate::pool::{Asked, Grant, NoBackend};

/// How many connections of one worker may wait for a lease at once; a router that is being
/// restarted keeps them waiting, and answers all when it is back.
const MAILBOX: u32 = 4096;

/// Asks for the right to use a backend of `pool`.
#[derive(Debug)]
pub struct LeaseRequest {
    /// The pool's name.
    pub pool: Arc<str>,
    /// For whom.
    pub asked: Asked,
}

impl Message for LeaseRequest {
    type Answer = Result<Grant, Refusal>;
}

/// Why there is no lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no such pool.
    #[error("there is no pool of that name")]
    UnknownPool,
    /// The pool is parked, or being stopped.
    #[error("the pool is parked")]
    Parked,
    /// The pool has none to give.
    #[error(transparent)]
    NoBackend(#[from] NoBackend),
}

impl Refusal {
    /// Its name in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownPool => "unknown_pool",
            Self::Parked => "pool_parked",
            Self::NoBackend(reason) => reason.name(),
        }
    }
}

/// Chooses backends. Its state is nothing but a source of chance: what all workers must agree on
/// is in the pools' cells.
#[derive(Debug)]
pub struct Router {
    directory: Arc<Directory>,
    random: fastrand::Rng,
}

impl Actor for Router {}

impl Handles<LeaseRequest> for Router {
    fn handle(
        &mut self,
        request: LeaseRequest,
        reply: Reply<Result<Grant, Refusal>>,
        _: &mut Context<'_, Self>,
    ) {
        let LeaseRequest { pool, asked } = request;
        let random = &mut self.random;
        let lease = self.directory.with_pool(&pool, |listed| {
            if !listed.supervisor.is_up() {
                return Err(Refusal::Parked);
            }
            Ok(listed.pool.grant(asked, Instant::now(), random)?)
        });
        reply.send(lease.unwrap_or(Err(Refusal::UnknownPool)));
    }
}

pub(crate) fn spec(
    placement: Placement,
    directory: Arc<Directory>,
) -> (ChildSpec, Address<Router>) {
    let router = move || Router { directory: Arc::clone(&directory), random: fastrand::Rng::new() };
    ChildSpec::leaf(placement.id(), router).on(placement).mailbox(MAILBOX).build()
}
