//! The span of one call of a hook.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_observability::trace::{Clocks, Draft, Ended, Origin, SpanData, SpanKind, Tracer};
use trunkline_runtime::trace::{Entered, TraceContext};
use trunkline_runtime::{Panic, Placement, is_crash};

use super::guarded::Ran;
use super::{Closed, Next, Result};
use crate::record::Record;
use crate::trace::{Place, part, place};

/// When a message was sent to a connection, and in which trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) trace: TraceContext,
    pub(super) at: Instant,
}

impl Sent {
    /// Now, where there is a trace.
    pub(super) fn now() -> Option<Self> {
        TraceContext::current().map(|trace| Self { trace, at: Instant::now() })
    }
}

/// A hook at work. Dropped before it has ended, it was cut off.
pub(super) struct HookSpan {
    origin: Origin,
    name: &'static str,
    began: Instant,
    /// How long the message had waited.
    waited: Option<Duration>,
    record: Rc<Record>,
    generation: u32,
    /// How it has ended.
    outcome: &'static str,
    failure: Option<Box<str>>,
}

impl HookSpan {
    /// A hook is called, for a message of the peer's or one that was `sent`; none while nobody wants
    /// traces.
    pub(super) fn begin(
        name: &'static str,
        sent: Option<Sent>,
        record: &Rc<Record>,
        generation: impl FnOnce() -> u32,
    ) -> Option<Box<Self>> {
        let tracer = Tracer::of_process()?;
        let began = Instant::now();
        let origin =
            sent.map_or_else(|| tracer.begin(None, false), |sent| tracer.follow(sent.trace));
        Some(Box::new(Self {
            origin,
            name,
            began,
            waited: sent.map(|sent| began.saturating_duration_since(sent.at)),
            record: Rc::clone(record),
            generation: generation(),
            outcome: "",
            failure: None,
        }))
    }

    /// What is done in the hook is a part of this.
    pub(super) fn context(&self) -> TraceContext {
        self.origin.context
    }

    /// It has ended so. What follows from that is a part of it as well, as long as the guard lives.
    pub(super) fn end(&mut self, ran: &Ran<Result<Next>>) -> Entered {
        let (outcome, failure) = match ran {
            Ran::Done(Ok(Next::Read)) => ("done", None),
            Ran::Done(Ok(Next::Close)) => ("closed", None),
            Ran::Done(Ok(Next::Upgrade(_))) => ("upgraded", None),
            Ran::Done(Err(error)) if error.is_peer_gone() => ("peer_gone", None),
            Ran::Done(Err(error)) if error.is_malformed() => ("malformed", None),
            Ran::Done(Err(error)) if error.is_timeout() => ("timeout", Some(error.to_string())),
            Ran::Done(Err(error)) => ("failed", Some(error.to_string())),
            Ran::Panicked(panic) => ("panicked", Some(text(panic))),
            Ran::Cut(closed) => (Closed::name(*closed), None),
        };
        (self.outcome, self.failure) = (outcome, failure.map(Into::into));
        self.context().enter()
    }
}

fn text(panic: &Panic) -> String {
    format!("panicked: {panic}")
}

impl Drop for HookSpan {
    fn drop(&mut self) {
        if self.outcome.is_empty() {
            self.outcome = if is_crash() { "crashed" } else { "cut_off" };
            self.failure = Some("the connection ended under it".into());
        }
        let Some(tracer) = Tracer::of_process() else { return };
        if !tracer.wants(&self.origin.context, self.failure.is_some()) {
            return;
        }
        let worker = Placement::current().and_then(Placement::worker).unwrap_or_default();
        tracer.spans().finish(Box::new(Finished {
            origin: self.origin,
            name: self.name,
            clocks: Clocks::now(),
            began: self.began,
            ended: Instant::now(),
            waited: self.waited,
            listener: Arc::clone(self.record.listener()),
            client: self.record.client(),
            connection: self.record.id(),
            worker,
            generation: self.generation,
            outcome: self.outcome,
            failure: self.failure.take(),
        }));
    }
}

/// A call that has ended, on its way to whoever writes its span down.
#[derive(Debug)]
struct Finished {
    origin: Origin,
    name: &'static str,
    clocks: Clocks,
    began: Instant,
    ended: Instant,
    waited: Option<Duration>,
    listener: Arc<str>,
    client: SocketAddr,
    connection: u64,
    worker: usize,
    generation: u32,
    outcome: &'static str,
    failure: Option<Box<str>>,
}

impl Ended for Finished {
    fn spans(&self) -> usize {
        1 + usize::from(self.waited.is_some())
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        let Origin { context, parent, .. } = self.origin;
        let mut actor = Place::connection(&self.listener, self.worker, self.connection);
        actor.path = format!("{}/protocol", actor.path).into();
        actor.generation = self.generation;
        let began = self.began.into_std();
        let times = self.clocks.between(began, self.ended.into_std());
        let kind = if parent.is_some() { SpanKind::Consumer } else { SpanKind::Server };
        let parent_span = parent.map(|parent| parent.span);
        let mut span = Draft::new(&context, parent_span, self.name, times, 10).kind(kind);
        place(&mut span, &actor, Some(self.worker));
        span.name("trunkline.listener", &self.listener);
        span.number("trunkline.connection", self.connection);
        span.text("client.address", self.client.ip().to_canonical().to_string());
        span.number("client.port", self.client.port());
        span.word("trunkline.outcome", self.outcome);
        if let Some(failure) = &self.failure {
            span.word("error.type", self.outcome);
            span.error(String::from(&**failure));
        }
        out.push(span.done());
        if let Some(waited) = self.waited {
            let sent = began.checked_sub(waited).unwrap_or(began);
            let times = self.clocks.between(sent, began);
            out.push(part(&context, "queue", times, &actor, self.worker));
        }
    }
}
