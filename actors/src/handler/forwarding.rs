//! TCP forwarding as a handler: a lease, a connection, and bytes both ways.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;
use trunkline_runtime::{Address, AskError, Placement};

use super::{Handler, Seat, Service};
use crate::backend::BackendId;
use crate::backend::lease::Lease;
use crate::directory::Directory;
use crate::forward::Forward;
use crate::record::{Code, Phase, Record};
use crate::socket::{TcpOptions, connect};
use crate::stream::Stream;
use crate::tree::router::{LeaseRequest, Refusal, Router};

/// How long a router may take to answer; it answers in microseconds, or is being restarted.
pub const LEASE_LIMIT: Duration = Duration::from_secs(5);

/// How often a question is repeated that was lost to a crash of the router.
const ASKS: u32 = 3;

/// Forwards to a pool.
#[derive(Debug)]
pub struct Forwarding {
    /// The pool's name.
    pub pool: Arc<str>,
    /// The way there.
    pub upstreams: Upstreams,
}

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

impl Handler for Forwarding {
    fn name(&self) -> &str {
        "forward"
    }

    fn serve(&self, client: Stream, record: Rc<Record>, _: Seat) -> Service {
        self.upstreams.forward(Arc::clone(&self.pool), client, BytesMut::new(), record)
    }
}

impl Upstreams {
    /// Forwards `client` to `pool`, `first` what was read of it already.
    pub fn forward(
        &self,
        pool: Arc<str>,
        client: Stream,
        first: BytesMut,
        record: Rc<Record>,
    ) -> Service {
        let worker = Placement::current().and_then(Placement::worker);
        let route = Route {
            pool,
            directory: Arc::clone(&self.directory),
            router: worker.and_then(|worker| self.routers.get(worker)).cloned(),
            tcp: self.tcp,
        };
        let idle = self.idle;
        Box::pin(async move {
            // In a box of its own, so that a connection that only streams does not keep its room.
            match Box::pin(route.connect(Rc::clone(&record))).await {
                Ok((backend, lease)) => {
                    record.enter(Phase::Stream);
                    let forward = Forward::new(client, backend, idle).starting_with(&first);
                    drop(first);
                    Metered { forward, record, _lease: lease }.await;
                }
                Err(code) => {
                    let mut client = client;
                    // Closed at once, and by a reset: an orderly end would be an empty answer.
                    client.abort();
                    record.close(code);
                }
            }
        })
    }
}

/// What it takes to find a backend.
struct Route {
    pool: Arc<str>,
    directory: Arc<Directory>,
    router: Option<Address<Router>>,
    tcp: TcpOptions,
}

impl Route {
    /// Asks for leases until a backend answers. Failover is a further ask, which excludes those
    /// that have failed.
    async fn connect(self, record: Rc<Record>) -> Result<(Stream, Lease), Code> {
        let mut excluded = Vec::new();
        loop {
            record.enter(Phase::Route);
            let mut lease = self.lease(&excluded).await?;
            record.enter(Phase::Connect);
            record.try_backend(&lease);
            let (attempts, within) = {
                let current = lease.pool().current();
                (current.settings().attempts, current.settings().connect_timeout)
            };
            let backend = Arc::clone(lease.backend());
            let addresses = Arc::clone(&backend.resolved());
            match connect(&addresses, within, &self.tcp).await {
                Ok(stream) => {
                    let transition = lease.connected(Instant::now());
                    self.directory.tell(backend.id(), transition);
                    return Ok((stream, lease));
                }
                Err(error) => {
                    let transition = lease.failed(error.failure, Instant::now());
                    self.directory.tell(backend.id(), transition);
                    excluded.push(backend.id());
                    if record.tries() >= attempts.get() {
                        return Err(Code::ConnectFailed(error.failure));
                    }
                    record.note_failure(error.failure);
                }
            }
        }
    }

    async fn lease(&self, excluded: &[BackendId]) -> Result<Lease, Code> {
        let Some(router) = &self.router else {
            return Err(Code::RouterLost);
        };
        for _ in 0..ASKS {
            let request =
                LeaseRequest { pool: Arc::clone(&self.pool), excluded: excluded.to_vec() };
            match router.ask(request, LEASE_LIMIT).await {
                Ok(Ok(lease)) => return Ok(lease),
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
        matches!(self, Self::NoBackend(crate::pool::NoBackend::AllTried))
    }
}

/// Holds the lease while it forwards, and notes what was moved, however it ends.
struct Metered {
    forward: Forward,
    record: Rc<Record>,
    _lease: Lease,
}

impl Future for Metered {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let closed = ready!(Pin::new(&mut self.forward).poll(cx));
        self.record.close(Code::Ended(closed.ending));
        Poll::Ready(())
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.record.set_moved(self.forward.moved());
    }
}
