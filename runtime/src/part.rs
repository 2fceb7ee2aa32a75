//! A part of an actor that may crash and begin again while the actor lives on.

use std::cell::OnceCell;
use std::sync::Arc;
use std::task::Context;

use tracing::error;

use crate::ending::Ending;
use crate::event::Lifecycle;
use crate::exit::{ExitReason, Panic};
use crate::panics::guarded;
use crate::registry::node::Place;
use crate::registry::{Node, Status};
use crate::spec::Kind;
use crate::worker::Worker;

/// A part of an actor, with a node of its own below the actor's: it is guarded, and has
/// incarnations that the tree and the events show, but no task, and no supervisor that decides for
/// it. The actor that owns it does that.
///
/// Of the many parts that there may be hardly any ever crashes or is sent anything, so the node is
/// made when it is first needed: by [`Self::node`], or by a crash. It leaves the tree when the part
/// is dropped.
pub struct Part {
    owner: Arc<Node>,
    id: &'static str,
    capacity: u32,
    node: OnceCell<Arc<Node>>,
}

impl Part {
    /// A part of the actor of `owner`. `capacity` is how many messages may wait for it, where it
    /// takes any.
    ///
    /// To be made on the owner's thread. Where the owner hangs in no tree, as in a test, the part
    /// is guarded all the same, and nobody is told.
    #[must_use]
    pub fn new(owner: &Arc<Node>, id: &'static str, capacity: u32) -> Self {
        let owner = Arc::clone(owner);
        let part = Self { owner, id, capacity, node: OnceCell::new() };
        #[cfg(feature = "fault-injection")]
        part.node();
        part
    }

    /// The part as the tree sees it from now on.
    pub fn node(&self) -> &Arc<Node> {
        self.node.get_or_init(|| {
            let Self { owner, id, capacity, .. } = self;
            let node = Node::new((*id).into(), Kind::Leaf, owner.placement(), *capacity);
            if let Some(above) = owner.place.get()
                && let Some(runtime) = above.supervisor.runtime()
            {
                runtime.registry().insert(&node, |slot| Place {
                    parent: Some(Arc::clone(owner)),
                    supervisor: Arc::clone(&above.supervisor),
                    key: above.key,
                    slot,
                });
            }
            begin(&node);
            node
        })
    }

    /// Which incarnation it is in, from 1.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.node.get().map_or(1, |node| node.generation())
    }

    /// Whom the watchdog is to name.
    fn seen(&self) -> &Node {
        self.node.get().unwrap_or(&self.owner)
    }

    /// Runs `f`, which polls what `task` is woken for, as [`Self::contain`] does.
    ///
    /// # Errors
    /// The panic. [`Self::crashed`] is still to be told of it.
    pub fn guard<T>(
        &self,
        task: &mut Context<'_>,
        f: impl FnOnce(&mut Context<'_>) -> T,
    ) -> Result<T, Panic> {
        #[cfg(feature = "fault-injection")]
        self.node().waker.register(task.waker());
        self.contain(|| {
            #[cfg(feature = "fault-injection")]
            self.node().faults.at_poll();
            f(task)
        })
    }

    /// Runs `f` as this part: contains a panic in it, and shows the watchdog who holds the thread.
    ///
    /// # Errors
    /// The panic. [`Self::crashed`] is still to be told of it.
    pub fn contain<T>(&self, f: impl FnOnce() -> T) -> Result<T, Panic> {
        Worker::with_current(|worker| {
            let mark = worker.map(|worker| worker.mark(self.seen()));
            let result = guarded(f);
            drop(mark);
            result
        })
    }

    /// Runs `f`, which drops what an incarnation leaves behind, as this part: contains a panic, and
    /// whoever waits for an answer from what is dropped is told that `reason` is why there is none.
    ///
    /// # Errors
    /// The panic.
    pub fn clear(&self, reason: &ExitReason, f: impl FnOnce()) -> Result<(), Panic> {
        let ending = Ending::because(reason);
        let result = self.contain(f);
        drop(ending);
        result
    }

    /// Called as a message is about to be handled, under [`Self::contain`]: where tests have it crash.
    pub fn at_message(&self) {
        #[cfg(feature = "fault-injection")]
        self.node().faults.at_message();
    }

    /// Ends this incarnation, for the tree, the events and the log.
    pub fn crashed(&self, reason: ExitReason) {
        let node = self.node();
        let generation = node.generation();
        if let Some(suppressed) = crate::panic_log::permit() {
            let path = node.path();
            match &reason {
                ExitReason::Panicked(panic) => {
                    let (text, place) = (&*panic.text, &*panic.place);
                    error!(path, generation, panic = text, place, suppressed, "an actor panicked");
                }
                ExitReason::Normal
                | ExitReason::Shutdown
                | ExitReason::Killed
                | ExitReason::Failed(_) => {
                    error!(path, generation, %reason, suppressed, "an actor failed");
                }
            }
        }
        if node.ended(generation, reason.clone(), Status::Ended) {
            emit(node, generation, Lifecycle::Exited(reason));
        }
    }

    /// Begins the next incarnation.
    pub fn begin(&self) {
        begin(self.node());
    }
}

fn begin(node: &Arc<Node>) {
    let generation = node.generation() + 1;
    node.incarnate(generation, Status::Running);
    emit(node, generation, Lifecycle::Started);
}

fn emit(node: &Arc<Node>, generation: u32, what: Lifecycle) {
    if let Some(place) = node.place.get() {
        place.supervisor.emit(node, generation, what);
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({} of {:?})", self.id, self.owner)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let Some(node) = self.node.get() else { return };
        node.refuse_mail();
        if let Some(place) = node.place.get()
            && let Some(runtime) = place.supervisor.runtime()
        {
            runtime.registry().remove(node);
            emit(node, node.generation(), Lifecycle::Removed);
        }
    }
}
