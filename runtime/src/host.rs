//! The actix actor that carries one of ours.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use actix::{ActorContext, AsyncContext, WrapFuture};

use crate::actor::{Actor, Stopping};
use crate::address::{Address, AskError, Permit};
use crate::context::Context;
use crate::exit::{ExitReason, Failure};
use crate::message::{Handles, Message, Reply};
use crate::panics::guarded_drop;

/// How many messages an actor handles before its neighbours get their turn: behind 20,000
/// messages of 1 us a neighbour waits 23 ms without, and 77 us with a yield every 64.
pub(crate) const TURN: u32 = 64;

/// How the state of an incarnation comes to be.
pub(crate) enum Source<A> {
    /// Built anew for each incarnation.
    Factory(Box<dyn Fn() -> A>),
    /// Given once, to a child that is never restarted.
    Once(Option<A>),
}

impl<A> Source<A> {
    fn build(&mut self) -> Option<A> {
        match self {
            Self::Factory(factory) => Some(factory()),
            Self::Once(actor) => actor.take(),
        }
    }
}

/// What the host shares with the task that polls it; both live on one thread.
pub(crate) struct Shared {
    /// Set while an incarnation may run; a host that is polled otherwise does nothing.
    pub(crate) up: Cell<bool>,
    pub(crate) exit: RefCell<Option<ExitReason>>,
    pub(crate) stop_requested: Cell<bool>,
    pub(crate) ready_deferred: Cell<bool>,
    /// A panic in the destructor of the state.
    pub(crate) drop_panic: RefCell<Option<crate::exit::Panic>>,
    pub(crate) turn: Cell<u32>,
    pub(crate) generation: Cell<u32>,
}

impl Shared {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            up: Cell::new(false),
            exit: RefCell::new(None),
            stop_requested: Cell::new(false),
            ready_deferred: Cell::new(false),
            drop_panic: RefCell::new(None),
            turn: Cell::new(0),
            generation: Cell::new(0),
        })
    }
}

pub(crate) type HostContext<A> = actix::Context<Host<A>>;

/// Carries the state of the incarnation, or none while the child is down.
pub(crate) struct Host<A: Actor> {
    state: Option<A>,
    source: Source<A>,
    pub(crate) address: Address<A>,
    pub(crate) shared: Rc<Shared>,
}

// The state is never pinned.
impl<A: Actor> Unpin for Host<A> {}

impl<A: Actor> Host<A> {
    pub(crate) fn new(source: Source<A>, address: Address<A>, shared: Rc<Shared>) -> Self {
        Self { state: None, source, address, shared }
    }

    /// Runs `f` on the living state; nothing where there is none.
    pub(crate) fn with<R>(
        &mut self,
        actix: &mut HostContext<A>,
        f: impl FnOnce(&mut A, &mut Context<'_, A>) -> R,
    ) -> Option<R> {
        let Self { state, address, shared, .. } = self;
        let state = state.as_mut()?;
        Some(f(state, &mut Context::new(actix, address, shared)))
    }

    fn started_hook(&mut self, actix: &mut HostContext<A>) -> Result<(), Failure> {
        self.state = self.source.build();
        self.with(actix, A::started).unwrap_or(Ok(()))
    }
}

impl<A: Actor> actix::Actor for Host<A> {
    type Context = HostContext<A>;

    fn started(&mut self, actix: &mut Self::Context) {
        if !self.shared.up.get() {
            return;
        }
        match self.started_hook(actix) {
            Ok(()) if !self.shared.ready_deferred.get() => {
                crate::task::announce(self.address.node(), self.shared.generation.get());
            }
            Ok(()) => {}
            Err(failure) => {
                self.shared.exit.replace(Some(ExitReason::Failed(failure)));
                actix.terminate();
            }
        }
    }

    fn stopping(&mut self, actix: &mut Self::Context) -> actix::Running {
        if !self.shared.up.get() {
            return actix::Running::Stop;
        }
        if self.shared.exit.borrow().is_none() && self.shared.stop_requested.get() {
            match self.with(actix, A::stopping) {
                Some(Stopping::Wait) if self.shared.exit.borrow().is_none() => {
                    return actix::Running::Continue;
                }
                Some(Stopping::Wait | Stopping::Done) | None => {}
            }
            self.shared.exit.borrow_mut().get_or_insert(ExitReason::Shutdown);
        }
        actix::Running::Stop
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        if !self.shared.up.get() {
            return;
        }
        let reason = self.shared.exit.borrow().clone().unwrap_or(ExitReason::Normal);
        if let Some(state) = &mut self.state {
            state.stopped(&reason);
        }
    }
}

impl<A: Actor> actix::Supervised for Host<A> {
    /// Part of the end of an incarnation, not of the start of the next: the state goes here,
    /// outside any unwinding, under a guard of its own.
    fn restarting(&mut self, _: &mut Self::Context) {
        self.shared.up.set(false);
        if let Some(state) = self.state.take()
            && let Err(panic) = guarded_drop(state)
        {
            self.shared.drop_panic.replace(Some(panic));
        }
    }
}

/// A message on its way, with its place in the mailbox and the right to answer.
pub(crate) struct Letter<M: Message> {
    content: Option<(M, Reply<M::Answer>)>,
    permit: Option<Permit>,
}

impl<M: Message> Letter<M> {
    pub(crate) fn new(message: M, reply: Reply<M::Answer>, permit: Permit) -> Self {
        Self { content: Some((message, reply)), permit: Some(permit) }
    }
}

impl<M: Message> Drop for Letter<M> {
    fn drop(&mut self) {
        // Never opened: the mailbox closed around it.
        if let Some((message, reply)) = self.content.take() {
            reply.fail(AskError::Stopped);
            drop(message);
        }
    }
}

impl<M: Message> actix::Message for Letter<M> {
    type Result = ();
}

impl<A: Handles<M>, M: Message> actix::Handler<Letter<M>> for Host<A> {
    type Result = ();

    fn handle(&mut self, mut letter: Letter<M>, actix: &mut Self::Context) {
        drop(letter.permit.take());
        let turn = self.shared.turn.get() + 1;
        self.shared.turn.set(turn);
        if turn >= TURN {
            // Ends the turn: actix handles no mail while it waits.
            actix.wait(yield_once().into_actor(self));
        }
        if let Some((message, reply)) = letter.content.take() {
            #[cfg(feature = "fault-injection")]
            self.address.node().faults.at_message();
            self.with(actix, |state, cx| state.handle(message, reply, cx));
        }
    }
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
