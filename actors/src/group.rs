//! Named groups of recipients, and broadcasts to all of them.
//!
//! A broadcast never waits for a member: one whose mailbox is full is answered by [`Slow`], or is
//! waited for by a future of its own while all others have theirs ([`Group::broadcast_wait`]).
//!
//! ```
//! use trunkline_actors::group::{Group, Slow};
//! use trunkline_runtime::Message;
//!
//! #[derive(Clone)]
//! struct Line(std::sync::Arc<str>);
//!
//! impl Message for Line {
//!     type Answer = ();
//! }
//!
//! let room = Group::<Line>::new("room");
//! let told = room.broadcast(Line("hello".into()), Slow::Drop);
//! assert_eq!(told.delivered, 0, "nobody has joined");
//! ```

mod count;
mod wait;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use thiserror::Error;
use trunkline_runtime::{ChildSpec, Detail, Message, Node, Recipient, SendError};

pub use self::count::Delivery;
pub use self::wait::Broadcast;
pub use crate::roster::Membership;

use self::count::Totals;
use crate::roster::{Roster, Seat};

/// What becomes of a member whose mailbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slow {
    /// It misses the message.
    Drop,
    /// It misses the message, is asked to end, and is a member no longer. One that cannot be ended
    /// so, as an ordinary actor, only misses the message.
    Disconnect,
}

/// A group with a limit has no room for one more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("group {group:?} has its {limit} members; wait until one leaves, or raise its limit")]
pub struct Crowded {
    /// The group's name.
    pub group: Arc<str>,
    /// How many it takes.
    pub limit: usize,
}

struct Inner<M: Message> {
    name: Arc<str>,
    limit: usize,
    roster: Arc<Roster<Recipient<M>>>,
    totals: Totals,
}

/// A named group of recipients. Cheap to clone; usable from any thread.
///
/// No lock is held while a message is delivered: a broadcast goes to those who are members when it
/// begins, even if they leave meanwhile. Two broadcasts of one caller reach each member in their order.
pub struct Group<M: Message> {
    inner: Arc<Inner<M>>,
}

impl<M: Message> Group<M> {
    /// An empty group for any number of members.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self::limited(name, usize::MAX)
    }

    /// An empty group for at most `limit` members.
    #[must_use]
    pub fn limited(name: impl Into<Arc<str>>, limit: usize) -> Self {
        let (name, roster) = (name.into(), Arc::new(Roster::new()));
        Self { inner: Arc::new(Inner { name, limit, roster, totals: Totals::default() }) }
    }

    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.inner.name
    }

    /// How many members it has. Those that ended and kept their membership count until the next
    /// broadcast finds them gone.
    #[must_use]
    pub fn members(&self) -> usize {
        self.inner.roster.len()
    }

    /// Takes a member in, for as long as the guard lives. Whoever joins twice gets all twice.
    ///
    /// # Errors
    /// The group's limit is reached by members that are not gone.
    pub fn join(&self, recipient: impl Into<Recipient<M>>) -> Result<Membership, Crowded> {
        let Inner { name, limit, roster, .. } = &*self.inner;
        let ticket = roster.join_within(*limit, recipient.into()).or_else(|recipient| {
            // Only a full table is worth the look: elsewhere a broadcast finds who is gone.
            for seat in roster.list().iter().filter(|seat| seat.who.is_gone()) {
                roster.leave(seat.ticket);
            }
            roster.join_within(*limit, recipient)
        });
        let crowded = |_| Crowded { group: Arc::clone(name), limit: *limit };
        Ok(Membership::new(roster, ticket.map_err(crowded)?))
    }

    /// A leaf that shows the group in the tree, under its name.
    #[must_use]
    pub fn spec(&self) -> ChildSpec {
        crate::tree::exhibit::spec(self.name(), Arc::new(self.clone()))
    }
}

impl<M: Message<Answer = ()> + Clone> Group<M> {
    /// Gives everybody with room the message, now.
    pub fn broadcast(&self, message: M, slow: Slow) -> Delivery {
        self.inner.broadcast(None, message, slow)
    }

    /// Gives everybody with room the message, now; the future waits up to `within` for the others.
    /// See [`Broadcast`].
    pub fn broadcast_wait(&self, message: M, within: Duration) -> Broadcast<M> {
        Broadcast::begin(&self.inner, None, message, within)
    }

    /// All but `node`: usually all but the sender.
    #[must_use]
    pub fn exclude<'a>(&'a self, node: &'a Node) -> Others<'a, M> {
        Others { group: self, node }
    }
}

/// A group without one of its members.
pub struct Others<'a, M: Message> {
    group: &'a Group<M>,
    node: &'a Node,
}

impl<M: Message<Answer = ()> + Clone> Others<'_, M> {
    /// As [`Group::broadcast`].
    pub fn broadcast(&self, message: M, slow: Slow) -> Delivery {
        self.group.inner.broadcast(Some(self.node), message, slow)
    }

    /// As [`Group::broadcast_wait`].
    pub fn broadcast_wait(&self, message: M, within: Duration) -> Broadcast<M> {
        Broadcast::begin(&self.group.inner, Some(self.node), message, within)
    }
}

/// The message and, where a mailbox has refused one, the copy that came back.
struct Copies<M> {
    original: M,
    spare: Option<M>,
}

impl<M: Clone> Copies<M> {
    fn new(original: M) -> Self {
        Self { original, spare: None }
    }

    fn take(&mut self) -> M {
        self.spare.take().unwrap_or_else(|| self.original.clone())
    }
}

/// What became of one delivery.
enum Fate {
    Delivered,
    Full,
    Gone,
}

impl<M: Message<Answer = ()> + Clone> Inner<M> {
    fn broadcast(&self, without: Option<&Node>, message: M, slow: Slow) -> Delivery {
        let mut copies = Copies::new(message);
        let mut delivery = Delivery::default();
        for seat in self.roster.list().iter().filter(|seat| !is(&seat.who, without)) {
            match self.deliver(seat, &mut copies) {
                Fate::Delivered => delivery.delivered += 1,
                Fate::Gone => delivery.gone += 1,
                Fate::Full => self.too_slow(seat, slow, &mut delivery),
            }
        }
        self.totals.add(&delivery);
        delivery
    }

    fn deliver(&self, seat: &Seat<Recipient<M>>, copies: &mut Copies<M>) -> Fate {
        match seat.who.send(copies.take()) {
            Ok(()) => Fate::Delivered,
            Err(SendError::Full(message)) => {
                copies.spare = Some(message);
                Fate::Full
            }
            Err(SendError::Stopped(message)) => {
                copies.spare = Some(message);
                // One that is parked may come back, and is a member still.
                if seat.who.is_gone() {
                    self.roster.leave(seat.ticket);
                }
                Fate::Gone
            }
        }
    }

    fn too_slow(&self, seat: &Seat<Recipient<M>>, slow: Slow, delivery: &mut Delivery) {
        match slow {
            Slow::Disconnect if seat.who.close() => {
                // Two broadcasts may find the same member slow: it is counted once.
                if self.roster.leave(seat.ticket) {
                    delivery.disconnected += 1;
                } else {
                    delivery.gone += 1;
                }
            }
            Slow::Drop | Slow::Disconnect => delivery.dropped += 1,
        }
    }
}

fn is<M: Message>(recipient: &Recipient<M>, node: Option<&Node>) -> bool {
    node.is_some_and(|node| std::ptr::eq(&**recipient.node(), node))
}

impl<M: Message> Clone for Group<M> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<M: Message> fmt::Debug for Group<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("name", self.name()).finish_non_exhaustive()
    }
}

/// `members` now; `limit`, if there is one; `delivered`, `dropped`, `disconnected` and `gone`: what
/// became of each copy of each broadcast since the start.
impl<M: Message> Detail for Group<M> {
    fn detail(&self) -> serde_json::Value {
        let totals = self.inner.totals.get();
        let limit = self.inner.limit;
        json!({
            "members": self.members(),
            "limit": (limit != usize::MAX).then_some(limit),
            "delivered": totals.delivered,
            "dropped": totals.dropped,
            "disconnected": totals.disconnected,
            "gone": totals.gone,
        })
    }
}

#[cfg(test)]
mod tests;
