//! Recipients: whatever takes messages of one type, without a name for the actor's type.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::address::{Address, Ask, AskError, SendError};
use crate::message::{Handles, Message, Reply};
use crate::registry::Node;

/// Why a message was not taken; it comes back with the right to answer it.
#[derive(thiserror::Error)]
#[must_use = "the message is in here, and whoever asked still waits"]
pub enum Refused<M: Message> {
    /// The mailbox was full.
    #[error("the actor's mailbox is full")]
    Full(M, Reply<M::Answer>),
    /// The actor has ended, or is parked.
    #[error("the actor has stopped")]
    Stopped(M, Reply<M::Answer>),
}

// By hand: a message need not be printable, and its content is nobody's business in a log.
impl<M: Message> fmt::Debug for Refused<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(..) => "Full",
            Self::Stopped(..) => "Stopped",
        })
    }
}

/// For a sender who learns of the refusal from the return value. Whoever held the other end of the
/// reply is told the reason too, unless nobody does.
impl<M: Message> From<Refused<M>> for SendError<M> {
    fn from(refused: Refused<M>) -> Self {
        match refused {
            Refused::Full(message, reply) => {
                reply.fail(AskError::Full);
                Self::Full(message)
            }
            Refused::Stopped(message, reply) => {
                reply.fail(AskError::Stopped);
                Self::Stopped(message)
            }
        }
    }
}

impl<M> From<&SendError<M>> for AskError {
    fn from(refused: &SendError<M>) -> Self {
        match refused {
            SendError::Full(_) => Self::Full,
            SendError::Stopped(_) => Self::Stopped,
        }
    }
}

/// Something with a bounded mailbox for messages of type `M`. An [`Address`] is one.
///
/// Called from any thread. Whatever takes a message owes an answer: it is given, or the [`Reply`]
/// is dropped or failed, which tells the asker that there is none.
pub trait Accepts<M: Message>: Send + Sync {
    /// Takes the message with the right to answer it, or hands both back. Never waits.
    ///
    /// # Errors
    /// Both, if the mailbox is full or the recipient has ended. The reply is then untouched: who
    /// delivered the message decides what the asker is told, and when.
    fn deliver(&self, message: M, reply: Reply<M::Answer>) -> Result<(), Refused<M>>;

    /// Its place in the tree.
    fn node(&self) -> &Arc<Node>;

    /// Whether it takes mail, as [`Address::is_open`].
    fn is_open(&self) -> bool;

    /// Whether it will never take mail again. What is closed but not gone, as a parked actor, may
    /// come back.
    fn is_gone(&self) -> bool {
        !self.is_open()
    }

    /// How many messages wait in its mailbox.
    fn waiting(&self) -> u32;

    /// Asks it to end, as a connection whose peer is too slow; false where that is not possible.
    /// It has hardly ended when this returns.
    fn close(&self) -> bool {
        false
    }
}

impl<A: Handles<M>, M: Message> Accepts<M> for Address<A> {
    fn deliver(&self, message: M, reply: Reply<M::Answer>) -> Result<(), Refused<M>> {
        self.post(message, reply)
    }

    fn node(&self) -> &Arc<Node> {
        Address::node(self)
    }

    fn is_open(&self) -> bool {
        Address::is_open(self)
    }

    fn is_gone(&self) -> bool {
        Address::is_gone(self)
    }

    fn waiting(&self) -> u32 {
        // A refusal in progress counts for a moment, and is nobody who waits.
        let node = Address::node(self);
        node.depth.load(Ordering::Relaxed).min(node.capacity)
    }
}

/// Whoever takes messages of type `M`: an actor, or anything else that [`Accepts`] them. Cheap to
/// clone; usable from any thread.
pub struct Recipient<M: Message>(Arc<dyn Accepts<M>>);

impl<M: Message> Recipient<M> {
    /// For a mailbox of another kind than an actor's.
    #[must_use]
    pub fn new(accepts: Arc<dyn Accepts<M>>) -> Self {
        Self(accepts)
    }

    pub(crate) fn accepts(&self) -> &dyn Accepts<M> {
        &*self.0
    }

    /// Sends a message and waits for no answer.
    ///
    /// # Errors
    /// The message, if the mailbox is full or the recipient has ended.
    pub fn send(&self, message: M) -> Result<(), SendError<M>> {
        self.0.deliver(message, Reply::nobody()).map_err(SendError::from)
    }

    /// Asks a question; the future gives the answer, or after `within` an error.
    ///
    /// As [`Address::ask`]: sent at once, cancel-safe, deadlines rounded up to 10 ms. Where the
    /// message is wanted back after a refusal, use [`Ask::deliver`].
    pub fn ask(&self, message: M, within: Duration) -> Ask<M::Answer> {
        Ask::deliver(self, message, within)
            .unwrap_or_else(|refused| Ask::failed(AskError::from(&refused)))
    }

    /// Its place in the tree.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        self.0.node()
    }

    /// Whether it takes mail, as [`Address::is_open`].
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Whether it will never take mail again.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.is_gone()
    }

    /// How many messages wait in its mailbox.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.0.waiting()
    }

    /// Asks it to end; false where that is not possible.
    #[must_use = "where it is not possible nothing has happened"]
    pub fn close(&self) -> bool {
        self.0.close()
    }
}

impl<M: Message> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Message> fmt::Debug for Recipient<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({:?})", self.node())
    }
}

impl<A: Handles<M>, M: Message> From<Address<A>> for Recipient<M> {
    fn from(address: Address<A>) -> Self {
        Self(Arc::new(address))
    }
}
