//! What a connection's driver and its handler share: the link, the codec, and everything that
//! outlives a crash of the handler.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio_util::codec::Decoder;
use trunkline_runtime::{Children, ExitReason, Panic, Part};

use super::inbox::{Mail, Wish};
use super::link::{Input, Link};
use super::quarantine::Fingerprint;
use super::span::{HookSpan, Sent};
use super::timers::Due;
use super::{Closed, Error, Protocol, Served};
use crate::handler::Seat;
use crate::record::Record;

pub(crate) type Item<P> = <<P as Protocol>::Codec as Decoder>::Item;

/// Both live on one thread; no borrow outlasts a call.
pub(super) struct Wire<P: Protocol> {
    pub(super) served: Arc<Served<P>>,
    pub(super) seat: Seat,
    pub(super) record: Rc<Record>,
    pub(super) part: Part,
    pub(super) inbox: Mail<P>,
    pub(super) link: RefCell<Link>,
    pub(super) codec: RefCell<P::Codec>,
    /// Taken out for the moment that something is done with them.
    pub(super) children: Cell<Option<Box<Children>>>,
    pub(super) paused: Cell<bool>,
    /// Messages that the hook at hand has sent.
    pub(super) sent: Cell<u32>,
    /// The codec panicked: where messages begin and end is lost.
    pub(super) broken: Cell<bool>,
    /// The codec refused what there is and took nothing of it. It may have noted to skip it; where it
    /// only refuses it again, nothing can follow.
    pub(super) stuck: Cell<bool>,
    /// What is due ends the connection, as a read within a hook found: the hook goes no further.
    pub(super) over: Cell<Option<Closed>>,
    /// The hook at hand has read further messages, which may be what it crashes over.
    pub(super) read_on: Cell<bool>,
    /// What waits within the hook for room or for time. It need not be the hook's own task: sets
    /// of futures have wakers of their own.
    pub(super) waits: Cell<Option<Waker>>,
}

/// What a look for the next message came to.
pub(super) enum Found<P: Protocol> {
    Message(Item<P>, Option<Fingerprint>),
    Undecodable(Error),
    CodecPanicked(Panic),
    TooLarge,
    Ended(Closed),
    Due(Due),
}

impl<P: Protocol> Wire<P> {
    /// How much may wait for the peer: a bound of nothing is one of a single message.
    pub(super) fn write_bound(&self) -> usize {
        self.served.limits.write.max(1)
    }

    /// The span of a hook that is called now, for a message of the peer's or one that was sent.
    pub(super) fn span(&self, name: &'static str, sent: Option<Sent>) -> Option<Box<HookSpan>> {
        HookSpan::begin(name, sent, &self.record, || self.part.generation())
    }

    /// Whether a message would not wait before it is written.
    pub(super) fn has_room(&self) -> bool {
        self.link.borrow().waiting() < self.write_bound()
    }

    /// The next message. What was sent goes out before it waits for more.
    pub(super) fn poll_message(&self, task: &mut Context<'_>) -> Poll<Found<P>> {
        let limit = self.served.limits.message;
        loop {
            if let Some(found) = self.decode() {
                return Poll::Ready(found);
            }
            let mut link = self.link.borrow_mut();
            if link.input == Input::Ended {
                return Poll::Ready(Found::Ended(Closed::PeerDone));
            }
            if link.message_len() >= limit {
                return Poll::Ready(Found::TooLarge);
            }
            if let Poll::Ready(Err(loss)) = link.poll_flush(task, 0) {
                return Poll::Ready(Found::Ended(Closed::PeerLost(loss)));
            }
            match link.poll_fill(task, limit) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(loss)) => {
                    return Poll::Ready(Found::Ended(Closed::PeerLost(loss)));
                }
                Poll::Pending => return link.poll_due(task).map(Found::Due),
            }
        }
    }

    fn decode(&self) -> Option<Found<P>> {
        let mut link = self.link.borrow_mut();
        if !link.readable {
            return None;
        }
        let quarantine = &self.served.quarantine;
        link.watch(quarantine);
        let mut codec = self.codec.borrow_mut();
        let mut panic = None;
        let (result, progress) = link.decode(|unread, input| {
            // A panic of the codec ends the connection: faults on command are for the hooks.
            let looked = self.part.contain(|| match input {
                Input::Open => codec.decode(unread).map_err(Into::<Error>::into),
                Input::Ended => codec.decode_eof(unread).map_err(Into::into),
            });
            looked.unwrap_or_else(|caught| {
                panic = Some(caught);
                Ok(None)
            })
        });
        if let Some(panic) = panic {
            self.broken.set(true);
            return Some(Found::CodecPanicked(panic));
        }
        if result.is_ok() {
            self.stuck.set(false);
        }
        match result {
            Ok(None) => None,
            Ok(Some(item)) => Some(Found::Message(item, link.fingerprint(quarantine))),
            Err(_) if link.input == Input::Ended => Some(Found::Ended(Closed::Truncated)),
            Err(_) if !progress && self.stuck.get() => Some(Found::Ended(Closed::Malformed)),
            Err(error) => {
                self.stuck.set(!progress);
                if progress {
                    // What is behind it is another message, whose bytes are its own.
                    link.fingerprint(quarantine);
                }
                Some(Found::Undecodable(error))
            }
        }
    }

    /// While a hook waits for something of its own: the peer gets what was sent to it, and the
    /// connection ends where it must.
    pub(super) fn poll_meanwhile(&self, task: &mut Context<'_>) -> Poll<Closed> {
        self.inbox.register(task);
        if self.inbox.wish() == Wish::Disconnect {
            return Poll::Ready(Closed::Disconnected);
        }
        if let Poll::Ready(closed) = self.poll_children(task) {
            return Poll::Ready(closed);
        }
        if let Some(closed) = self.over.take() {
            return Poll::Ready(closed);
        }
        let mut link = self.link.borrow_mut();
        let before = (link.waiting(), link.alarm_at());
        // That the peer is gone is for the hook to find: it may have more to do than to answer.
        let lost = matches!(link.poll_flush(task, 0), Poll::Ready(Err(_)));
        let polled = link.poll_send_timeout(task).map(|()| Closed::SendTimeout);
        if (lost || before != (link.waiting(), link.alarm_at()))
            && let Some(waits) = self.waits.take()
        {
            // What it waits for has happened here, and the stream and the alarm wake us alone.
            waits.wake();
        }
        polled
    }

    /// Something within the hook waits for the link, by its own waker.
    pub(super) fn wait(&self, task: &Context<'_>) {
        let known = self.waits.take().filter(|known| known.will_wake(task.waker()));
        self.waits.set(Some(known.unwrap_or_else(|| task.waker().clone())));
    }

    /// Drops what an incarnation leaves behind, whose end was decided for `reason`: a panic in a
    /// destructor changes nothing any more. It is noted where the reason is no crash itself.
    pub(super) fn clear(&self, reason: &ExitReason, remains: impl FnOnce()) {
        if let Err(panic) = self.part.clear(reason, remains) {
            match reason {
                ExitReason::Normal | ExitReason::Shutdown | ExitReason::Killed => {
                    self.part.crashed(ExitReason::Panicked(panic));
                }
                ExitReason::Failed(_) | ExitReason::Panicked(_) => {}
            }
        }
    }

    /// Ready when the children needed more restarts than they may, or have stopped when they were
    /// asked to. There are none any more then.
    pub(super) fn poll_children(&self, task: &mut Context<'_>) -> Poll<Closed> {
        let Some(mut children) = self.children.take() else { return Poll::Pending };
        let polled = children.poll(task);
        if polled.is_pending() {
            self.children.set(Some(children));
        }
        polled.map(|_| Closed::ChildrenFailed)
    }
}
