//! A hook while it runs: guarded, and with the connection going on around it.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{ExitReason, Panic};

use super::span::HookSpan;
use super::wire::Wire;
use super::{Closed, Protocol};

pin_project! {
    /// Runs a hook in place: nothing is boxed, and nothing is allocated.
    pub(super) struct Guarded<'w, P: Protocol, C, F> {
        #[pin]
        hook: Hook<C, F>,
        wire: &'w Wire<P>,
        waited: bool,
        // What the hook does is a part of this.
        trace: Option<TraceContext>,
    }
}

pin_project! {
    /// A hook need not be an `async fn`: the call that makes its future may panic as well.
    #[project = HookProjection]
    enum Hook<C, F> {
        Call { call: Option<C> },
        Future {
            #[pin]
            future: F,
        },
        // What it leaves behind was dropped under the guard, too.
        Over,
    }
}

/// How a hook ended.
pub(super) enum Ran<T> {
    Done(T),
    Panicked(Panic),
    /// The connection ended under it.
    Cut(Closed),
}

impl<'w, P, C, F> Guarded<'w, P, C, F>
where
    P: Protocol,
    C: FnOnce() -> F,
    F: Future,
{
    pub(super) fn new(wire: &'w Wire<P>, call: C) -> Self {
        wire.sent.set(0);
        wire.read_on.set(false);
        Self { hook: Hook::Call { call: Some(call) }, wire, waited: false, trace: None }
    }

    /// As a part of `span`, if there is one.
    pub(super) fn within(mut self, span: Option<&HookSpan>) -> Self {
        self.trace = span.map(HookSpan::context);
        self
    }
}

impl<C: FnOnce() -> F, F: Future> Hook<C, F> {
    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        if let HookProjection::Call { call } = self.as_mut().project()
            && let Some(call) = call.take()
        {
            let future = call();
            self.set(Self::Future { future });
        }
        let HookProjection::Future { future } = self.as_mut().project() else {
            return Poll::Pending;
        };
        let polled = future.poll(task);
        if polled.is_ready() {
            self.set(Self::Over);
        }
        polled
    }
}

impl<P, C, F> Future for Guarded<'_, P, C, F>
where
    P: Protocol,
    C: FnOnce() -> F,
    F: Future,
{
    type Output = Ran<F::Output>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let wire = *this.wire;
        let _entered = this.trace.map(TraceContext::enter);
        let polled = wire.part.guard(task, |task| this.hook.as_mut().poll(task));
        let (ran, why) = match polled {
            Ok(Poll::Ready(output)) => (Ran::Done(output), None),
            Err(panic) => (Ran::Panicked(panic.clone()), Some(ExitReason::Panicked(panic))),
            Ok(Poll::Pending) => match wire.poll_meanwhile(task) {
                Poll::Ready(closed) => (Ran::Cut(closed), Some(ExitReason::Killed)),
                Poll::Pending => {
                    *this.waited = true;
                    return Poll::Pending;
                }
            },
        };
        if let Some(why) = why {
            wire.clear(&why, || this.hook.set(Hook::Over));
        }
        if *this.waited {
            wire.link.borrow_mut().was_busy();
        }
        Poll::Ready(ran)
    }
}
