//! The record of one request.

mod end;

use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;
use trunkline_observability::trace::SpanId;
use trunkline_runtime::trace::TraceContext;

use super::Site;
use super::fault::Fault;
use crate::backend::Backend;
use crate::backend::lease::Lease;
use crate::http::request::RequestHead;
use crate::http::route::Route;
use crate::record::Record;
use crate::spare::Lent;
use crate::trace::{Attempt, Close, Leg, Trace};

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
}
