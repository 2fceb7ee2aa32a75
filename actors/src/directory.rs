//! Where names lead: pools by name, and each backend's actor by its cell.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use trunkline_runtime::{Address, SupervisorHandle};

use crate::backend::BackendId;
use crate::backend::health::Transition;
use crate::pool::Pool;
use crate::tree::backend::{BackendActor, Changed};

/// One pool: its cell, its supervisor, and the actors of its backends.
#[derive(Clone)]
pub struct Listed {
    /// The cell.
    pub pool: Arc<Pool>,
    /// The pool's supervisor; while it is not up, the pool gives no leases.
    pub supervisor: SupervisorHandle,
    /// The backends' actors.
    pub backends: Vec<(BackendId, Address<BackendActor>)>,
}

/// All pools. Replaced as a whole when the set of pools changes.
#[derive(Default)]
pub struct Directory {
    current: ArcSwap<Entries>,
}

#[derive(Default)]
struct Entries {
    pools: HashMap<Arc<str>, Listed>,
    backends: HashMap<BackendId, Address<BackendActor>>,
}

impl Directory {
    /// Replaces all entries.
    pub fn set(&self, pools: HashMap<Arc<str>, Listed>) {
        let backends = pools.values().flat_map(|listed| listed.backends.iter().cloned()).collect();
        self.current.store(Arc::new(Entries { pools, backends }));
    }

    /// Runs `f` on the pool of that name.
    pub fn with_pool<R>(&self, name: &str, f: impl FnOnce(&Listed) -> R) -> Option<R> {
        self.current.load().pools.get(name).map(f)
    }

    /// The pool of that name.
    #[must_use]
    pub fn pool(&self, name: &str) -> Option<Arc<Pool>> {
        self.with_pool(name, |listed| Arc::clone(&listed.pool))
    }

    /// Tells a backend's actor of a change of its health.
    pub fn tell(&self, backend: BackendId, transition: Option<Transition>) {
        if let Some(transition) = transition
            && let Some(address) = self.current.load().backends.get(&backend)
        {
            // The cell knows already; the actor only reports it. What finds its mailbox full is a
            // flapping backend, whose next change will be reported.
            let _ = address.send(Changed { transition, cause: None });
        }
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.current.load().pools.keys()).finish()
    }
}
