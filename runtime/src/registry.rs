//! The live tree: every child as a node, readable at any time from any thread.
//!
//! Nodes are kept in one shard per worker, so that workers do not meet; a reader copies the
//! pointers of a shard in chunks and looks at the nodes afterwards. Nothing is asked of a worker:
//! asking would fail exactly when it is blocked.

pub(crate) mod node;
mod snapshot;
mod walk;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use slab::Slab;

use node::Place;
pub use node::{Detail, LastExit, Node, Status};
pub use snapshot::{NodeView, Tree};
pub use walk::{Visit, Walk};

use crate::worker::Placement;

/// How many pointers are copied under one lock: a few microseconds at the most.
const CHUNK: usize = 256;

#[derive(Default)]
struct Shard {
    nodes: Mutex<Slab<Arc<Node>>>,
    count: AtomicUsize,
}

impl Shard {
    fn copy_to(&self, nodes: &mut Vec<Arc<Node>>) {
        let mut from = 0;
        loop {
            let shard = self.nodes.lock();
            let until = (from + CHUNK).min(shard.capacity());
            nodes.extend((from..until).filter_map(|slot| shard.get(slot).cloned()));
            if until == shard.capacity() {
                return;
            }
            from = until;
        }
    }
}

/// All nodes, in one shard for the control thread and one per worker.
pub struct Registry {
    shards: Box<[Shard]>,
}

impl Registry {
    pub(crate) fn new(workers: usize) -> Self {
        Self { shards: (0..=workers).map(|_| Shard::default()).collect() }
    }

    fn shard(&self, placement: Placement) -> &Shard {
        &self.shards[placement.shard().min(self.shards.len() - 1)]
    }

    /// Takes a node in, at the place that `place` makes of its slot; once, however often it is
    /// called. Whoever reads the shard sees the node with its place, and so with its parent.
    pub(crate) fn insert(&self, node: &Arc<Node>, place: impl FnOnce(u32) -> Place) {
        let shard = self.shard(node.placement());
        let mut nodes = shard.nodes.lock();
        let vacant = nodes.vacant_entry();
        let place = place(u32::try_from(vacant.key()).unwrap_or(u32::MAX));
        if node.place.set(place).is_ok() {
            vacant.insert(Arc::clone(node));
            shard.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn remove(&self, node: &Node) {
        let shard = self.shard(node.placement());
        let removed = shard.nodes.lock().try_remove(node.slot() as usize);
        if removed.is_some() {
            shard.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The node in `slot` of the shard of `placement`.
    pub(crate) fn get(&self, placement: Placement, slot: u32) -> Option<Arc<Node>> {
        self.shard(placement).nodes.lock().get(slot as usize).cloned()
    }

    /// How many children there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.count.load(Ordering::Relaxed)).sum()
    }

    /// Whether there is no child at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The child at `path`, steps separated by `/`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Arc<Node>> {
        let id = path.rsplit('/').next().unwrap_or(path);
        self.nodes().into_iter().find(|node| node.id.to_string() == id && node.path() == path)
    }

    /// A copy of the tree: each node whole, and none without its parents.
    #[must_use]
    pub fn tree(&self) -> Tree {
        Tree::of(self.nodes())
    }

    /// All children in order, one after the other: for a reader that lets others have their turn
    /// in between.
    #[must_use]
    pub fn walk(&self) -> Walk {
        Walk::over(&self.nodes())
    }

    /// The nodes of one thread.
    pub(crate) fn on(&self, placement: Placement) -> Vec<Arc<Node>> {
        let mut nodes = Vec::new();
        self.shard(placement).copy_to(&mut nodes);
        nodes
    }

    fn nodes(&self) -> Vec<Arc<Node>> {
        let mut nodes = Vec::with_capacity(self.len());
        for shard in &self.shards {
            shard.copy_to(&mut nodes);
        }
        nodes
    }
}
