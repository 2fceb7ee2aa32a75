//! The way from a handler to the backends of all pools.

use std::sync::Arc;
use std::time::Duration;

use trunkline_runtime::{Address, AskError, Placement};

use crate::directory::Directory;
use crate::pool::{Asked, Grant, NoBackend};
use crate::record::Code;
use crate::socket::TcpOptions;
use crate::tree::router::{LeaseRequest, Refusal, Router};

/// How long a router may take to answer; it answers in microseconds, or is being restarted.
pub const LEASE_LIMIT: Duration = Duration::from_secs(5);

/// How often a question is repeated that was lost to a crash of the router.
const ASKS: u32 = 3;

/// The way to all pools.
#[derive(Debug, Clone)]
pub struct Upstreams {
    /// Where backends are told what happened to them.
    pub directory: Arc<Directory>,
    /// The routers, by worker.
    pub routers: Arc<[Address<Router>]>,
    /// How long nothing may move.
    pub idle: Option<Duration>,
    /// How connections to backends are set up.
    pub tcp: TcpOptions,
}

impl Upstreams {
    /// The way to `pool`, from the worker that this runs on.
    pub(crate) fn route(&self, pool: &Arc<str>) -> Route {
        let worker = Placement::current().and_then(Placement::worker);
        Route {
            pool: Arc::clone(pool),
            router: worker.and_then(|worker| self.routers.get(worker)).cloned(),
        }
    }
}

/// Whom to ask for backends of a pool.
pub(crate) struct Route {
    pool: Arc<str>,
    router: Option<Address<Router>>,
}

impl Route {
    /// Which incarnation of the router is the newest.
    pub(crate) fn generation(&self) -> u32 {
        self.router.as_ref().map_or(0, |router| router.node().generation())
    }

    /// Asks for the right to use a backend, or for a place among those who wait for it; within
    /// [`LEASE_LIMIT`] or, if it is `watched`, for as long as it is polled.
    pub(crate) async fn grant(&self, asked: &Asked, watched: bool) -> Result<Grant, Code> {
        let Some(router) = &self.router else {
            return Err(Code::RouterLost);
        };
        for _ in 0..ASKS {
            let request = LeaseRequest { pool: Arc::clone(&self.pool), asked: asked.clone() };
            let answer = if watched {
                router.ask_watched(request)
            } else {
                router.ask(request, LEASE_LIMIT)
            };
            match answer.await {
                Ok(Ok(grant)) => return Ok(grant),
                Ok(Err(refusal)) => return Err(Code::Refused(refusal)),
                // The question, not the connection, was lost.
                Err(AskError::Crashed | AskError::Unanswered) => {}
                Err(AskError::Full) => return Err(Code::RouterFull),
                Err(AskError::Stopped | AskError::Deadline) => return Err(Code::RouterLost),
            }
        }
        Err(Code::RouterLost)
    }
}

impl Refusal {
    /// Whether a backend was tried before and failed, which is then the better explanation.
    pub(crate) fn follows_failures(self) -> bool {
        matches!(self, Self::NoBackend(NoBackend::AllTried | NoBackend::AllDown))
    }
}
