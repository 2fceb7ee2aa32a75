//! What an actor can do in its hooks.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker, ready};
use std::time::Duration;

use actix::{ActorContext, AsyncContext};
use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use crate::actor::Actor;
use crate::address::Address;
use crate::exit::{ExitReason, Failure};
use crate::host::{Host, HostContext, Shared};
use crate::message::{Handles, Message, Reply};
use crate::registry::{Detail, Node};
use crate::runtime::Runtime;
use crate::trace::{InTrace, TraceContext};

/// An incarnation's means: its address, timers, futures, streams, and its own end.
///
/// Everything started here ends with the incarnation.
pub struct Context<'a, A: Actor> {
    actix: &'a mut HostContext<A>,
    shared: &'a Shared<A>,
}

impl<'a, A: Actor> Context<'a, A> {
    pub(crate) fn new(actix: &'a mut HostContext<A>, shared: &'a Shared<A>) -> Self {
        Self { actix, shared }
    }

    /// The actor's own address.
    #[must_use]
    pub fn address(&self) -> &Address<A> {
        &self.shared.address
    }

    /// The actor as the tree sees it.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        self.shared.address.node()
    }

    /// Which incarnation this is, from 1.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.shared.generation.get()
    }

    /// The runtime that the actor lives in; none before it is part of a tree.
    #[must_use]
    pub fn runtime(&self) -> Option<&Runtime> {
        self.node().place.get().and_then(|place| place.supervisor.runtime())
    }

    /// Shows `detail` with the actor's node from now on.
    pub fn show(&self, detail: Arc<dyn Detail>) {
        self.node().set_detail(detail);
    }

    /// Whether the supervisor has asked this incarnation to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.shared.stop_requested.get()
    }

    /// Ends the actor normally, after this hook.
    pub fn stop(&mut self) {
        let reason = if self.is_stopping() { ExitReason::Shutdown } else { ExitReason::Normal };
        self.exit(reason);
    }

    /// Ends the actor with an error, after this hook.
    pub fn fail(&mut self, failure: impl Into<Failure>) {
        self.exit(ExitReason::Failed(failure.into()));
    }

    fn exit(&mut self, reason: ExitReason) {
        self.shared.exit(reason);
        self.actix.stop();
    }

    /// Called in `started`: the actor is not ready yet, and whatever depends on it waits until it
    /// calls [`Self::ready`].
    pub fn defer_ready(&mut self) {
        self.shared.ready_deferred.set(true);
    }

    /// The actor is ready: its supervisor may start what depends on it.
    pub fn ready(&mut self) {
        if self.shared.ready_deferred.replace(false) {
            crate::task::announce(self.node(), self.shared.generation.get());
        }
    }

    /// Runs a future beside the actor's messages, then `then` with its output.
    pub fn pipe<F, T>(&mut self, future: F, then: T)
    where
        F: Future + 'static,
        T: FnOnce(&mut A, F::Output, &mut Context<'_, A>) + 'static,
    {
        let trace = TraceContext::current();
        self.actix.spawn(Pipe { future: InTrace::new(future, trace), then: Some(then), trace });
    }

    /// Runs a future as the work of the actor: when it is over, so is the actor.
    pub fn run<F>(&mut self, future: F)
    where
        F: Future<Output = Result<(), Failure>> + 'static,
    {
        self.pipe(future, |_, output, cx| match output {
            Ok(()) => cx.stop(),
            Err(failure) => cx.fail(failure),
        });
    }

    /// Polls what the state itself holds as the work of the actor: when it is over, so is the
    /// actor. It costs less than [`Self::run`], as the future need not be moved anywhere.
    pub fn work<P>(&mut self, poll: P)
    where
        P: FnMut(&mut A, &mut std::task::Context<'_>) -> Poll<()> + 'static,
    {
        self.actix.spawn(Work { poll });
    }

    /// Handles each item of a stream; `end` follows the last.
    pub fn follow<S, T, E>(&mut self, stream: S, each: T, end: E)
    where
        S: Stream + 'static,
        T: FnMut(&mut A, S::Item, &mut Context<'_, A>) + 'static,
        E: FnOnce(&mut A, &mut Context<'_, A>) + 'static,
    {
        self.actix.spawn(Follow { stream: Box::pin(stream), each, end: Some(end) });
    }

    /// Sends itself a message when `after` has passed, unless the guard is dropped before.
    pub fn after<M>(&mut self, after: Duration, message: M) -> Timer
    where
        A: Handles<M>,
        M: Message,
    {
        let mut message = Some(message);
        let trace = TraceContext::current();
        self.timer(Instant::now() + after, move |state, cx| {
            if let Some(message) = message.take() {
                let _entered = trace.map(TraceContext::enter);
                state.handle(message, Reply::nobody(), cx);
            }
            None
        })
    }

    /// Calls `each` every `period`, the first time after one, until the guard is dropped. Ticks
    /// that were missed are not made up for.
    pub fn every<T>(&mut self, period: Duration, mut each: T) -> Timer
    where
        T: FnMut(&mut A, &mut Context<'_, A>) + 'static,
    {
        self.timer(Instant::now() + period, move |state, cx| {
            each(state, cx);
            Some(Instant::now() + period)
        })
    }

    fn timer<T>(&mut self, at: Instant, fire: T) -> Timer
    where
        T: FnMut(&mut A, &mut Context<'_, A>) -> Option<Instant> + 'static,
    {
        let state = Rc::<TimerState>::default();
        let guard = Timer { state: Rc::clone(&state) };
        self.actix.spawn(Tick { sleep: Box::pin(tokio::time::sleep_until(at)), state, fire });
        guard
    }
}

/// A timer that runs as long as this guard lives.
///
/// actix's own handles count from 1 again after a restart, so that cancelling one could end a
/// timer of the next incarnation; a guard can only end its own.
#[derive(Debug)]
#[must_use = "the timer ends when its guard is dropped"]
pub struct Timer {
    state: Rc<TimerState>,
}

#[derive(Debug, Default)]
struct TimerState {
    cancelled: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.state.cancelled.set(true);
        if let Some(waker) = self.state.waker.take() {
            waker.wake();
        }
    }
}

pin_project! {
    struct Pipe<F, T> {
        #[pin]
        future: InTrace<F>,
        then: Option<T>,
        trace: Option<TraceContext>,
    }
}

impl<A, F, T> actix::fut::ActorFuture<Host<A>> for Pipe<F, T>
where
    A: Actor,
    F: Future,
    T: FnOnce(&mut A, F::Output, &mut Context<'_, A>),
{
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        host: &mut Host<A>,
        actix: &mut HostContext<A>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        let this = self.project();
        let output = ready!(this.future.poll(task));
        if let Some(then) = this.then.take() {
            let _entered = this.trace.map(TraceContext::enter);
            host.with(actix, |state, cx| then(state, output, cx));
        }
        Poll::Ready(())
    }
}

struct Work<P> {
    poll: P,
}

impl<P> Unpin for Work<P> {}

impl<A, P> actix::fut::ActorFuture<Host<A>> for Work<P>
where
    A: Actor,
    P: FnMut(&mut A, &mut std::task::Context<'_>) -> Poll<()>,
{
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        host: &mut Host<A>,
        actix: &mut HostContext<A>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        let poll = &mut self.get_mut().poll;
        let polled = host.with(actix, |state, cx| poll(state, task).map(|()| cx.stop()));
        // Without a state there is nothing left to do.
        polled.unwrap_or(Poll::Ready(()))
    }
}

struct Follow<S, T, E> {
    stream: Pin<Box<S>>,
    each: T,
    end: Option<E>,
}

impl<S, T, E> Unpin for Follow<S, T, E> {}

impl<A, S, T, E> actix::fut::ActorFuture<Host<A>> for Follow<S, T, E>
where
    A: Actor,
    S: Stream,
    T: FnMut(&mut A, S::Item, &mut Context<'_, A>),
    E: FnOnce(&mut A, &mut Context<'_, A>),
{
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        host: &mut Host<A>,
        actix: &mut HostContext<A>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        let this = self.get_mut();
        for _ in 0..crate::host::TURN {
            match ready!(this.stream.as_mut().poll_next(task)) {
                Some(item) => {
                    host.with(actix, |state, cx| (this.each)(state, item, cx));
                    if actix.state() != actix::ActorState::Running {
                        return Poll::Pending;
                    }
                }
                None => {
                    if let Some(end) = this.end.take() {
                        host.with(actix, end);
                    }
                    return Poll::Ready(());
                }
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

struct Tick<T> {
    sleep: Pin<Box<Sleep>>,
    state: Rc<TimerState>,
    fire: T,
}

impl<T> Unpin for Tick<T> {}

impl<A, T> actix::fut::ActorFuture<Host<A>> for Tick<T>
where
    A: Actor,
    T: FnMut(&mut A, &mut Context<'_, A>) -> Option<Instant>,
{
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        host: &mut Host<A>,
        actix: &mut HostContext<A>,
        task: &mut std::task::Context<'_>,
    ) -> Poll<()> {
        let this = self.get_mut();
        loop {
            if this.state.cancelled.get() {
                return Poll::Ready(());
            }
            if this.sleep.as_mut().poll(task).is_pending() {
                this.state.waker.replace(Some(task.waker().clone()));
                return Poll::Pending;
            }
            match host.with(actix, |state, cx| (this.fire)(state, cx)).flatten() {
                Some(at) => this.sleep.as_mut().reset(at),
                None => return Poll::Ready(()),
            }
        }
    }
}
