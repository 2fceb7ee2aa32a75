//! The tree of actors. One file per process, named as in the tree:
//!
//! ```text
//! traffic (rest_for_one)
//! ├─ pools                       all at once; a pool that spends its intensity is parked
//! │  └─ NAME                     supervisor
//! │     ├─ pool                  finds the backends: names, a file, orders
//! │     └─ ADDRESS               supervisor
//! │        ├─ backend            reports changes of health
//! │        └─ probe              active health check
//! ├─ routers
//! │  └─ wN                       asked for leases by the connections of its worker
//! ├─ upstreams
//! │  └─ wN                       closes kept connections to backends that are of no use
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
//! Beside the traffic, where whoever builds the whole tree puts them: `blocking`, which owns the
//! threads for work that blocks, and `resolver`, which pools ask for addresses.

pub mod acceptor;
pub mod backend;
pub mod blocking;
pub mod connection;
pub(crate) mod exhibit;
pub mod listener;
pub mod pool;
pub mod probe;
pub mod resolver;
pub mod router;
pub(crate) mod upstreams;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_runtime::{Address, Flags, OnSpent, Placement, Strategy, SupervisorSpec};

use crate::directory::{Directory, Workers};
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
/// `listeners` is called with the directory and the routers' addresses, which handlers need. The
/// directory is empty before, and of this tree alone: through it pools take orders.
pub fn traffic(
    supervision: &Supervision,
    workers: usize,
    directory: &Arc<Directory>,
    pools: Vec<PoolPlan>,
    listeners: impl FnOnce(&Arc<Directory>, &Arc<[Address<Router>]>) -> Vec<ListenerPlan>,
) -> SupervisorSpec {
    let ready_by = Instant::now() + pool::FIRST_ANSWER;
    let mut listed = HashMap::new();
    let mut pool_group = SupervisorSpec::new("pools", supervision.groups).stops_together();
    for plan in pools {
        let (name, spec, entry) = plan.build(supervision, directory, ready_by);
        listed.insert(name, entry);
        pool_group = pool_group.child(spec);
    }
    directory.set(listed);

    let mut router_group = SupervisorSpec::new("routers", supervision.routers);
    let mut routers = Vec::with_capacity(workers);
    for worker in (0..workers).map(Placement::Worker) {
        let (spec, address) = router::spec(worker, Arc::clone(directory));
        routers.push(address);
        router_group = router_group.child(spec);
    }
    let routers: Arc<[_]> = routers.into();
    let mut upstream_group = SupervisorSpec::new("upstreams", supervision.parts);
    let mut upstreams = Vec::with_capacity(workers);
    for worker in (0..workers).map(Placement::Worker) {
        let (spec, address) = upstreams::spec(worker, directory);
        upstreams.push(address);
        upstream_group = upstream_group.child(spec);
    }

    let mut listener_group = SupervisorSpec::new("listeners", supervision.groups).stops_together();
    let (mut connections, mut counts) = (HashMap::new(), Vec::new());
    for plan in listeners(directory, &routers) {
        let name = Arc::clone(&plan.name);
        let (spec, supervisors, metrics) = listener::build(plan, supervision, workers);
        connections.insert(name, supervisors);
        counts.push(metrics);
        listener_group = listener_group.child(spec);
    }
    directory.set_workers(Workers { upstreams, routers, listeners: counts, connections });
    SupervisorSpec::new("traffic", supervision.traffic)
        .child(pool_group)
        .child(router_group)
        .child(upstream_group)
        .child(listener_group)
}
