//! A hook while it runs: guarded, and with the connection going on around it.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use trunkline_runtime::Panic;

use super::wire::Wire;
use super::{Closed, Protocol};

pin_project! {
    /// Runs a hook's future in place: nothing is boxed, and nothing is allocated.
    pub(super) struct Guarded<'w, P: Protocol, F> {
        #[pin]
        hook: F,
        wire: &'w Wire<P>,
        waited: bool,
    }
}

/// How a hook ended.
pub(super) enum Ran<T> {
    Done(T),
    Panicked(Panic),
    /// The connection ended under it.
    Cut(Closed),
}

impl<'w, P: Protocol, F: Future> Guarded<'w, P, F> {
    pub(super) fn new(wire: &'w Wire<P>, hook: F) -> Self {
        wire.sent.set(0);
        Self { hook, wire, waited: false }
    }
}

impl<P: Protocol, F: Future> Future for Guarded<'_, P, F> {
    type Output = Ran<F::Output>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let hook = this.hook;
        let polled = this.wire.part.guard(task, |task| hook.poll(task));
        let ran = match polled {
            Ok(Poll::Ready(output)) => Ran::Done(output),
            Err(panic) => Ran::Panicked(panic),
            Ok(Poll::Pending) => match this.wire.poll_meanwhile(task) {
                Poll::Ready(closed) => Ran::Cut(closed),
                Poll::Pending => {
                    *this.waited = true;
                    return Poll::Pending;
                }
            },
        };
        if *this.waited {
            this.wire.link.borrow_mut().was_busy();
        }
        Poll::Ready(ran)
    }
}
