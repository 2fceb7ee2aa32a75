//! A hook while it runs: guarded, and with the connection going on around it.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use trunkline_runtime::{ExitReason, Panic};

use super::wire::Wire;
use super::{Closed, Protocol};

pin_project! {
    /// Runs a hook's future in place: nothing is boxed, and nothing is allocated.
    pub(super) struct Guarded<'w, P: Protocol, F> {
        // None when it is over: what it leaves behind is dropped under the guard, too.
        #[pin]
        hook: Option<F>,
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
        wire.read_on.set(false);
        Self { hook: Some(hook), wire, waited: false }
    }
}

impl<P: Protocol, F: Future> Future for Guarded<'_, P, F> {
    type Output = Ran<F::Output>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let wire = *this.wire;
        let polled = wire.part.guard(task, |task| match this.hook.as_mut().as_pin_mut() {
            Some(hook) => {
                let polled = hook.poll(task);
                if polled.is_ready() {
                    this.hook.set(None);
                }
                polled
            }
            None => Poll::Pending,
        });
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
            wire.clear(&why, || this.hook.set(None));
        }
        if *this.waited {
            wire.link.borrow_mut().was_busy();
        }
        Poll::Ready(ran)
    }
}
