//! Where names lead: pools by name, each backend's actor by its cell, and what is needed to end a
//! connection that uses a backend.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use trunkline_runtime::{Address, ChildId, Node, SupervisorHandle};

use crate::backend::BackendId;
use crate::backend::health::Transition;
use crate::metrics::ListenerMetrics;
use crate::pool::Pool;
use crate::tree::backend::{BackendActor, Changed};
use crate::tree::pool::PoolActor;
use crate::tree::router::Router;
use crate::tree::upstreams::Upstreams;

/// One pool: its cell, its supervisor and its actor.
#[derive(Clone)]
pub struct Listed {
    /// The cell.
    pub pool: Arc<Pool>,
    /// The pool's supervisor; while it is not up, the pool gives no leases.
    pub supervisor: SupervisorHandle,
    /// Takes orders.
    pub actor: Address<PoolActor>,
}

/// A backend of a pool, as whoever has a lease or a connection of it finds it.
#[derive(Clone)]
pub(crate) struct ListedBackend {
    pub(crate) actor: Address<BackendActor>,
    /// Whether connections to it are kept for further requests.
    pub(crate) keeps: bool,
}

/// All pools and backends. Read from everywhere, replaced on the control thread.
#[derive(Default)]
pub struct Directory {
    pools: ArcSwap<HashMap<Arc<str>, Listed>>,
    backends: ArcSwap<HashMap<BackendId, ListedBackend>>,
    workers: OnceLock<Workers>,
}

/// What there is of the workers; set once, when the tree has been built.
pub(crate) struct Workers {
    pub(crate) upstreams: Vec<Address<Upstreams>>,
    pub(crate) routers: Arc<[Address<Router>]>,
    /// What each listener counts.
    pub(crate) listeners: Vec<Arc<ListenerMetrics>>,
    /// By listener: the supervisors of its connections, one per worker.
    pub(crate) connections: HashMap<Arc<str>, Vec<SupervisorHandle>>,
}

impl Directory {
    /// Replaces the pools.
    pub fn set(&self, pools: HashMap<Arc<str>, Listed>) {
        self.pools.store(Arc::new(pools));
    }

    /// Runs `f` on the pool of that name.
    pub fn with_pool<R>(&self, name: &str, f: impl FnOnce(&Listed) -> R) -> Option<R> {
        self.pools.load().get(name).map(f)
    }

    /// The names of all pools, sorted.
    #[must_use]
    pub fn pools(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.pools.load().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Replaces the backends of one pool, `before` by `after`. To be called from the control
    /// thread alone: of two calls at once, either may win.
    pub(crate) fn replace(
        &self,
        before: &[BackendId],
        after: impl IntoIterator<Item = (BackendId, ListedBackend)>,
    ) {
        let mut backends = HashMap::clone(&self.backends.load());
        for id in before {
            backends.remove(id);
        }
        backends.extend(after);
        self.backends.store(Arc::new(backends));
    }

    /// The pool of that name.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<Arc<Pool>> {
        self.with_pool(name, |listed| Arc::clone(&listed.pool))
    }

    /// Tells a backend's actor of a change of its health.
    pub fn tell(&self, backend: BackendId, transition: Option<Transition>) {
        if let Some(transition) = transition
            && let Some(listed) = self.backends.load().get(&backend)
        {
            // The cell knows already; the actor only reports it. What finds its mailbox full is a
            // flapping backend, whose next change will be reported.
            let _ = listed.actor.send(Changed { transition, cause: None });
        }
    }

    /// Which incarnation of the backend's actor is the newest; 0 where it is in no pool any more.
    pub(crate) fn generation(&self, backend: BackendId) -> u32 {
        self.backends.load().get(&backend).map_or(0, |listed| listed.actor.node().generation())
    }

    /// Whether connections to the backend are worth keeping: it is a member of a pool, and does
    /// not drain.
    pub(crate) fn keeps(&self, backend: BackendId) -> bool {
        self.backends.load().get(&backend).is_some_and(|listed| listed.keeps)
    }

    pub(crate) fn set_workers(&self, workers: Workers) {
        // There is one tree for a directory.
        let _ = self.workers.set(workers);
    }

    /// Who knows which connections use which backend: one for each worker.
    pub(crate) fn upstreams(&self) -> &[Address<Upstreams>] {
        self.workers.get().map_or(&[], |workers| &workers.upstreams)
    }

    pub(crate) fn routers(&self) -> &[Address<Router>] {
        self.workers.get().map_or(&[], |workers| &workers.routers)
    }

    pub(crate) fn listeners(&self) -> &[Arc<ListenerMetrics>] {
        self.workers.get().map_or(&[], |workers| &workers.listeners)
    }

    /// The backend's actor, as the tree sees it.
    pub(crate) fn backend_node(&self, backend: BackendId) -> Option<Arc<Node>> {
        self.backends.load().get(&backend).map(|listed| Arc::clone(listed.actor.node()))
    }

    /// Has a connection ended by its supervisor, with its grace; false if it has ended.
    pub fn end(&self, listener: &str, worker: usize, connection: u64) -> bool {
        let connections = self.workers.get().and_then(|all| all.connections.get(listener));
        connections
            .and_then(|workers| workers.get(worker))
            .is_some_and(|supervisor| supervisor.remove_child(&ChildId::Number(connection)))
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.pools.load().keys()).finish()
    }
}
