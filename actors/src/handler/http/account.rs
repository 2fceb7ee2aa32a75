//! The record of one request, and its line in the log.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_observability::access::{AccessLine, AccessLog};
use trunkline_runtime::{Placement, is_crash};

use crate::backend::Backend;
use crate::backend::lease::Lease;
use crate::http::request::RequestHead;
use crate::http::route::Route;
use crate::record::Record;
use crate::spare::Lent;

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
    log: AccessLog,
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
}

impl Account {
    /// Of a request whose first byte came at `began`, and its head was whole, or refused, at `whole`.
    pub(super) fn new(
        connection: &Rc<Record>,
        log: &AccessLog,
        began: Instant,
        whole: Instant,
    ) -> Self {
        Self {
            connection: Rc::clone(connection),
            log: log.clone(),
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

    /// What came instead of a head that could be read: its first line.
    pub(super) fn babbles(&mut self, bytes: &[u8]) {
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

    /// A backend is tried.
    pub(super) fn tries(&mut self, lease: &Lease) {
        self.tries += 1;
        self.backend = Some(Arc::clone(lease.backend()));
    }

    /// How many backends were tried.
    pub(super) fn tried(&self) -> u32 {
        self.tries
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
        if !self.log.is_on() {
            return;
        }
        let crashed = self.code.is_none() && is_crash();
        let code = self.code.unwrap_or(if crashed { "crashed" } else { "drained" });
        let (method, rest) = self.said.split_at(self.method);
        let (host, path) = rest.split_at(self.host);
        let worker = Placement::current().and_then(Placement::worker).unwrap_or_default();
        // Who is to blame for an answer of its own accord.
        let actor = if crashed {
            let (listener, id) = (self.connection.listener(), self.connection.id());
            format!("crashed: listeners/{listener}/connections/w{worker}/{id}")
        } else {
            String::new()
        };
        self.log.write(&AccessLine {
            request: self.id,
            client: self.connection.client(),
            listener: self.connection.listener(),
            connection: self.connection.id(),
            worker,
            method,
            host,
            path,
            protocol: if self.old { "HTTP/1.0" } else { "HTTP/1.1" },
            status: if crashed && self.status == 0 { 503 } else { self.status },
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
            total_us: micros(
                self.ended.unwrap_or_else(Instant::now).saturating_duration_since(self.began),
            ),
            detail: &actor,
        });
    }
}
