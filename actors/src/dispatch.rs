//! The router for actors: balances messages over a named group of them.
//!
//! | algorithm | chooses |
//! |---|---|
//! | [`RoundRobin`] | each member in turn, as often as its weight says |
//! | [`LeastMailbox`] | the member with the fewest messages waiting for its weight |
//! | [`KeyHash`] | the same member for the same key; one that leaves moves only its own keys |
//!
//! Members that are closed are passed over. One whose mailbox is full, or that has stopped, has
//! surely not acted on the message: it goes to the next choice, to each member at most once. What
//! follows a crash is up to [`OnCrash`]. Every message ends as delivered, or as an error that says
//! what was tried.
//!
//! ```
//! use trunkline_actors::dispatch::{Dispatch, RoundRobin, Why};
//! use trunkline_runtime::Message;
//!
//! struct Job(u64);
//!
//! impl Message for Job {
//!     type Answer = ();
//! }
//!
//! let workers = Dispatch::<Job>::new("workers", RoundRobin::default());
//! let refused = workers.send(Job(7)).unwrap_err();
//! assert_eq!((refused.message.0, refused.error.why), (7, Why::Empty));
//! ```

mod candidates;
mod error;
mod hash;
mod least_mailbox;
mod member;
mod round_robin;
mod schedule;
mod tour;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde_json::json;
use trunkline_runtime::{ChildSpec, Detail, Message, Recipient};

pub use self::candidates::Candidates;
pub use self::error::{DispatchError, Try, Undelivered, Why};
pub use self::hash::{KeyHash, key_of};
pub use self::least_mailbox::LeastMailbox;
pub use self::round_robin::RoundRobin;
pub use self::tour::CRASHES;
pub use crate::pool::Weight;
pub use crate::roster::Membership;

use self::candidates::Table;
use self::member::Member;
use self::tour::Tour;
use crate::roster::Roster;

/// How many members the detail in the tree lists.
const SHOWN: usize = 64;

/// One way to choose a member.
///
/// It is asked again for the same message after a refusal, with that member no longer among the
/// candidates. Called from any thread.
pub trait Choose<M: Message>: Send + Sync + 'static {
    /// Its name in the tree.
    fn name(&self) -> &'static str;

    /// The index of a candidate that serves, or nothing if none does.
    fn choose(&self, message: &M, among: &Candidates<'_, M>) -> Option<usize>;
}

/// What becomes of a question whose member crashed, or ended while it had the question: it may have
/// acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnCrash {
    /// The asker is told.
    #[default]
    Fail,
    /// It is put to another member: right where acting twice does no harm. A message that has
    /// crashed [`CRASHES`] members fails all the same, or it would go through the whole group.
    Retry,
}

struct Inner<M: Message> {
    name: Arc<str>,
    choose: Box<dyn Choose<M>>,
    roster: Arc<Roster<Member<M>, Table<M>>>,
    delivered: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
}

/// A named group of actors that serve the same thing. Cheap to clone; usable from any thread.
///
/// Members may join and leave at any time. No lock is held while one is chosen or is handed a
/// message.
pub struct Dispatch<M: Message> {
    inner: Arc<Inner<M>>,
    /// For retries: a message that was taken does not come back.
    copy: Option<fn(&M) -> M>,
}

impl<M: Message> Dispatch<M> {
    /// An empty group. The asker is told of crashes.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, algorithm: impl Choose<M>) -> Self {
        let inner = Inner {
            name: name.into(),
            choose: Box::new(algorithm),
            roster: Arc::new(Roster::new()),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner), copy: None }
    }

    /// With another answer to crashes, for this handle and those that are cloned from it. A retry
    /// takes a copy of every question that is put.
    #[must_use]
    pub fn on_crash(mut self, on_crash: OnCrash) -> Self
    where
        M: Clone,
    {
        self.copy = match on_crash {
            OnCrash::Fail => None,
            OnCrash::Retry => Some(M::clone),
        };
        self
    }

    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.inner.name
    }

    /// How many members it has, open or not.
    #[must_use]
    pub fn members(&self) -> usize {
        self.inner.roster.len()
    }

    /// Takes a member in, for as long as the guard lives.
    pub fn join(&self, recipient: impl Into<Recipient<M>>) -> Membership {
        self.join_weighted(recipient, Weight::ONE)
    }

    /// Takes a member in that gets `weight` times the share of one that weighs 1.
    pub fn join_weighted(&self, recipient: impl Into<Recipient<M>>, weight: Weight) -> Membership {
        let ticket = self.inner.roster.join(Member::new(recipient.into(), weight));
        Membership::new(&self.inner.roster, ticket)
    }

    /// Asks a member; the future gives its answer, or says why there is none.
    ///
    /// The first member is asked at once, not when the future is first polled. All tries together
    /// stay within `within`: each member gets what the ones before left over. The future belongs to
    /// the thread that made it, as [`Ask`] does. Cancel-safe: dropping it only drops the interest in
    /// the answer.
    ///
    /// [`Ask`]: trunkline_runtime::Ask
    ///
    /// # Errors
    /// Nobody took the question, or whoever did crashed, ended or did not answer in time. Deadlines
    /// are rounded up to 10 ms.
    pub fn ask(
        &self,
        message: M,
        within: Duration,
    ) -> impl Future<Output = Result<M::Answer, DispatchError>> + use<M> {
        let mut tour = Tour::begin(self, within);
        let first = tour.ask(message);
        tour.follow(first)
    }

    /// Hands a member the message and waits for no answer. Delivered means taken into a mailbox;
    /// who has to know what became of it, asks.
    ///
    /// # Errors
    /// Nobody took it: the message comes back, with what was tried.
    pub fn send(&self, message: M) -> Result<(), Undelivered<M>> {
        Tour::begin(self, Duration::ZERO).send(message)
    }

    /// A leaf that shows the group in the tree, under its name.
    #[must_use]
    pub fn spec(&self) -> ChildSpec {
        crate::tree::exhibit::spec(self.name(), Arc::new(self.clone()))
    }
}

impl<M: Message> Clone for Dispatch<M> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), copy: self.copy }
    }
}

impl<M: Message> fmt::Debug for Dispatch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("name", self.name()).finish_non_exhaustive()
    }
}

/// `delivered`, `failed` and `cancelled`: how the messages ended, those whose asker lost interest
/// among the last. `of`: the first 64 members, each with the messages it took (`asked`), refused
/// (`failed_over`) and crashed over (`crashed`).
impl<M: Message> Detail for Dispatch<M> {
    fn detail(&self) -> serde_json::Value {
        let inner = &self.inner;
        let list = inner.roster.list();
        let of: Vec<_> = list.seats().iter().take(SHOWN).map(|seat| seat.who.detail()).collect();
        json!({
            "algorithm": inner.choose.name(),
            "members": list.seats().len(),
            "delivered": inner.delivered.load(Relaxed),
            "failed": inner.failed.load(Relaxed),
            "cancelled": inner.cancelled.load(Relaxed),
            "of": of,
        })
    }
}

#[cfg(test)]
mod tests;
