//! The tree of actors. One file per process, named as in the tree:
//!
//! ```text
//! traffic (rest_for_one)
//! ├─ pools                       all at once; a pool that spends its intensity is parked
//! │  └─ NAME                     supervisor
//! │     ├─ pool                  resolves host names
//! │     └─ ADDRESS               supervisor
//! │        ├─ backend            reports changes of health
//! │        └─ probe              active health check
//! ├─ routers
//! │  └─ wN                       asked for leases by the connections of its worker
//! ├─ upstreams
//! │  └─ wN                       closes kept connections to backends that waited too long
//! └─ listeners                   all at once; a listener that spends its intensity is parked
//!    └─ NAME                     supervisor
//!       ├─ connections
//!       │  └─ wN                 dynamic
//!       │     └─ ID              one connection
//!       ├─ listener              opens and closes the sockets, has stuck workers stood in for
//!       └─ acceptors
//!          └─ wN                 one per worker; `wN-by-wM` while worker N is stuck
//! ```
//!
//! Beside the traffic, where whoever builds the whole tree puts it: `blocking`, which owns the
//! threads for work that blocks.

pub mod acceptor;
pub mod backend;
pub mod blocking;
pub mod connection;
pub(crate) mod exhibit;
pub mod listener;
pub mod pool;
pub mod probe;
pub mod router;
mod upstreams;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_runtime::{Address, Flags, OnSpent, Placement, Strategy, SupervisorSpec};

use crate::directory::Directory;
use listener::ListenerPlan;
use pool::PoolPlan;
use router::Router;

/// The flags of every supervisor of the tree, in one place: tests set others, for faults at a rate
/// that the defaults would answer by parking.
#[derive(Debug, Clone, Copy)]
pub struct Supervision {
    /// `traffic`: what reaches it belongs to no single pool or listener.
    pub traffic: Flags,
    /// `pools` and `listeners`: park the one that fails too often.
    pub groups: Flags,
    /// A pool: parks as a whole.
    pub pool: Flags,
    /// A backend's supervisor.
    pub backend: Flags,
    /// `routers`.
    pub routers: Flags,
    /// A listener: parks as a whole.
    pub listener: Flags,
    /// `acceptors` and `connections` of a listener.
    pub parts: Flags,
}

impl Default for Supervision {
    fn default() -> Self {
        let each = Flags::new(Strategy::OneForOne);
        Self {
            traffic: Flags::new(Strategy::RestForOne).intensity(3, Duration::from_secs(60)),
            groups: each.on_spent(OnSpent::ParkChild),
            pool: each.on_spent(OnSpent::Park),
            backend: each,
            routers: each,
            listener: each.on_spent(OnSpent::Park),
            parts: each,
        }
    }
}

/// Pools, routers and listeners that depend on one another, as one supervisor.
///
/// `listeners` is called with the directory and the routers' addresses, which handlers need.
pub fn traffic(
    supervision: &Supervision,
    workers: usize,
    pools: Vec<PoolPlan>,
    listeners: impl FnOnce(&Arc<Directory>, &Arc<[Address<Router>]>) -> Vec<ListenerPlan>,
) -> SupervisorSpec {
    let directory = Arc::new(Directory::default());
    let mut listed = HashMap::new();
    let mut pool_group = SupervisorSpec::new("pools", supervision.groups).stops_together();
    for plan in pools {
        let (name, spec, entry) = plan.build(supervision);
        listed.insert(name, entry);
        pool_group = pool_group.child(spec);
    }
    directory.set(listed);

    let mut router_group = SupervisorSpec::new("routers", supervision.routers);
    let mut routers = Vec::with_capacity(workers);
    for worker in (0..workers).map(Placement::Worker) {
        let (spec, address) = router::spec(worker, Arc::clone(&directory));
        routers.push(address);
        router_group = router_group.child(spec);
    }
    let routers: Arc<[_]> = routers.into();
    let upstreams = (0..workers).map(Placement::Worker).map(upstreams::spec);
    let upstreams =
        upstreams.fold(SupervisorSpec::new("upstreams", supervision.parts), SupervisorSpec::child);

    let listener_group = listeners(&directory, &routers).into_iter().fold(
        SupervisorSpec::new("listeners", supervision.groups).stops_together(),
        |group, plan| group.child(listener::spec(plan, supervision, workers)),
    );
    SupervisorSpec::new("traffic", supervision.traffic)
        .child(pool_group)
        .child(router_group)
        .child(upstreams)
        .child(listener_group)
}
