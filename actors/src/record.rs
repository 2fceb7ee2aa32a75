//! The fixed-size record of one connection, and the line that is logged of it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_observability::access::{AccessLog, ConnectionLine};
use trunkline_runtime::is_crash;
use trunkline_runtime::trace::TraceContext;

use crate::backend::Backend;
use crate::backend::lease::Lease;
use crate::closed::{Ending, Moved};
use crate::metrics::ListenerMetrics;
use crate::socket::ConnectFailure;
use crate::tenants;
use crate::tree::router::Refusal;

/// How far a connection had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Accepted, and not yet served.
    Accept,
    /// A backend is being chosen.
    Route,
    /// All backends are at their limits, and one is waited for.
    Queue,
    /// A connection to the backend is being made.
    Connect,
    /// Bytes flow.
    Stream,
}

impl Phase {
    /// Its name in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Route => "route",
            Self::Queue => "queue",
            Self::Connect => "connect",
            Self::Stream => "stream",
        }
    }
}

/// Why a connection ended. A closed set; together with the phase it says who ended it, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The stream ended by itself.
    Ended(Ending),
    /// The router had no backend to give.
    Refused(Refusal),
    /// No backend could be connected to; this is how the last one failed.
    ConnectFailed(ConnectFailure),
    /// The router's mailbox was full.
    RouterFull,
    /// The router crashed over the question again and again, or did not answer in time.
    RouterLost,
    /// An author's protocol ended.
    Protocol(crate::protocol::Closed),
    /// The connection's actor panicked.
    Crashed,
    /// It was cut off because its listener stops: the time to drain was over, or it came too late.
    Drained,
}

impl Code {
    /// Its name in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ended(ending) => ending.name(),
            Self::Refused(refusal) => refusal.name(),
            Self::ConnectFailed(failure) => failure.name(),
            Self::RouterFull => "router_full",
            Self::RouterLost => "router_lost",
            Self::Protocol(closed) => closed.name(),
            Self::Crashed => "crashed",
            Self::Drained => "drained",
        }
    }
}

impl Code {
    /// Whether it was the client that ended it.
    pub(crate) fn is_of_client(self) -> bool {
        matches!(self, Self::Ended(Ending::ClientReset | Ending::ClientVanished))
    }
}

/// The wait of a connection that has not come to [`Phase::Stream`]: longer than any.
const NOT_YET: u64 = u64::MAX;

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What is known of one connection. It is logged when it is dropped, so that a connection that
/// crashed or was killed leaves its line as well.
pub struct Record {
    id: u64,
    client: SocketAddr,
    listener: Arc<str>,
    log: bool,
    accepted: Instant,
    /// Microseconds from `accepted` until bytes could flow; [`NOT_YET`] before that.
    wait_us: Cell<u64>,
    phase: Cell<Phase>,
    tries: Cell<u32>,
    backend: Cell<Option<Arc<Backend>>>,
    pool: Cell<Option<Arc<crate::pool::Pool>>>,
    failure: Cell<Option<ConnectFailure>>,
    moved: Cell<Moved>,
    /// Moved by what served it before something else took over.
    carried: Cell<Option<Box<Moved>>>,
    code: Cell<Option<Code>>,
    /// Its span, where it has a trace.
    trace: Cell<Option<Box<TraceContext>>>,
    /// Its place among those that are bound to a backend.
    tenancy: Cell<u32>,
    metrics: Option<Arc<ListenerMetrics>>,
}

impl Record {
    /// The record of a connection that was accepted just now; `log` says whether a line is
    /// written when it ends.
    #[must_use]
    pub fn new(id: u64, client: SocketAddr, listener: Arc<str>, log: bool) -> Self {
        Self {
            id,
            client,
            listener,
            log,
            accepted: Instant::now(),
            wait_us: Cell::new(NOT_YET),
            phase: Cell::new(Phase::Accept),
            tries: Cell::new(0),
            backend: Cell::new(None),
            pool: Cell::new(None),
            failure: Cell::new(None),
            moved: Cell::new(Moved::default()),
            carried: Cell::new(None),
            code: Cell::new(None),
            trace: Cell::new(None),
            tenancy: Cell::new(tenants::NOBODY),
            metrics: None,
        }
    }

    /// The same, counted among those of its listener.
    #[must_use]
    pub(crate) fn counted_in(mut self, metrics: Arc<ListenerMetrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// What its listener counts.
    pub(crate) fn metrics(&self) -> Option<&ListenerMetrics> {
        self.metrics.as_deref()
    }

    /// The connection has come to `phase`.
    pub fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        if phase == Phase::Stream {
            self.wait_us.set(micros(self.accepted.elapsed()));
        }
    }

    /// A backend is tried.
    pub fn try_backend(&self, lease: &Lease) {
        self.tries.set(self.tries.get() + 1);
        self.backend.set(Some(Arc::clone(lease.backend())));
        self.pool.set(Some(Arc::clone(lease.pool())));
    }

    /// How many backends were tried.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries.get()
    }

    /// A backend could not be connected to, and another will be tried.
    pub fn note_failure(&self, failure: ConnectFailure) {
        self.failure.set(Some(failure));
    }

    /// It has a trace.
    pub(crate) fn is_of(&self, trace: TraceContext) {
        self.trace.set(Some(Box::new(trace)));
    }

    /// When it was accepted.
    pub(crate) fn accepted(&self) -> Instant {
        self.accepted
    }

    /// The connection's number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The client's address.
    #[must_use]
    pub fn client(&self) -> SocketAddr {
        self.client
    }

    /// The listener's name.
    #[must_use]
    pub fn listener(&self) -> &Arc<str> {
        &self.listener
    }

    /// Bytes that were moved.
    pub fn set_moved(&self, moved: Moved) {
        let carried = self.carried.take();
        self.moved.set(carried.as_deref().map_or(moved, |carried| Moved {
            from_client: carried.from_client + moved.from_client,
            to_client: carried.to_client + moved.to_client,
        }));
        self.carried.set(carried);
    }

    /// Something else takes over, with `unread` bytes that were counted and are not used up.
    pub fn carry_moved(&self, unread: usize) {
        let Moved { from_client, to_client } = self.moved.get();
        let from_client = from_client - (unread as u64).min(from_client);
        self.carried.set(Some(Box::new(Moved { from_client, to_client })));
    }

    /// How it ended; the first word counts.
    pub fn close(&self, code: Code) {
        let code = match (code, self.failure.get()) {
            // That there is nothing left to try is less than how the last try failed.
            (Code::Refused(refusal), Some(failure)) if refusal.follows_failures() => {
                Code::ConnectFailed(failure)
            }
            (code, _) => code,
        };
        if self.code.get().is_none() {
            self.code.set(Some(code));
        }
    }

    /// Sets its place among those that are bound to a backend, and gives the one before.
    pub(crate) fn set_tenancy(&self, slot: u32) -> u32 {
        self.tenancy.replace(slot)
    }

    /// How it has ended, as far as is known.
    pub(crate) fn code(&self) -> Code {
        self.code.get().unwrap_or(if is_crash() { Code::Crashed } else { Code::Drained })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let trace = self.trace.take();
        if let Some(metrics) = &self.metrics {
            let kept = trace.as_ref().filter(|of| of.sampled).map(|of| of.trace);
            metrics.closed(self.code(), self.accepted.elapsed(), kept);
        }
        let Some(log) = AccessLog::of_process().filter(|log| self.log && log.is_on()) else {
            return;
        };
        let total_us = micros(self.accepted.elapsed());
        let moved = self.moved.get();
        let (pool, backend) = (self.pool.take(), self.backend.take());
        log.write_connection(&ConnectionLine {
            id: self.id,
            client: self.client,
            listener: &self.listener,
            pool: pool.as_deref().map_or("", |pool| pool.name()),
            backend: backend.as_deref().map_or("", |backend| backend.name()),
            tries: self.tries.get(),
            phase: self.phase.get().name(),
            code: self.code().name(),
            bytes_in: moved.from_client,
            bytes_out: moved.to_client,
            wait_us: self.wait_us.get().min(total_us),
            total_us,
            trace: trace.as_ref().map(|context| (context.trace, context.span)),
        });
    }
}
