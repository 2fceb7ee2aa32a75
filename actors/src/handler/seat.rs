//! Where a service has its place: the connection's actor.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use trunkline_runtime::Node;

/// What a service knows of the actor that runs it.
#[derive(Clone)]
pub struct Seat {
    /// The connection in the tree.
    pub node: Arc<Node>,
    drain: Rc<Drain>,
}

#[derive(Default)]
struct Drain {
    begun: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl Seat {
    /// In the actor of `node`.
    #[must_use]
    pub fn new(node: &Arc<Node>) -> Self {
        Self { node: Arc::clone(node), drain: Rc::default() }
    }

    /// The service is to end by itself, within the time to drain.
    pub fn drain(&self) {
        self.drain.begun.set(true);
        if let Some(waker) = self.drain.waker.take() {
            waker.wake();
        }
    }

    /// Whether the service is to end.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.begun.get()
    }

    /// Whether a service has kept a clone of it.
    pub(crate) fn is_taken(&self) -> bool {
        Rc::strong_count(&self.drain) > 1
    }

    /// Ready once the service is to end.
    pub fn poll_drain(&self, task: &Context<'_>) -> Poll<()> {
        if self.drain.begun.get() {
            return Poll::Ready(());
        }
        let known = self.drain.waker.take().filter(|known| known.will_wake(task.waker()));
        self.drain.waker.set(known.or_else(|| Some(task.waker().clone())));
        Poll::Pending
    }
}
