//! The trace of a connection that is forwarded: from its acceptance until bytes flow.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;
use tokio::time::Instant;
use trunkline_observability::trace::{Clocks, Draft, Ended, Origin, SpanData, SpanKind, Tracer};
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{Placement, crash, is_crash};

use super::{Attempt, Close, Leg, Place, Trace, Travelled, Way, part, place};
use crate::backend::lease::Lease;
use crate::directory::Directory;
use crate::handler::Route;
use crate::record::{Code, Record};

/// What such a connection remembers until bytes flow. Dropped before that, it was cut off.
pub(crate) struct Opening {
    /// None once it is told.
    trace: Option<Trace>,
    record: Rc<Record>,
    directory: Arc<Directory>,
    pool: Arc<str>,
    /// Of the router.
    generation: u32,
}

impl Opening {
    /// Of a connection that is to be forwarded to `pool`; none while nobody wants traces.
    pub(crate) fn begin(
        record: &Rc<Record>,
        directory: &Arc<Directory>,
        pool: &Arc<str>,
        route: &Route,
    ) -> Option<Self> {
        let trace = Trace::begin(None, false)?;
        let generation = route.generation();
        record.is_of(trace.origin.context);
        let (record, directory, pool) =
            (Rc::clone(record), Arc::clone(directory), Arc::clone(pool));
        Some(Self { trace: Some(trace), record, directory, pool, generation })
    }

    /// What is done for it is a part of this.
    pub(crate) fn context(&self) -> Option<TraceContext> {
        self.trace.as_ref().map(|trace| trace.origin.context)
    }

    /// A lease is asked for.
    pub(crate) fn asks(&mut self, now: Instant) {
        if let Some(trace) = &mut self.trace {
            trace.asks(now);
        }
    }

    /// It waits for a backend.
    pub(crate) fn queues(&mut self, now: Instant) {
        if let Some(leg) = self.trace.as_mut().and_then(Trace::leg) {
            leg.queued(now);
        }
    }

    /// There is a lease.
    pub(crate) fn granted(&mut self, lease: &Lease, now: Instant) {
        if let Some(trace) = &mut self.trace {
            trace.granted(lease, now);
        }
    }

    /// The try has ended so.
    pub(crate) fn tried(&mut self, outcome: &'static str, well: bool, now: Instant) {
        let leg = self.trace.as_mut().and_then(Trace::leg);
        if let Some(attempt) = leg.and_then(Leg::attempt) {
            if well {
                attempt.connected(now);
            }
            Attempt::ended(attempt, outcome, well, 0, now);
        }
    }

    /// Bytes flow from here on. What its end is to tell, if anything.
    pub(crate) fn opened(mut self, lease: &Lease, now: Instant) -> Option<Box<Close>> {
        let of = self.context()?;
        self.tell("opened", None, now);
        Some(Box::new(Close {
            of,
            began: now,
            listener: Arc::clone(self.record.listener()),
            connection: self.record.id(),
            worker: worker(),
            pool: Some(Arc::clone(&self.pool)),
            backend: Some(Arc::clone(lease.backend())),
        }))
    }

    /// There is no backend for it.
    pub(crate) fn refused(mut self, code: Code) {
        let leg = self.trace.as_mut().and_then(Trace::leg);
        if let Some(leg) = leg
            && leg.attempt().is_none()
        {
            leg.refused(code.name(), Instant::now());
        }
        // A client that went away has nothing refused.
        let failure = (!code.is_of_client()).then(|| code.name().into());
        self.tell(code.name(), failure, Instant::now());
    }

    fn tell(&mut self, code: &'static str, failure: Option<Box<str>>, now: Instant) {
        let (Some(mut trace), Some(tracer)) = (self.trace.take(), Tracer::of_process()) else {
            return;
        };
        if !tracer.wants(&trace.origin.context, failure.is_some()) {
            return;
        }
        tracer.spans().finish(Box::new(Finished {
            legs: Travelled::all(&mut trace.legs, &self.directory),
            origin: trace.origin,
            clocks: Clocks::now(),
            accepted: self.record.accepted(),
            ended: now,
            listener: Arc::clone(self.record.listener()),
            pool: Arc::clone(&self.pool),
            client: self.record.client(),
            connection: self.record.id(),
            worker: worker(),
            router: self.generation,
            code,
            failure,
        }));
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if self.trace.is_none() {
            return;
        }
        let (code, text) = if is_crash() {
            let text = crash().map(|panic| format!("panicked: {panic}"));
            ("crashed", text.unwrap_or_else(|| "crashed".to_owned()))
        } else {
            ("drained", "the server stopped before it was forwarded".to_owned())
        };
        self.tell(code, Some(text.into()), Instant::now());
    }
}

fn worker() -> usize {
    Placement::current().and_then(Placement::worker).unwrap_or_default()
}

/// A connection that is forwarded, or will not be, on its way to whoever writes its spans down.
#[derive(Debug)]
struct Finished {
    origin: Origin,
    legs: SmallVec<[Travelled; 2]>,
    clocks: Clocks,
    accepted: Instant,
    ended: Instant,
    listener: Arc<str>,
    pool: Arc<str>,
    client: SocketAddr,
    connection: u64,
    worker: usize,
    router: u32,
    code: &'static str,
    failure: Option<Box<str>>,
}

impl Ended for Finished {
    fn spans(&self) -> usize {
        2 + self.legs.iter().map(Travelled::spans).sum::<usize>()
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        let actor = Place::connection(&self.listener, self.worker, self.connection);
        let root = self.origin.context;
        let times = self.clocks.between(self.accepted.into_std(), self.ended.into_std());
        let name = format!("forward {}", self.listener);
        let mut span = Draft::new(&root, None, name, times, 12).kind(SpanKind::Server);
        place(&mut span, &actor, Some(self.worker));
        span.word("network.transport", "tcp");
        span.text("client.address", self.client.ip().to_canonical().to_string());
        span.number("client.port", self.client.port());
        span.name("trunkline.listener", &self.listener);
        span.number("trunkline.connection", self.connection);
        span.name("trunkline.pool", &self.pool);
        span.word("trunkline.code", self.code);
        if let Some(failure) = &self.failure {
            span.word("error.type", self.code);
            span.error(String::from(&**failure));
        }
        out.push(span.done());
        let asked = self.legs.first().map_or(self.ended, Travelled::asked);
        let times = self.clocks.between(self.accepted.into_std(), asked.into_std());
        out.push(part(&root, "accept", times, &actor, self.worker));
        let way = Way {
            root,
            clocks: &self.clocks,
            ended: self.ended,
            pool: Some(&self.pool),
            router: &Place::router(self.worker, self.router),
            worker: self.worker,
            attempt: "connect",
        };
        way.build(&self.legs, out);
    }
}
