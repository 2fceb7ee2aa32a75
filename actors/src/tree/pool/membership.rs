//! Who is in a pool, and why: a cell that outlives the pool's actor.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use trunkline_runtime::{Address, ChildId, Flags, SupervisorHandle};

use super::draining::Draining;
use super::{ProbeSettings, backend};
use crate::backend::Backend;
use crate::backend::health::HealthPolicy;
use crate::directory::{Directory, ListedBackend};
use crate::discovery::{
    Changes, Found, Look, Lookup, LookupError, News, OrderError, Origin, Pace, Placed, SourceId,
    SourcePlan, Sources, Stamp, Watch, changes,
};
use crate::pool::{Member, Pool, Weight};
use crate::tree::backend::BackendActor;

/// What a pool's backends are built with.
pub(super) struct Terms {
    pub(super) pool: Arc<Pool>,
    pub(super) name: Arc<str>,
    pub(super) health: HealthPolicy,
    pub(super) probe: Option<ProbeSettings>,
    /// The server's own.
    pub(super) zone: Option<Arc<str>>,
    pub(super) flags: Flags,
    pub(super) supervisor: SupervisorHandle,
    pub(super) directory: Arc<Directory>,
}

/// The members that a pool is to have, and what makes it have them.
///
/// Whatever is decided is written here before it is done, and doing it twice does no harm: a crash
/// of the actor at any place is healed by [`bring_in_line`](Self::bring_in_line). Used on the
/// control thread alone; the lock is for whoever builds the tree.
pub(super) struct Membership {
    pub(super) terms: Terms,
    state: Mutex<State>,
}

struct State {
    /// From the configuration.
    configured: Vec<SourcePlan>,
    /// From the watched file.
    listed: Vec<SourcePlan>,
    sources: Sources,
    watch: Option<Watch>,
    /// Those that have children in the tree.
    living: BTreeMap<SocketAddr, Living>,
    draining: HashMap<SocketAddr, Draining>,
}

struct Living {
    cell: Arc<Backend>,
    actor: Address<BackendActor>,
}

/// What came of bringing a pool in line.
pub(super) struct Outcome {
    pub(super) changes: Changes,
    /// Something could not be done yet, as the children of a backend that was removed a moment ago
    /// are still stopping.
    pub(super) unfinished: bool,
}

impl Membership {
    pub(super) fn new(terms: Terms, pace: Pace) -> Self {
        let state = State {
            configured: Vec::new(),
            listed: Vec::new(),
            sources: Sources::new(pace),
            watch: None,
            living: BTreeMap::new(),
            draining: HashMap::new(),
        };
        Self { terms, state: Mutex::new(state) }
    }

    /// Replaces the sources of the configuration.
    pub(super) fn configure(&self, plans: Vec<SourcePlan>, now: Instant) {
        let mut state = self.state.lock();
        state.configured = plans;
        state.replan(now);
    }

    /// Replaces the sources of the file.
    pub(super) fn list(&self, plans: Vec<SourcePlan>, now: Instant) {
        let mut state = self.state.lock();
        state.listed = plans;
        state.replan(now);
    }

    /// Takes a look at the file; the first one has it read as it is.
    pub(super) fn look(&self, stamp: Option<Stamp>) -> Look {
        let mut state = self.state.lock();
        if let Some(watch) = &mut state.watch {
            return watch.look(stamp);
        }
        state.watch.get_or_insert_default().was_read(stamp);
        if stamp.is_some() { Look::Read } else { Look::Gone }
    }

    pub(super) fn due(&self, now: Instant) -> Vec<(SourceId, Lookup)> {
        self.state.lock().sources.due(now)
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.state.lock().sources.next_due()
    }

    pub(super) fn forget_questions(&self, now: Instant) {
        self.state.lock().sources.forget_questions(now);
    }

    pub(super) fn is_unheard(&self) -> bool {
        self.state.lock().sources.is_unheard()
    }

    pub(super) fn take(
        &self,
        id: SourceId,
        found: Result<Found, LookupError>,
        now: Instant,
        random: f64,
    ) -> Option<(Origin, News)> {
        self.state.lock().sources.take(id, found, now, random)
    }

    pub(super) fn set_weight(&self, at: SocketAddr, weight: Weight) -> Result<(), OrderError> {
        self.state.lock().sources.set_weight(at, weight)
    }

    /// Gives the backend no new lease; over a time that is not zero what uses it is to be ended.
    pub(super) fn drain(
        &self,
        at: SocketAddr,
        over: Duration,
        now: Instant,
    ) -> Result<(), OrderError> {
        let mut state = self.state.lock();
        state.sources.drain(at)?;
        let cell = state.living.get(&at).map(|living| Arc::clone(&living.cell));
        if let Some(cell) = cell.filter(|_| !over.is_zero()) {
            state.draining.insert(at, Draining::new(cell, over, now));
        } else {
            state.draining.remove(&at);
        }
        Ok(())
    }

    pub(super) fn undrain(&self, at: SocketAddr) -> Result<(), OrderError> {
        let mut state = self.state.lock();
        state.sources.undrain(at)?;
        state.draining.remove(&at);
        Ok(())
    }

    /// Works on the backends whose connections are being ended; says whether there are any.
    pub(super) fn with_draining<R>(
        &self,
        f: impl FnOnce(&mut HashMap<SocketAddr, Draining>) -> R,
    ) -> R {
        f(&mut self.state.lock().draining)
    }

    /// Makes the pool, its children and the directory what they are to be.
    ///
    /// A backend has its children before it gets leases, and gets none before they go. Cells of
    /// members that stay are kept, and with them health, leases and kept connections.
    pub(super) fn bring_in_line(&self) -> Outcome {
        let mut state = self.state.lock();
        state.sources.prune_orders();
        let wanted = state.sources.wanted();
        let home = self.terms.zone.as_deref();
        let mut unfinished = false;
        for wanted in &wanted {
            let Entry::Vacant(place) = state.living.entry(wanted.address) else { continue };
            match self.start(wanted.address, wanted.host.as_deref()) {
                Some(living) => drop(place.insert(living)),
                None => unfinished = true,
            }
        }
        let mut members = Vec::with_capacity(wanted.len());
        for (placed, living) in wanted.iter().filter_map(|wanted| {
            Some((Placed::of(wanted, home), state.living.get(&wanted.address)?))
        }) {
            let Placed { weight, backup, priority, foreign, draining, .. } = placed;
            let backend = Arc::clone(&living.cell);
            members.push(Member { backend, weight, backup, priority, foreign, draining });
        }
        let before: Vec<_> = self.terms.pool.current().members().map(Placed::from).collect();
        let after: Vec<_> = members.iter().map(Placed::from).collect();
        let changes = changes(&before, &after);
        if !changes.is_empty() {
            self.enlist(&state, &members);
            let settings = self.terms.pool.current().settings().clone();
            let now = Instant::now();
            // Whoever comes to others that serve starts slowly, as one that comes back does.
            let serving = before.iter().filter(|placed| !placed.draining);
            let served: HashSet<_> = serving.map(|placed| placed.address).collect();
            if !served.is_empty() {
                let arrives = |member: &&Member| !served.contains(&member.backend.address());
                members.iter().filter(arrives).for_each(|member| member.backend.arrives(now));
            }
            self.terms.pool.update(settings, members, now);
        }
        let stay: HashSet<_> = after.iter().map(|placed| placed.address).collect();
        let mut gone = Vec::new();
        state.living.retain(|address, living| {
            let stays = stay.contains(address);
            if !stays {
                self.terms.supervisor.remove_child(&id(&living.cell));
                gone.push(living.cell.id());
            }
            stays
        });
        if !gone.is_empty() {
            self.terms.directory.replace(&gone, []);
        }
        Outcome { changes, unfinished }
    }

    /// Starts the children of a new backend. None if they cannot be started now.
    fn start(&self, address: SocketAddr, host: Option<&str>) -> Option<Living> {
        let cell = Arc::new(Backend::new(address, host, self.terms.health));
        let (spec, actor) = backend(&self.terms, &cell);
        match self.terms.supervisor.start_child(spec) {
            Ok(()) => Some(Living { cell, actor }),
            Err(error) => {
                // Its namesake is still stopping, or was left by a crash before it was noted down;
                // or the pool itself is being stopped.
                tracing::debug!(pool = &*self.terms.name, %address, %error, "not started yet");
                self.terms.supervisor.remove_child(&id(&cell));
                None
            }
        }
    }

    fn enlist(&self, state: &State, members: &[Member]) {
        let drains: HashMap<_, _> =
            members.iter().map(|member| (member.backend.id(), member.draining)).collect();
        let listed = state.living.values().map(|living| {
            let id = living.cell.id();
            let keeps = drains.get(&id).is_some_and(|draining| !draining);
            (id, ListedBackend { actor: living.actor.clone(), keeps })
        });
        self.terms.directory.replace(&[], listed);
    }
}

impl State {
    fn replan(&mut self, now: Instant) {
        let all = self.configured.iter().chain(&self.listed).cloned().collect();
        self.sources.configure(all, now);
    }
}

fn id(cell: &Backend) -> ChildId {
    cell.name().into()
}
