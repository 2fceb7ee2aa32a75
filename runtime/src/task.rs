//! The future that carries a child through all its incarnations.
//!
//! It polls actix's context under a guard, ends incarnations, waits out back-offs without polling,
//! and tells the supervisor. All it is told comes from one word in the node: what its supervisor
//! wants of it now.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix::ActorContext;
use actix::dev::ContextFut;
use tracing::error;

use crate::actor::Actor;
use crate::ending::Ending;
use crate::event::Lifecycle;
use crate::exit::ExitReason;
use crate::host::{Host, HostContext, Shared};
use crate::panics::{guarded, guarded_drop};
use crate::registry::node::Desired;
use crate::registry::{Node, Status};
use crate::spec::Kind;
use crate::supervisor::cell::Report;

/// How often an incarnation's remains may panic while they are dropped before the rest is leaked.
const ATTEMPTS: u32 = 8;

pub(crate) struct Task<A: Actor> {
    /// None only once the child is gone.
    actix: Option<ContextFut<Host<A>, HostContext<A>>>,
    shared: Rc<Shared<A>>,
}

impl<A: Actor> Task<A> {
    pub(crate) fn new(actix: ContextFut<Host<A>, HostContext<A>>, shared: Rc<Shared<A>>) -> Self {
        Self { actix: Some(actix), shared }
    }

    fn node(&self) -> &Arc<Node> {
        self.shared.address.node()
    }

    /// The newest incarnation that has begun; 0 is none.
    fn generation(&self) -> u32 {
        self.shared.generation.get()
    }

    fn is_up(&self) -> bool {
        self.shared.up.get()
    }

    /// Its state was given once, and has ended.
    fn is_spent(&self) -> bool {
        self.shared.factory.is_none() && self.generation() > 0 && !self.is_up()
    }

    fn begin(&mut self, generation: u32) {
        self.shared.begin(generation);
        self.node().incarnate(generation, Status::Starting);
    }

    fn ask_to_stop(&mut self) {
        self.shared.stop_requested.set(true);
        if let Some(actix) = &mut self.actix {
            actix.ctx().stop();
        }
    }

    /// One turn of the incarnation; its exit reason where that was its last.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<ExitReason> {
        let Some(actix) = &mut self.actix else {
            return Poll::Pending;
        };
        let node = self.shared.address.node();
        let mark = self.shared.worker.mark(node);
        self.shared.turn.set(0);
        let polled = guarded(|| {
            #[cfg(feature = "fault-injection")]
            node.faults.at_poll();
            Pin::new(actix).poll(cx)
        });
        drop(mark);
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => {
                Poll::Ready(self.shared.take_exit().unwrap_or(ExitReason::Normal))
            }
            Err(panic) => Poll::Ready(ExitReason::Panicked(panic)),
        }
    }

    /// Ends the incarnation: drops its futures, timers and state, each under a guard, and reports.
    fn end(&mut self, reason: ExitReason) {
        let reason = self.clear(reason);
        let node = Arc::clone(self.node());
        if let ExitReason::Panicked(panic) = &reason
            && let Some(suppressed) = crate::panic_log::permit()
        {
            error!(
                path = node.path(),
                generation = self.generation(),
                panic = &*panic.text,
                place = %panic.place,
                suppressed,
                "an actor panicked"
            );
        }
        let news = node.ended(self.generation(), reason.clone(), Status::Ended);
        if let Some(place) = node.place.get() {
            let generation = self.generation();
            if news {
                let exited = Lifecycle::Exited(reason.clone());
                place.supervisor.emit(&node, generation, exited);
            }
            place.supervisor.report(Report::Exited { key: place.key, generation, reason });
        }
    }

    fn clear(&mut self, reason: ExitReason) -> ExitReason {
        let ending = Ending::because(&reason);
        let mark = self.shared.worker.mark(self.node());
        let mut panicked = None;
        if let Some(actix) = &mut self.actix {
            for _ in 0..ATTEMPTS {
                // actix drops its futures, then calls `restarting`, which drops the state. The
                // host is not up then, so that nothing runs before the next incarnation begins.
                match guarded(|| actix.restart()) {
                    Ok(_) => break,
                    Err(panic) => panicked = panicked.or(Some(panic)),
                }
            }
        }
        self.shared.up.set(false);
        drop(mark);
        drop(ending);
        let panicked = panicked.or_else(|| match self.shared.take_exit() {
            Some(ExitReason::Panicked(panic)) => Some(panic),
            Some(
                ExitReason::Normal
                | ExitReason::Shutdown
                | ExitReason::Killed
                | ExitReason::Failed(_),
            )
            | None => None,
        });
        match (reason, panicked) {
            (reason @ ExitReason::Panicked(_), _) | (reason, None) => reason,
            (
                ExitReason::Normal
                | ExitReason::Shutdown
                | ExitReason::Killed
                | ExitReason::Failed(_),
                Some(panic),
            ) => ExitReason::Panicked(panic),
        }
    }

    /// Frees everything; queued letters tell their senders.
    fn vanish(&mut self) {
        if self.is_up() {
            self.end(ExitReason::Killed);
        }
        if let Some(actix) = &mut self.actix {
            let ending = Ending::because(&ExitReason::Killed);
            // Terminated, so that its destructor does not poll it once more.
            actix.ctx().terminate();
            // Where it lies: it is large. None is left also where a destructor panics.
            let _ = guarded(|| self.actix = None);
            // The host is gone, and nobody else shares it.
            let _ = guarded_drop(Rc::get_mut(&mut self.shared).map(|shared| shared.factory.take()));
            drop(ending);
        }
    }
}

impl<A: Actor> Unpin for Task<A> {}

impl<A: Actor> Future for Task<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.node().waker.register(cx.waker());
        loop {
            match (this.node().desired(), this.is_up()) {
                (Desired::Gone, _) => {
                    this.vanish();
                    return Poll::Ready(());
                }
                (Desired::Run(generation), false) if generation > this.generation() => {
                    this.begin(generation);
                }
                (Desired::RunToStop(generation), false) if generation > this.generation() => {
                    this.begin(generation);
                    this.ask_to_stop();
                }
                (Desired::Stop(generation), false) if generation > this.generation() => {
                    // Asked to stop before it ever ran.
                    this.begin(generation);
                    match this.node().kind {
                        Kind::Leaf => this.end(ExitReason::Shutdown),
                        // An earlier incarnation that panicked may have left children.
                        Kind::Supervisor => this.ask_to_stop(),
                    }
                }
                (Desired::Kill(generation), false) if generation > this.generation() => {
                    this.begin(generation);
                    this.end(ExitReason::Killed);
                }
                // It has had its one state, and said so: nobody will want another incarnation.
                (_, false) if this.is_spent() => {
                    this.vanish();
                    return Poll::Ready(());
                }
                (
                    Desired::Nothing
                    | Desired::Run(_)
                    | Desired::RunToStop(_)
                    | Desired::Stop(_)
                    | Desired::Kill(_),
                    false,
                ) => return Poll::Pending,
                (
                    Desired::Run(generation)
                    | Desired::RunToStop(generation)
                    | Desired::Stop(generation),
                    true,
                ) if generation != this.generation() => {
                    // Given up while it held its thread; by now a later one is wanted.
                    this.end(ExitReason::Killed);
                }
                (Desired::Kill(_), true) => this.end(ExitReason::Killed),
                (Desired::Stop(_), true) if !this.shared.stop_requested.get() => {
                    this.ask_to_stop();
                }
                (
                    Desired::Nothing | Desired::Run(_) | Desired::RunToStop(_) | Desired::Stop(_),
                    true,
                ) => match this.turn(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(reason) => this.end(reason),
                },
            }
        }
    }
}

impl<A: Actor> Drop for Task<A> {
    fn drop(&mut self) {
        // Its thread ends, or it is gone already.
        self.vanish();
    }
}

/// An incarnation is up: tells the supervisor and whoever watches.
pub(crate) fn announce(node: &Arc<Node>, generation: u32) {
    let Some(place) = node.place.get() else {
        return;
    };
    if node.status() == Status::Starting {
        node.set_status(Status::Running);
    }
    place.supervisor.emit(node, generation, Lifecycle::Started);
    if !place.supervisor.dynamic {
        place.supervisor.report(Report::Started { key: place.key, generation });
    }
}
