//! Children that a leaf has of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::actor::Actor;
use crate::address::Address;
use crate::exit::Failure;
use crate::registry::Node;
use crate::spec::{Flags, OnSpent, SpecError};
use crate::supervisor::Leaf;
use crate::supervisor::action::Outcome;
use crate::supervisor::cell::SupervisorCell;
use crate::worker::Placement;

/// A supervisor inside a leaf: its children hang below the leaf's node and live no longer than it.
///
/// The leaf polls it, on its own thread, and ends by [`Failure`] when the children need more
/// restarts than they may. Dropped, it kills what is left of them.
pub struct Children {
    cell: Arc<SupervisorCell>,
    driver: Pin<Box<dyn Future<Output = Outcome>>>,
}

impl Children {
    /// Children of the actor of `owner`. They are restarted after `flags`, whose answer to a spent
    /// intensity is always to give up.
    ///
    /// # Errors
    /// Flags that are not sound, or an owner that hangs in no tree.
    pub fn of(owner: &Arc<Node>, flags: Flags) -> Result<Self, SpecError> {
        let flags = flags.on_spent(OnSpent::Escalate);
        flags.check(owner.id())?;
        let runtime = owner.place.get().and_then(|place| place.supervisor.runtime());
        let Some(runtime) = runtime else {
            return Err(SpecError::Stopping { of: owner.id().clone() });
        };
        let cell = SupervisorCell::new(owner.id().clone(), flags, true);
        cell.attach(Some(Arc::clone(owner)), runtime.clone());
        cell.enter(false);
        let driver = Box::pin(Arc::clone(&cell).drive(|| {}));
        Ok(Self { cell, driver })
    }

    /// Starts a child on the owner's thread.
    ///
    /// # Errors
    /// A spec that is not sound, an id that is taken, or children that are being stopped.
    pub fn start<A: Actor>(&self, leaf: Leaf<A>) -> Result<Address<A>, SpecError> {
        let here = Placement::current().unwrap_or(Placement::Control);
        let (spec, address) = leaf.on(here).build();
        spec.add_to(&self.cell)?;
        Ok(address)
    }

    /// How many there are, living or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks all to stop; [`Self::poll`] is ready when they have, each within its grace.
    pub fn stop(&self) {
        self.cell.shutdown();
    }

    /// Does the work of supervision. Ready, once, when the children have stopped, or gave up.
    ///
    /// # Errors
    /// When they needed more restarts than their intensity allows.
    pub fn poll(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.driver.as_mut().poll(task).map(|outcome| match outcome {
            Outcome::Shutdown => Ok(()),
            Outcome::Spent { child, restarts } => Err(Failure::new(format!(
                "{child} needed more than the {restarts} restarts that its intensity allows"
            ))),
        })
    }
}

impl std::fmt::Debug for Children {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Children({})", self.len())
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.cell.dismantle();
    }
}
