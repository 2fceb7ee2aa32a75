//! What requests and connections remember for their spans, and how spans name actors.

mod close;
mod connection;
mod leg;
mod place;

use std::rc::Rc;
use std::time::SystemTime;

use tokio::time::Instant;
use trunkline_observability::trace::{Draft, Origin, SpanData, SpanId, Tracer, new_span};
use trunkline_runtime::trace::TraceContext;

pub(crate) use close::Close;
pub(crate) use connection::Opening;
pub(crate) use leg::{Attempt, Hedge, Leg, Legs, Travelled, Way};
pub(crate) use place::{Place, place};

use crate::backend::lease::Lease;

/// What is remembered of a request, or of a connection that is forwarded, while it is under way.
pub(crate) struct Trace {
    /// Its own span.
    pub(crate) origin: Origin,
    /// Its way to a backend.
    pub(crate) legs: Legs,
    /// The span of the first try, until there is one: a request names it from the start, so that it
    /// is written once.
    first: Option<SpanId>,
    /// Something wants to know all that may have failed, or this one whatever becomes of it.
    keeps: bool,
}

impl Trace {
    /// A request that says it belongs to `asked`.
    pub(crate) fn begin(asked: Option<TraceContext>, trusted: bool) -> Option<Self> {
        let tracer = Tracer::of_process()?;
        let origin = tracer.begin(asked, trusted);
        let keeps = tracer.wants(&origin.context, true);
        Some(Self { origin, legs: Legs::new(), first: Some(new_span()), keeps })
    }

    /// Whether the moments of this one are worth a look at the clock.
    pub(crate) fn is_sampled(&self) -> bool {
        self.origin.context.sampled
    }

    /// A lease is asked for.
    pub(crate) fn asks(&mut self, now: Instant) {
        if self.keeps {
            self.legs.push(Leg::ask(now));
        }
    }

    /// A second backend is to be asked as well.
    pub(crate) fn hedges(&mut self, now: Instant) -> Option<Rc<Hedge>> {
        self.keeps.then(|| {
            let (leg, hedge) = Leg::hedge(now);
            self.legs.push(leg);
            hedge
        })
    }

    /// The leg that the request is on: the last that is no hedge which has not won.
    pub(crate) fn leg(&mut self) -> Option<&mut Leg> {
        self.legs.iter_mut().rev().find(|leg| !leg.is_hedge())
    }

    /// The second backend is the one that is listened to from here on.
    pub(crate) fn overtaken(&mut self) {
        if let Some(leg) = self.legs.last_mut() {
            leg.wins();
        }
    }

    /// What the first backend is told that its work is a part of.
    pub(crate) fn first_try(&self) -> TraceContext {
        let context = self.origin.context;
        TraceContext { span: self.first.unwrap_or(context.span), ..context }
    }

    /// There is a lease, and a try begins: its span, if it is not [`Self::first_try`].
    pub(crate) fn granted(&mut self, lease: &Lease, now: Instant) -> Option<SpanId> {
        let first = self.first.take();
        let span = first.unwrap_or_else(new_span);
        if let Some(leg) = self.legs.last_mut() {
            leg.granted(lease.backend(), span, now);
        }
        first.is_none().then_some(span)
    }
}

/// A part of `root` that says only when it was, and which actor's it was.
pub(crate) fn part(
    root: &TraceContext,
    name: &'static str,
    times: (SystemTime, SystemTime),
    actor: &Place,
    worker: usize,
) -> SpanData {
    let context = TraceContext { span: new_span(), ..*root };
    let mut part = Draft::new(&context, Some(root.span), name, times, 3);
    place(&mut part, actor, Some(worker));
    part.done()
}
