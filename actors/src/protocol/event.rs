//! What happens on a connection, one thing at a time.

use std::task::{Context, Poll};

use super::driver::Driver;
use super::duty::Duty;
use super::inbox::{Envelope, Wish};
use super::quarantine::{Fingerprint, Verdict};
use super::timers::Due;
use super::wire::{Found, Item};
use super::{Closed, Malformed, Protocol};
use tokio::time::Instant;
use trunkline_runtime::Panic;

/// Events in one poll, before the neighbours on the thread get their turn.
const TURN: u32 = 64;

/// What happens next. Small, for each connection has room for one: what is rare and large is boxed.
pub(super) enum Happening<P: Protocol, T> {
    Message(Item<P>),
    Event(Event<P, T>),
}

impl<P: Protocol, T> From<Event<P, T>> for Happening<P, T> {
    fn from(event: Event<P, T>) -> Self {
        Self::Event(event)
    }
}

/// Something else than a message that a hook is called for, or the end.
pub(super) enum Event<P: Protocol, T> {
    Notice(Box<dyn Envelope<P>>),
    Task(T),
    Quarantined,
    Malformed(Box<Malformed>),
    Idle,
    /// This silence included, from 1.
    Beat(u32),
    Drain,
    Panicked(Box<Panic>),
    Over(Closed),
}

impl<P: Protocol, D: Duty<P>> Driver<P, D> {
    /// The next event. Cancel-safe.
    pub(super) fn poll_event(&mut self, task: &mut Context<'_>) -> Poll<Happening<P, D::Task>> {
        if self.turn >= TURN {
            self.turn = 0;
            // A peer that never pauses does not keep them from being restarted.
            if let Poll::Ready(closed) = self.wire.poll_children(task) {
                return Poll::Ready(Event::Over(closed).into());
            }
            // What was answered need not wait for the neighbours. A loss is found at the next read.
            let _ = self.wire.link.borrow_mut().flush_now();
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.poll_sources(task);
        self.turn = if polled.is_ready() { self.turn + 1 } else { 0 };
        polled
    }

    fn poll_sources(&mut self, task: &mut Context<'_>) -> Poll<Happening<P, D::Task>> {
        if self.wire.broken.get() {
            // A hook that read on has kept the codec's panic to itself.
            return Poll::Ready(Event::Over(Closed::Crashed).into());
        }
        // Found in a read that the hook gave up for something else; no timer says it again.
        if let Some(closed) = self.wire.over.take() {
            return Poll::Ready(Event::Over(closed).into());
        }
        match self.wire.inbox.wish() {
            Wish::GoOn => {}
            Wish::Close => return Poll::Ready(Event::Over(Closed::ByActor).into()),
            Wish::Disconnect | Wish::Ended => {
                return Poll::Ready(Event::Over(Closed::Disconnected).into());
            }
        }
        if !self.drained
            && self.wire.seat.poll_drain(task).is_ready()
            && self.duty.poll_drain(task).is_ready()
        {
            self.drained = true;
            return Poll::Ready(Event::Drain.into());
        }
        // In turn, so that neither the peer nor other actors can starve the other.
        self.notices_first = !self.notices_first;
        if self.notices_first
            && let Poll::Ready(envelope) = self.wire.inbox.poll_next()
        {
            return Poll::Ready(Event::Notice(envelope).into());
        }
        // Not at once after a wait: that the peer has gone is to be known before anything is sent.
        if self.notices_first
            && self.turn > 0
            && let Poll::Ready(work) = self.poll_duty(task)
        {
            return Poll::Ready(Event::Task(work).into());
        }
        if let Poll::Ready(event) = self.poll_peer(task) {
            return Poll::Ready(event);
        }
        if let Poll::Ready(work) = self.poll_duty(task) {
            return Poll::Ready(Event::Task(work).into());
        }
        if let Poll::Ready(closed) = self.wire.poll_children(task) {
            return Poll::Ready(Event::Over(closed).into());
        }
        self.wire.inbox.register(task);
        if let Poll::Ready(envelope) = self.wire.inbox.poll_next() {
            return Poll::Ready(Event::Notice(envelope).into());
        }
        if self.wire.inbox.wish() != Wish::GoOn {
            task.waker().wake_by_ref();
        }
        // Nothing of the author's runs now; a fault on command finds it all the same.
        match self.wire.part.guard(task, |_| ()) {
            Ok(()) => Poll::Pending,
            Err(panic) => Poll::Ready(Event::Panicked(Box::new(panic)).into()),
        }
    }

    fn poll_duty(&mut self, task: &mut Context<'_>) -> Poll<D::Task> {
        let Self { duty, wire, .. } = self;
        duty.poll_task(task, || wire.has_room())
    }

    fn poll_peer(&mut self, task: &mut Context<'_>) -> Poll<Happening<P, D::Task>> {
        let found = if self.wire.paused.get() {
            let mut link = self.wire.link.borrow_mut();
            match link.poll_flush(task, 0) {
                Poll::Ready(Err(loss)) => Poll::Ready(Found::Ended(Closed::PeerLost(loss))),
                Poll::Ready(Ok(())) | Poll::Pending => link.poll_due(task).map(Found::Due),
            }
        } else {
            self.wire.poll_message(task)
        };
        found.map(|found| {
            let event = match found {
                Found::Message(item, fingerprint) => return self.admit(item, fingerprint),
                Found::Undecodable(error) => {
                    Event::Malformed(Box::new(Malformed::Undecodable(error)))
                }
                Found::TooLarge => {
                    let limit = self.wire.served.limits.message;
                    Event::Malformed(Box::new(Malformed::TooLarge { limit }))
                }
                Found::CodecPanicked(panic) => Event::Panicked(Box::new(panic)),
                Found::Ended(closed) => Event::Over(closed),
                Found::Due(Due::Idle) => Event::Idle,
                Found::Due(Due::Beat { missed }) => Event::Beat(missed + 1),
                Found::Due(Due::HeartbeatLost) => Event::Over(Closed::HeartbeatLost),
                Found::Due(Due::SendTimeout) => Event::Over(Closed::SendTimeout),
            };
            event.into()
        })
    }

    fn admit(&mut self, item: Item<P>, fingerprint: Option<Fingerprint>) -> Happening<P, D::Task> {
        let verdict =
            fingerprint.map(|known| self.wire.served.quarantine.admit(known, Instant::now()));
        match verdict {
            Some(Verdict::Refuse) => {
                // Its destructor may be what crashes, which is answered by the refusal.
                let _: Result<(), Panic> = self.wire.part.contain(|| drop(item));
                Event::Quarantined.into()
            }
            Some(Verdict::Pass) | None => {
                self.fingerprint = fingerprint.map(Box::new);
                Happening::Message(item)
            }
        }
    }
}
