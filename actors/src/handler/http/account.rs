//! The record of one request, and its line in the log.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_observability::access::AccessLine;
use trunkline_observability::trace::{Clocks, SpanId, Tracer};
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{Placement, crash, is_crash};

use super::Site;
use super::fault::Fault;
use super::spans::Finished;
use crate::backend::Backend;
use crate::backend::lease::Lease;
use crate::closed::Moved;
use crate::http::request::RequestHead;
use crate::http::route::Route;
use crate::metrics::ListenerMetrics;
use crate::metrics::request::Served;
use crate::record::Record;
use crate::spare::Lent;
use crate::trace::{Attempt, Close, Leg, Trace, Travelled};

/// The most of the method, the host or the target that is remembered for the log, in bytes.
const MOST: usize = 1024;

/// How far a request had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its head is being read.
    Head,
    /// A target and a backend are being chosen.
    Route,
    /// All backends are at their limits, and one is waited for.
    Queue,
    /// A connection to the backend is being made.
    Connect,
    /// It is being sent.
    Send,
    /// It was sent, and the answer has not begun.
    Wait,
    /// The answer is being passed on.
    Answer,
    /// The protocol was switched.
    Stream,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Route => "route",
            Self::Queue => "queue",
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Answer => "answer",
            Self::Stream => "stream",
        }
    }
}

/// What is known of one request, in a fixed set of fields. Its line is written when it is dropped,
/// so that a request whose actor crashed or was killed leaves one as well.
pub(super) struct Account {
    connection: Rc<Record>,
    site: Arc<Site>,
    id: u64,
    /// Method, host and target as the client sent them, one behind the other.
    said: Lent,
    method: usize,
    host: usize,
    began: Instant,
    whole: Instant,
    sent: Option<Instant>,
    first_byte: Option<Instant>,
    ended: Option<Instant>,
    route: Option<Arc<Route>>,
    pool: Option<Arc<str>>,
    backend: Option<Arc<Backend>>,
    tries: u32,
    pub(super) reused: bool,
    pub(super) status: u16,
    pub(super) phase: Phase,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    old: bool,
    code: Option<&'static str>,
    fault: Option<Fault>,
    /// When an answer of our own began.
    answering: Option<Instant>,
    /// Of another protocol, which has its own end.
    close: Option<Box<Close>>,
    /// None while nobody wants traces.
    pub(super) trace: Option<Trace>,
}

impl Account {
    /// Of a request whose first byte came at `began`, and its head was whole, or refused, at `whole`.
    pub(super) fn new(
        connection: &Rc<Record>,
        site: &Arc<Site>,
        began: Instant,
        whole: Instant,
    ) -> Self {
        Self {
            connection: Rc::clone(connection),
            site: Arc::clone(site),
            id: fastrand::u64(..),
            said: Lent::new(),
            method: 0,
            host: 0,
            began,
            whole,
            sent: None,
            first_byte: None,
            ended: None,
            route: None,
            pool: None,
            backend: None,
            tries: 0,
            reused: false,
            status: 0,
            phase: Phase::Head,
            bytes_in: 0,
            bytes_out: 0,
            old: false,
            code: None,
            fault: None,
            answering: None,
            close: None,
            trace: None,
        }
    }

    /// What it asks for.
    pub(super) fn asks(&mut self, head: &RequestHead<'_, '_>) {
        let cut = |text: &'_ str| text.len().min(MOST);
        self.method = cut(head.method);
        self.host = cut(head.host);
        self.said.extend_from_slice(&head.method.as_bytes()[..self.method]);
        self.said.extend_from_slice(&head.host.as_bytes()[..self.host]);
        self.said.extend_from_slice(&head.target.as_bytes()[..cut(head.target)]);
        self.old = head.version == crate::http::fields::Version::Http10;
        self.phase = Phase::Route;
    }

    /// It says that it belongs to a trace, or to none.
    pub(super) fn is_of(&mut self, trace: Option<TraceContext>, trusted: bool) {
        self.trace = Trace::begin(trace, trusted);
    }

    /// What is done for it is a part of this.
    pub(super) fn context(&self) -> Option<TraceContext> {
        self.trace.as_ref().map(|trace| trace.origin.context)
    }

    /// What came instead of a head that could be read: its first line.
    pub(super) fn babbles(&mut self, bytes: &[u8]) {
        self.is_of(None, false);
        let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0));
        let end = end.unwrap_or(bytes.len()).min(MOST / 4);
        self.said.extend_from_slice(&bytes[..end]);
    }

    pub(super) fn routed(&mut self, route: &Arc<Route>) {
        self.route = Some(Arc::clone(route));
    }

    /// A backend of `pool` is wanted, whether it has one to give or not.
    pub(super) fn wants(&mut self, pool: &Arc<str>) {
        self.pool = Some(Arc::clone(pool));
    }

    /// A lease is asked for.
    pub(super) fn asks_for_lease(&mut self, now: Instant) {
        if let Some(trace) = &mut self.trace {
            // The first time `now` is when its head was whole, for a look at the clock less.
            let is_first = trace.legs.is_empty() && trace.is_sampled();
            trace.asks(if is_first { Instant::now() } else { now });
        }
    }

    /// It waits for a backend.
    pub(super) fn queues(&mut self, now: Instant) {
        self.phase = Phase::Queue;
        if let Some(leg) = self.trace.as_mut().and_then(Trace::leg) {
            leg.queued(now);
        }
    }

    /// There is no lease.
    pub(super) fn refused(&mut self, code: &'static str) {
        if let Some(leg) = self.trace.as_mut().and_then(Trace::leg) {
            leg.refused(code, Instant::now());
        }
    }

    /// A backend is tried. The span that it is to be told of, where that is not the one that the
    /// request names already.
    pub(super) fn tries(&mut self, lease: &Lease, now: Instant) -> Option<SpanId> {
        self.turns_to(lease);
        self.trace.as_mut().and_then(|trace| trace.granted(lease, now))
    }

    /// The backend of `lease` is the one that is listened to.
    pub(super) fn turns_to(&mut self, lease: &Lease) {
        self.tries += 1;
        self.backend = Some(Arc::clone(lease.backend()));
    }

    /// The try with the backend that is listened to.
    pub(super) fn attempt(&mut self) -> Option<&mut Attempt> {
        self.trace.as_mut().and_then(Trace::leg).and_then(Leg::attempt)
    }

    /// The try has ended so, well or not; with the status of an answer, or 0.
    pub(super) fn try_ends(
        &mut self,
        outcome: &'static str,
        well: bool,
        status: u16,
        now: Instant,
    ) {
        let (sent, first_byte) = (self.sent, self.first_byte);
        if let Some(attempt) = self.attempt() {
            attempt.moved(sent, first_byte);
            attempt.ended(outcome, well, status, now);
        }
    }

    /// How many backends were tried.
    pub(super) fn tried(&self) -> u32 {
        self.tries
    }

    /// A second backend has taken the place of the first, which had failed so, or was only slow.
    pub(super) fn overtaken(&mut self, lost: Option<Fault>) {
        let outcome = lost.map_or("overtaken", Fault::code);
        let status = lost.map_or(0, Fault::answered);
        self.try_ends(outcome, lost.is_none(), status, Instant::now());
        if let Some(trace) = &mut self.trace {
            trace.overtaken();
        }
    }

    /// When its head was whole.
    pub(super) fn whole(&self) -> Instant {
        self.whole
    }

    /// All of it was sent to the backend.
    pub(super) fn sent(&mut self, now: Instant) {
        self.sent = Some(now);
    }

    /// What was sent went nowhere.
    pub(super) fn begins_again(&mut self) {
        self.sent = None;
        self.first_byte = None;
    }

    /// When all of it was sent.
    pub(super) fn sent_at(&self) -> Option<Instant> {
        self.sent
    }

    /// When the first byte of the answer came.
    pub(super) fn first_byte_at(&self) -> Option<Instant> {
        self.first_byte
    }

    /// Something of the backend's answer is there.
    pub(super) fn answered(&mut self) {
        self.first_byte.get_or_insert_with(Instant::now);
    }

    /// What was there was an interim answer, with the beginning of the next one behind it or not.
    pub(super) fn answered_for_now(&mut self, and_more: bool) {
        self.first_byte = and_more.then(Instant::now);
    }

    /// It is over, if not yet for its connection.
    pub(super) fn ended(&mut self, now: Instant) {
        self.ended = Some(now);
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// An answer of our own begins.
    pub(super) fn answers(&mut self, status: u16, now: Instant) {
        self.status = status;
        self.answering = Some(now);
    }

    /// It cannot be served; the first word counts.
    pub(super) fn fails(&mut self, fault: Fault) {
        if self.code.is_none() {
            self.fault = Some(fault);
            self.code = Some(fault.code());
        }
    }

    /// How it ended; the first word counts.
    pub(super) fn close(&mut self, code: &'static str) {
        self.code.get_or_insert(code);
    }

    fn since_whole(&self, then: Option<Instant>) -> Option<u64> {
        then.map(|then| micros(then.saturating_duration_since(self.whole)))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Drop for Account {
    fn drop(&mut self) {
        let crashed = self.code.is_none() && is_crash();
        let code = self.code.unwrap_or(if crashed { "crashed" } else { "drained" });
        let now = Instant::now();
        if crashed && self.status == 0 {
            self.status = 503;
        }
        self.log(code, crashed, now);
        self.count(now);
        if let Some(close) = self.close.take() {
            let moved = Moved { from_client: self.bytes_in, to_client: self.bytes_out };
            close.finish(code, crashed, moved, now);
        } else if self.trace.is_some() {
            let failure = self.failure(code, crashed);
            self.finish_trace(code, failure, now);
        }
    }
}

impl Account {
    /// Counts it among those of its route.
    fn count(&self, now: Instant) {
        let of_route = self.route.as_ref().map(|route| &route.metrics);
        let unrouted = || self.connection.metrics().map(ListenerMetrics::unrouted);
        let Some(metrics) = of_route.or_else(unrouted) else { return };
        let took = self.ended.unwrap_or(now).saturating_duration_since(self.began);
        metrics.served(&Served {
            status: self.status,
            took: (self.phase != Phase::Stream).then_some(took),
            first_byte: self.first_byte.map(|at| at.saturating_duration_since(self.whole)),
            trace: self.context().filter(|of| of.sampled).map(|of| of.trace),
        });
    }

    fn log(&self, code: &'static str, crashed: bool, now: Instant) {
        if !self.site.log.is_on() {
            return;
        }
        let (method, rest) = self.said.split_at(self.method);
        let (host, path) = rest.split_at(self.host);
        let worker = worker();
        // Who is to blame for an answer of its own accord.
        let actor = if crashed {
            let (listener, id) = (self.connection.listener(), self.connection.id());
            format!("crashed: listeners/{listener}/connections/w{worker}/{id}")
        } else {
            String::new()
        };
        // Of one that has switched, the trace in which it did.
        let context = self.context().or_else(|| self.close.as_ref().map(|close| close.of));
        self.site.log.write(&AccessLine {
            request: self.id,
            client: self.connection.client(),
            listener: self.connection.listener(),
            connection: self.connection.id(),
            worker,
            method,
            host,
            path,
            protocol: if self.old { "HTTP/1.0" } else { "HTTP/1.1" },
            status: self.status,
            route: self.route.as_ref().map_or("", |route| &*route.name),
            pool: self.pool.as_deref().unwrap_or_default(),
            backend: self.backend.as_ref().map_or("", |backend| backend.name()),
            tries: self.tries,
            reused: self.reused,
            phase: self.phase.name(),
            code,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            wait_us: self.since_whole(self.sent).unwrap_or_default(),
            first_byte_us: self.since_whole(self.first_byte),
            total_us: micros(self.ended.unwrap_or(now).saturating_duration_since(self.began)),
            detail: &actor,
            trace: context.map(|context| (context.trace, context.span)),
        });
    }

    /// How it has failed, if that is not the client's doing.
    fn failure(&self, code: &'static str, crashed: bool) -> Option<Box<str>> {
        if crashed {
            let text = crash().map(|panic| format!("panicked: {panic}"));
            return Some(text.unwrap_or_else(|| code.to_owned()).into());
        }
        if self.code.is_none() {
            return Some("the server stopped before it was over".into());
        }
        Fault::failure(self.fault, self.status)
    }

    /// Another protocol begins, and may go on for long: what has led to it is told now.
    pub(super) fn switches(&mut self) {
        self.phase = Phase::Stream;
        let now = Instant::now();
        let context = self.context();
        self.finish_trace("switched", None, now);
        self.trace = None;
        self.close = context.map(|context| {
            Box::new(Close {
                of: context,
                began: now,
                listener: Arc::clone(self.connection.listener()),
                connection: self.connection.id(),
                worker: worker(),
                pool: self.pool.clone(),
                backend: self.backend.clone(),
            })
        });
    }

    fn finish_trace(&mut self, code: &'static str, failure: Option<Box<str>>, now: Instant) {
        let Some(tracer) = Tracer::of_process() else { return };
        // Most are not wanted, and stay where they are: they are large.
        let is_wanted = |trace: &mut Trace| tracer.wants(&trace.origin.context, failure.is_some());
        let Some(mut trace) = self.trace.take_if(is_wanted) else { return };
        let worker = worker();
        let upstreams = &self.site.upstreams;
        let router = upstreams.routers.get(worker).map_or(0, |router| router.node().generation());
        let first_byte = self.first_byte.filter(|_| self.status != 0);
        tracer.spans().finish(Box::new(Finished {
            legs: Travelled::all(&mut trace.legs, &upstreams.directory),
            origin: trace.origin,
            clocks: Clocks::now(),
            began: self.began,
            whole: self.whole,
            answered: self.answering.or(first_byte),
            ended: self.ended.unwrap_or(now),
            said: self.said.as_slice().into(),
            host_at: self.method,
            path_at: self.method + self.host,
            was_read: self.phase != Phase::Head,
            route: self.route.as_ref().map(|route| Arc::clone(&route.name)),
            pool: self.pool.clone(),
            listener: Arc::clone(self.connection.listener()),
            client: self.connection.client(),
            connection: self.connection.id(),
            worker,
            router,
            id: self.id,
            version: if self.old { "1.0" } else { "1.1" },
            status: self.status,
            phase: self.phase.name(),
            code,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            failure,
        }));
    }
}

fn worker() -> usize {
    Placement::current().and_then(Placement::worker).unwrap_or_default()
}
