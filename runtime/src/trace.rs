//! Which trace the work at hand belongs to.
//!
//! A [`TraceContext`] is current on a thread while a request, or a message sent on its behalf, is
//! worked on. Every message takes the context of its sender along: whoever handles it, and what the
//! handler starts, works in it, too. Outside of any trace it costs a look at a cell of the thread.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context as OtelContext, ContextGuard};
use pin_project_lite::pin_project;

thread_local! {
    static CURRENT: Cell<Option<TraceContext>> = const { Cell::new(None) };
}

/// Spans are made by OpenTelemetry's own API, or through it.
static HAS_SPANS: AtomicBool = AtomicBool::new(false);

/// Has messages follow spans of OpenTelemetry from here on: something makes such spans.
pub fn follow_spans() {
    HAS_SPANS.store(true, Ordering::Relaxed);
}

/// A span as others refer to it: its trace, its own id, and whether the trace is sampled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span that work done now hangs under.
    pub span: SpanId,
    /// Whether its spans are kept.
    pub sampled: bool,
}

impl TraceContext {
    /// That of the work at hand, if it belongs to a trace: its innermost span, where spans of
    /// OpenTelemetry or of `tracing` are made within it.
    #[must_use]
    pub fn current() -> Option<Self> {
        match Self::entered() {
            Some(context) if !context.sampled => Some(context),
            entered if HAS_SPANS.load(Ordering::Relaxed) => {
                OtelContext::map_current(Self::of_span).or(entered)
            }
            entered => entered,
        }
    }

    /// That which was entered last, whatever spans were begun within it.
    pub(crate) fn entered() -> Option<Self> {
        // While the thread ends there is none.
        CURRENT.try_with(Cell::get).ok().flatten()
    }

    fn of_span(context: &OtelContext) -> Option<Self> {
        let span = context.span();
        let of = span.span_context();
        let (trace, span) = (of.trace_id(), of.span_id());
        of.is_sampled().then_some(Self { trace, span, sampled: true })
    }

    /// Makes it current until the guard is dropped. Where it is sampled, it is OpenTelemetry's
    /// current context as well: spans of `tracing` and of that API hang under it.
    #[inline]
    pub fn enter(self) -> Entered {
        let before = CURRENT.replace(Some(self));
        let attached = if self.sampled { Some(self.attach()) } else { None };
        Entered { before, _attached: attached, _thread: PhantomData }
    }

    /// Leaves the trace at hand until the guard is dropped: for what outlasts the work that has begun
    /// it, as a timer that is set again and again, and for work that only waited its turn behind it.
    pub fn leave() -> Entered {
        let before = CURRENT.replace(None);
        let is_left = before.is_some() || HAS_SPANS.load(Ordering::Relaxed);
        let attached = is_left.then(|| OtelContext::new().attach());
        Entered { before, _attached: attached, _thread: PhantomData }
    }

    /// The same for OpenTelemetry.
    #[must_use]
    pub fn span_context(&self) -> SpanContext {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        SpanContext::new(self.trace, self.span, flags, false, TraceState::NONE)
    }

    /// Apart, so that what is not sampled is entered in a few instructions.
    #[inline(never)]
    fn attach(self) -> ContextGuard {
        OtelContext::new().with_remote_span_context(self.span_context()).attach()
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// A context that is current; dropped on the same thread, the one before is again.
#[must_use = "the context is current as long as its guard lives"]
pub struct Entered {
    before: Option<TraceContext>,
    _attached: Option<ContextGuard>,
    _thread: PhantomData<*const ()>,
}

impl Entered {
    /// In `context`, if there is one. It is put in place as it is: taken apart at each poll it would
    /// cost more.
    #[inline]
    fn of(context: Option<TraceContext>) -> Option<Self> {
        let sampled = context.as_ref()?.sampled;
        let before = CURRENT.replace(context);
        let attached = if sampled { context.map(TraceContext::attach) } else { None };
        Some(Self { before, _attached: attached, _thread: PhantomData })
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.before));
    }
}

pin_project! {
    /// A future that is polled in a context of its own.
    pub struct InTrace<F> {
        #[pin]
        future: F,
        context: Option<TraceContext>,
    }
}

impl<F> InTrace<F> {
    /// In `context`, if there is one.
    pub fn new(future: F, context: Option<TraceContext>) -> Self {
        Self { future, context }
    }
}

impl<F: Future> Future for InTrace<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::of(*this.context);
        this.future.poll(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_left_until_the_guard_is_dropped() {
        let (trace, span) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
        let context = TraceContext { trace, span, sampled: true };
        let entered = context.enter();
        let left = TraceContext::leave();
        assert_eq!(TraceContext::current(), None);
        let is_told = || OtelContext::map_current(|current| current.has_active_span());
        assert!(!is_told());
        drop(left);
        assert_eq!(TraceContext::current(), Some(context));
        assert!(is_told());
        drop(entered);
        assert_eq!(TraceContext::current(), None);
    }
}
