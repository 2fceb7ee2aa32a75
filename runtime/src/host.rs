//! The actix actor that carries one of ours.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use actix::{ActorContext, AsyncContext, WrapFuture};

use crate::actor::{Actor, Stopping};
use crate::address::{Address, AskError, Permit};
use crate::context::Context;
use crate::exit::{ExitReason, Failure, Panic};
use crate::message::{Handles, Message, Reply};
use crate::panics::guarded_drop;
use crate::trace::TraceContext;
use crate::worker::Worker;

/// How many messages an actor handles before its neighbours get their turn: behind 20,000
/// messages of 1 us a neighbour waits 23 ms without, and 77 us with a yield every 64.
pub(crate) const TURN: u8 = 64;

/// How the state of an incarnation comes to be.
pub(crate) enum Source<A> {
    /// Built anew for each incarnation.
    Factory(Factory<A>),
    /// Given once, to a child that is never restarted.
    Once(A),
}

/// Builds the state of an incarnation.
pub(crate) type Factory<A> = Box<dyn Fn() -> A>;

/// What the host shares with the task that polls it; both live on one thread.
///
/// Here, and once, is all that need not lie in the task itself: tokio rounds the room of a task up
/// to the next 128 bytes, and there is one for every connection.
pub(crate) struct Shared<A: Actor> {
    /// Keeps actix's channel connected; without it no restart is possible.
    pub(crate) address: Address<A>,
    pub(crate) worker: Arc<Worker>,
    /// None where the one state was given.
    pub(crate) factory: Option<Factory<A>>,
    exit: Cell<Exit>,
    pub(crate) generation: Cell<u32>,
    pub(crate) turn: Cell<u8>,
    /// Set while an incarnation may run; a host that is polled otherwise does nothing.
    pub(crate) up: Cell<bool>,
    pub(crate) stop_requested: Cell<bool>,
    pub(crate) ready_deferred: Cell<bool>,
}

impl<A: Actor> Shared<A> {
    fn new(address: Address<A>, worker: Arc<Worker>, factory: Option<Factory<A>>) -> Rc<Self> {
        Rc::new(Self {
            address,
            worker,
            factory,
            exit: Cell::new(Exit::Unknown),
            generation: Cell::new(0),
            turn: Cell::new(0),
            up: Cell::new(false),
            stop_requested: Cell::new(false),
            ready_deferred: Cell::new(false),
        })
    }

    /// A new incarnation begins.
    pub(crate) fn begin(&self, generation: u32) {
        self.generation.set(generation);
        self.exit.set(Exit::Unknown);
        self.stop_requested.set(false);
        self.ready_deferred.set(false);
        self.up.set(true);
    }

    /// The incarnation ends for this reason, unless one is known already.
    pub(crate) fn exit(&self, reason: ExitReason) {
        if !self.is_exiting() {
            self.exit.set(reason.into());
        }
    }

    /// It gives up, whatever was said before.
    fn fail(&self, failure: Failure) {
        self.exit.set(ExitReason::Failed(failure).into());
    }

    /// A panic in the destructor of its state; nothing that was said before matters any more.
    fn drop_panicked(&self, panic: Panic) {
        self.exit.set(ExitReason::Panicked(panic).into());
    }

    fn is_exiting(&self) -> bool {
        let known = self.exit.replace(Exit::Unknown);
        let exiting = !matches!(known, Exit::Unknown);
        self.exit.set(known);
        exiting
    }

    /// Why it ends, as far as is known.
    fn peek_exit(&self) -> ExitReason {
        let reason = self.take_exit();
        if let Some(reason) = &reason {
            self.exit.set(reason.clone().into());
        }
        reason.unwrap_or(ExitReason::Normal)
    }

    /// Why it ends, where it said so; asked once.
    pub(crate) fn take_exit(&self) -> Option<ExitReason> {
        self.exit.replace(Exit::Unknown).known()
    }
}

/// An exit reason, in as little room as most need.
enum Exit {
    Unknown,
    Normal,
    Shutdown,
    Killed,
    /// Boxed, as hardly any child ends so.
    Other(Box<ExitReason>),
}

impl Exit {
    fn known(self) -> Option<ExitReason> {
        match self {
            Self::Unknown => None,
            Self::Normal => Some(ExitReason::Normal),
            Self::Shutdown => Some(ExitReason::Shutdown),
            Self::Killed => Some(ExitReason::Killed),
            Self::Other(reason) => Some(*reason),
        }
    }
}

impl From<ExitReason> for Exit {
    fn from(reason: ExitReason) -> Self {
        match reason {
            ExitReason::Normal => Self::Normal,
            ExitReason::Shutdown => Self::Shutdown,
            ExitReason::Killed => Self::Killed,
            ExitReason::Failed(_) | ExitReason::Panicked(_) => Self::Other(Box::new(reason)),
        }
    }
}

pub(crate) type HostContext<A> = actix::Context<Host<A>>;

/// Carries the state of the incarnation, or none while the child is down.
pub(crate) struct Host<A: Actor> {
    state: Option<A>,
    shared: Rc<Shared<A>>,
}

// The state is never pinned.
impl<A: Actor> Unpin for Host<A> {}

impl<A: Actor> Host<A> {
    /// The host and what it shares with its task.
    pub(crate) fn new(
        source: Source<A>,
        address: Address<A>,
        worker: Arc<Worker>,
    ) -> (Self, Rc<Shared<A>>) {
        let (state, factory) = match source {
            Source::Factory(factory) => (None, Some(factory)),
            // It waits where it will live, so that no room is kept for it twice.
            Source::Once(state) => (Some(state), None),
        };
        let shared = Shared::new(address, worker, factory);
        (Self { state, shared: Rc::clone(&shared) }, shared)
    }

    /// Runs `f` on the living state; nothing where there is none.
    pub(crate) fn with<R>(
        &mut self,
        actix: &mut HostContext<A>,
        f: impl FnOnce(&mut A, &mut Context<'_, A>) -> R,
    ) -> Option<R> {
        let Self { state, shared } = self;
        let state = state.as_mut()?;
        Some(f(state, &mut Context::new(actix, shared)))
    }

    fn started_hook(&mut self, actix: &mut HostContext<A>) -> Result<(), Failure> {
        if let Some(factory) = &self.shared.factory {
            self.state = Some(factory());
        }
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
                crate::task::announce(self.shared.address.node(), self.shared.generation.get());
            }
            Ok(()) => {}
            Err(failure) => {
                self.shared.fail(failure);
                actix.terminate();
            }
        }
    }

    fn stopping(&mut self, actix: &mut Self::Context) -> actix::Running {
        if !self.shared.up.get() {
            return actix::Running::Stop;
        }
        if !self.shared.is_exiting() && self.shared.stop_requested.get() {
            match self.with(actix, A::stopping) {
                Some(Stopping::Wait) if !self.shared.is_exiting() => {
                    return actix::Running::Continue;
                }
                Some(Stopping::Wait | Stopping::Done) | None => {}
            }
            self.shared.exit(ExitReason::Shutdown);
        }
        actix::Running::Stop
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        if !self.shared.up.get() {
            return;
        }
        if let Some(state) = &mut self.state {
            state.stopped(&self.shared.peek_exit());
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
            self.shared.drop_panicked(panic);
        }
    }
}

/// A message on its way, with its place in the mailbox and the right to answer.
pub(crate) struct Letter<M: Message> {
    content: Option<(M, Reply<M::Answer>)>,
    permit: Option<Permit>,
    /// Of the sender.
    trace: Option<TraceContext>,
}

impl<M: Message> Letter<M> {
    pub(crate) fn new(message: M, reply: Reply<M::Answer>, permit: Permit) -> Self {
        let trace = TraceContext::current();
        Self { content: Some((message, reply)), permit: Some(permit), trace }
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
            let _entered = letter.trace.map(TraceContext::enter);
            #[cfg(feature = "fault-injection")]
            self.shared.address.node().faults.at_message();
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
