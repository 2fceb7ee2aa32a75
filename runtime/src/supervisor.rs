//! Supervisors: what they are built from, and how children are added at run time.
//!
//! | file | holds |
//! |---|---|
//! | `core`, `entry` | the state machine: exits and times in, actions out |
//! | `failure`, `plan` | what follows a failure; restarts of several children together |
//! | `operation` | what operators do to one child |
//! | `stop`, `order`, `ids` | stopping; start order; children by id |
//! | `action`, `execute` | what the state machine asks for, and carrying it out |
//! | `cell`, `child` | the table of children, which outlives the actor; one of them in it |
//! | `actor` | the supervisor as a child of its own supervisor |

pub(crate) mod action;
pub(crate) mod actor;
pub(crate) mod cell;
pub(crate) mod child;
pub(crate) mod core;
pub(crate) mod entry;
mod execute;
mod failure;
mod ids;
pub(crate) mod operation;
mod order;
mod plan;
#[cfg(test)]
mod properties;
pub(crate) mod stop;

use std::sync::Arc;
use std::time::Duration;

use crate::actor::Actor;
use crate::address::Address;
use crate::host::Source;
use crate::launch::{LeafLaunch, mailbox, spawn};
use crate::policy::Restart;
use crate::registry::Node;
use crate::spec::{ChildId, Flags, Kind, Shutdown, SpecError, Terms};
use crate::worker::{Placement, Worker};

use actor::Supervisor;
use cell::SupervisorCell;
use child::Child;

/// The grace of a leaf that states none.
pub const GRACE: Duration = Duration::from_secs(5);

/// How many messages may wait for an actor that states no other bound.
pub const MAILBOX: u32 = 256;

/// A child, ready to be given to a supervisor.
pub struct ChildSpec {
    terms: Terms,
    child: Child,
    fault: Option<SpecError>,
}

impl ChildSpec {
    /// A leaf whose state `factory` builds for each incarnation.
    pub fn leaf<A, F>(id: impl Into<ChildId>, factory: F) -> Leaf<A>
    where
        A: Actor,
        F: Fn() -> A + Send + 'static,
    {
        Leaf {
            terms: Terms {
                id: id.into(),
                kind: Kind::Leaf,
                restart: Restart::Permanent,
                shutdown: Shutdown::Grace(GRACE),
            },
            placement: Placement::Control,
            mailbox: MAILBOX,
            factory: Box::new(factory),
        }
    }
}

/// A leaf while it is being described. Permanent, on the control thread, with a grace of 5 s and
/// room for 256 messages, unless told otherwise.
#[must_use]
pub struct Leaf<A: Actor> {
    terms: Terms,
    placement: Placement,
    mailbox: u32,
    factory: Box<dyn Fn() -> A + Send>,
}

impl<A: Actor> Leaf<A> {
    /// When it is restarted.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.terms.restart = restart;
        self
    }

    /// How it is stopped.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.terms.shutdown = shutdown;
        self
    }

    /// Where it lives.
    pub fn on(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// How many messages may wait for it.
    pub fn mailbox(mut self, messages: u32) -> Self {
        self.mailbox = messages;
        self
    }

    /// The finished spec and the address that the actor will have: it can be handed to others,
    /// and takes mail, before the actor has started.
    #[must_use]
    pub fn build(self) -> (ChildSpec, Address<A>) {
        let Self { terms, placement, mailbox: capacity, factory } = self;
        let node = Node::new(terms.id.clone(), terms.kind, placement, capacity);
        let (address, receiver) = mailbox(&node);
        let launch = LeafLaunch { address: address.clone(), receiver, factory };
        let fault = (capacity == 0).then(|| SpecError::NoMailbox { of: terms.id.clone() });
        let child = Child::to_launch(node, Box::new(launch), None);
        (ChildSpec { terms, child, fault }, address)
    }
}

impl ChildSpec {
    pub(crate) fn add_to(self, cell: &Arc<SupervisorCell>) -> Result<(), SpecError> {
        match self.fault {
            Some(fault) => Err(fault),
            None => cell.add(self.terms, self.child),
        }
    }
}

impl<A: Actor> From<Leaf<A>> for ChildSpec {
    fn from(leaf: Leaf<A>) -> Self {
        leaf.build().0
    }
}

/// A supervisor while it is being described. Its children are kept in the order in which they are
/// given: the order of starting, and the reverse of the order of stopping.
#[must_use]
pub struct SupervisorSpec {
    terms: Terms,
    placement: Placement,
    cell: Arc<SupervisorCell>,
    fault: Option<SpecError>,
}

impl SupervisorSpec {
    /// A supervisor whose children start one after the other, each when the one before is ready.
    pub fn new(id: impl Into<ChildId>, flags: Flags) -> Self {
        Self::with(id.into(), flags, false)
    }

    /// A supervisor of children that come and go at run time, in any number: they start without
    /// waiting for one another and are stopped all at once (OTP: `simple_one_for_one`).
    pub fn dynamic(id: impl Into<ChildId>, flags: Flags) -> Self {
        Self::with(id.into(), flags, true)
    }

    fn with(id: ChildId, flags: Flags, dynamic: bool) -> Self {
        let fault = flags.check(&id).err();
        let cell = SupervisorCell::new(id.clone(), flags, dynamic);
        let terms = Terms {
            id,
            kind: Kind::Supervisor,
            restart: Restart::Permanent,
            shutdown: Shutdown::Infinity,
        };
        Self { terms, placement: Placement::Control, cell, fault }
    }

    /// Where the supervisor itself lives; its children state their own places.
    pub fn on(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// When the supervisor itself is restarted.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.terms.restart = restart;
        self
    }

    /// Stops the children all at once instead of one after the other: right where each may need
    /// its whole grace, as connections that drain do.
    pub fn stops_together(self) -> Self {
        self.cell.stop_together();
        self
    }

    /// Adds a child behind those given before.
    pub fn child(mut self, child: impl Into<ChildSpec>) -> Self {
        let added = child.into().add_to(&self.cell);
        // The first fault is the one to mend; building goes on, and `start` refuses.
        self.fault = self.fault.or(added.err());
        self
    }

    /// A handle for adding and removing children at run time.
    #[must_use]
    pub fn handle(&self) -> SupervisorHandle {
        SupervisorHandle { cell: Arc::clone(&self.cell) }
    }
}

impl From<SupervisorSpec> for ChildSpec {
    fn from(spec: SupervisorSpec) -> Self {
        let SupervisorSpec { terms, placement, cell, fault } = spec;
        let node = Node::new(terms.id.clone(), terms.kind, placement, MAILBOX);
        let (address, receiver) = mailbox(&node);
        let supervised = Arc::clone(&cell);
        let factory = Box::new(move || Supervisor::new(Arc::clone(&supervised)));
        let launch = LeafLaunch { address, receiver, factory };
        let child = Child::to_launch(node, Box::new(launch), Some(cell));
        Self { terms, child, fault }
    }
}

/// Adds and removes children of a running supervisor. Works also while the supervisor's actor is
/// being restarted: the table of children is not part of it.
#[derive(Clone)]
pub struct SupervisorHandle {
    cell: Arc<SupervisorCell>,
}

impl SupervisorHandle {
    /// Adds a child and starts it (OTP: `supervisor:start_child/2`).
    ///
    /// # Errors
    /// A spec that is not sound, an id that is taken (also by a child that is being restarted or
    /// removed), or a supervisor that is stopping or has ended.
    pub fn start_child(&self, child: impl Into<ChildSpec>) -> Result<(), SpecError> {
        child.into().add_to(&self.cell)
    }

    /// Starts a temporary child on the calling worker, of a state that need not be `Send`.
    ///
    /// # Errors
    /// As [`Self::start_child`]; also [`SpecError::NoSuchWorker`] on a thread that is no worker.
    pub fn start_here<A: Actor>(
        &self,
        id: impl Into<ChildId>,
        shutdown: Shutdown,
        mailbox_capacity: u32,
        actor: A,
    ) -> Result<Address<A>, SpecError> {
        let id = id.into();
        if mailbox_capacity == 0 {
            return Err(SpecError::NoMailbox { of: id });
        }
        let Some(worker) = Worker::current() else {
            return Err(SpecError::NoSuchWorker { of: id, worker: 0, workers: 0 });
        };
        let terms =
            Terms { id: id.clone(), kind: Kind::Leaf, restart: Restart::Temporary, shutdown };
        let node = Node::new(id, Kind::Leaf, worker.placement, mailbox_capacity);
        let (address, receiver) = mailbox(&node);
        self.cell.add(terms, Child::launched(node))?;
        spawn(Source::Once(actor), address.clone(), receiver, worker);
        Ok(address)
    }

    /// Stops a child for good and forgets it; false if there is none. It does not wait: the event
    /// `removed` says when it is gone.
    pub fn remove_child(&self, id: &ChildId) -> bool {
        self.cell.remove(id)
    }

    /// Whether the children are meant to run: false before the start, while the supervisor is
    /// parked or stopping, and after its end; true while it or a child of it is being restarted.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.cell.is_up()
    }

    /// How many children there are, living or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.len()
    }

    /// Whether there are no children.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
