//! Addresses: how actors are reached. Bounded, and honest about what became of a message.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::actor::Actor;
use crate::deadline::Deadline;
use crate::host::{Host, Letter};
use crate::message::{Handles, Message, Reply};
use crate::recipient::{Recipient, Refused};
use crate::registry::Node;

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The mailbox was full; the message was not taken.
    #[error("the actor's mailbox is full")]
    Full,
    /// The actor has ended, or is parked. If it had come to the message before, it may have acted
    /// on it.
    #[error("the actor has stopped")]
    Stopped,
    /// The actor crashed while the question was with it. It may have acted on it.
    #[error("the actor crashed over the question, or while it was answering it")]
    Crashed,
    /// No answer came within the deadline. It may act on the message yet.
    #[error("the actor did not answer in time")]
    Deadline,
    /// The actor chose not to answer.
    #[error("the actor gave no answer")]
    Unanswered,
}

/// Why a message was not taken; it is handed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError<M> {
    /// The mailbox was full.
    #[error("the actor's mailbox is full")]
    Full(M),
    /// The actor has ended, or is parked.
    #[error("the actor has stopped")]
    Stopped(M),
}

#[expect(clippy::disallowed_types, reason = "the one place that wraps actix's address")]
pub(crate) type ActixAddr<A> = actix::Addr<Host<A>>;

struct Inner<A: Actor> {
    actix: ActixAddr<A>,
    node: Arc<Node>,
}

/// The address of an actor. It stays valid across restarts of the actor, with the mail that is
/// queued; cheap to clone; usable from any thread.
pub struct Address<A: Actor> {
    inner: Arc<Inner<A>>,
}

impl<A: Actor> Clone for Address<A> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<A: Actor> fmt::Debug for Address<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({:?})", self.inner.node)
    }
}

impl<A: Actor> Address<A> {
    pub(crate) fn new(actix: ActixAddr<A>, node: Arc<Node>) -> Self {
        Self { inner: Arc::new(Inner { actix, node }) }
    }

    /// The actor as the tree sees it.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.inner.node
    }

    /// Whether the actor takes mail: true also while it is being restarted, but not while it is
    /// parked, or down and left so.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.actix.connected() && !self.inner.node.refuses_mail()
    }

    /// Sends a message and waits for no answer.
    ///
    /// # Errors
    /// The message, if the mailbox is full or the actor has ended.
    pub fn send<M>(&self, message: M) -> Result<(), SendError<M>>
    where
        A: Handles<M>,
        M: Message,
    {
        self.post(message, Reply::nobody()).map_err(SendError::from)
    }

    /// Puts a message into the mailbox together with the right to answer it.
    pub(crate) fn post<M>(&self, message: M, reply: Reply<M::Answer>) -> Result<(), Refused<M>>
    where
        A: Handles<M>,
        M: Message,
    {
        match self.permit() {
            None => Err(Refused::Full(message, reply)),
            Some(_) if !self.is_open() => Err(Refused::Stopped(message, reply)),
            Some(permit) => {
                self.inner.actix.do_send(Letter::new(message, reply, permit));
                Ok(())
            }
        }
    }

    /// Whether the child was forgotten: no incarnation will ever take mail again.
    pub(crate) fn is_gone(&self) -> bool {
        !self.inner.actix.connected()
    }

    /// Asks a question; the future gives the answer, or after `within` an error.
    ///
    /// The message is sent at once, not when the future is first polled. Cancel-safe: dropping the
    /// future only drops the interest in the answer. Deadlines are rounded up to 10 ms.
    pub fn ask<M>(&self, message: M, within: Duration) -> Ask<M::Answer>
    where
        A: Handles<M>,
        M: Message,
    {
        self.question(message, Some(within))
    }

    /// Asks a question as [`ask`](Self::ask) does, but with no deadline: for whoever waits under one
    /// of its own.
    pub fn ask_watched<M>(&self, message: M) -> Ask<M::Answer>
    where
        A: Handles<M>,
        M: Message,
    {
        self.question(message, None)
    }

    fn question<M>(&self, message: M, within: Option<Duration>) -> Ask<M::Answer>
    where
        A: Handles<M>,
        M: Message,
    {
        let Some(permit) = self.permit() else {
            return Ask::failed(AskError::Full);
        };
        if !self.is_open() {
            return Ask::failed(AskError::Stopped);
        }
        let (reply, answer) = Reply::new();
        self.inner.actix.do_send(Letter::new(message, reply, permit));
        Ask { state: State::Waiting { answer, deadline: within.map(Deadline::after) } }
    }

    fn permit(&self) -> Option<Permit> {
        self.inner.node.admit()
    }
}

/// One message's place in a mailbox; it travels with the message, and frees the place on drop.
///
/// actix's own bound is none: `do_send` ignores it, and every clone of an address adds a slot.
#[derive(Debug)]
pub struct Permit {
    node: Arc<Node>,
}

impl Node {
    /// Takes a place in the mailbox of the actor or part; none where it is full.
    #[must_use]
    pub fn admit(self: &Arc<Self>) -> Option<Permit> {
        if self.depth.fetch_add(1, Ordering::Relaxed) >= self.capacity {
            self.depth.fetch_sub(1, Ordering::Relaxed);
            self.refuse_one();
            return None;
        }
        Some(Permit { node: Arc::clone(self) })
    }

    /// How many messages wait for it.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.depth.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.node.depth.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The future of an answer.
#[must_use = "the answer is for whoever awaits it; use `send` where none is wanted"]
pub struct Ask<R> {
    state: State<R>,
}

enum State<R> {
    Failed(AskError),
    Waiting { answer: oneshot::Receiver<Result<R, AskError>>, deadline: Option<Deadline> },
}

impl<R: Send + 'static> Ask<R> {
    /// Puts a question to a recipient, and hands it back if it is refused: surely nobody has acted
    /// on it, so it may go to another.
    ///
    /// As with [`Address::ask`] the message is sent at once, and deadlines are rounded up to 10 ms.
    ///
    /// # Errors
    /// The message, if the mailbox is full or the recipient has ended.
    pub fn deliver<M>(to: &Recipient<M>, message: M, within: Duration) -> Result<Self, SendError<M>>
    where
        M: Message<Answer = R>,
    {
        let (reply, answer) = Reply::new();
        // Nobody has been given the future yet, so a reply that comes back has nobody to tell.
        to.accepts().deliver(message, reply)?;
        let deadline = Some(Deadline::after(within));
        Ok(Self { state: State::Waiting { answer, deadline } })
    }
}

impl<R> Ask<R> {
    pub(crate) fn failed(error: AskError) -> Self {
        Self { state: State::Failed(error) }
    }
}

impl<R> Future for Ask<R> {
    type Output = Result<R, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Failed(error) => Poll::Ready(Err(*error)),
            State::Waiting { answer, deadline } => {
                if let Poll::Ready(answer) = Pin::new(answer).poll(cx) {
                    // A reply always says something before it is dropped.
                    return Poll::Ready(answer.unwrap_or(Err(AskError::Unanswered)));
                }
                let Some(deadline) = deadline else { return Poll::Pending };
                Pin::new(deadline).poll(cx).map(|()| Err(AskError::Deadline))
            }
        }
    }
}
