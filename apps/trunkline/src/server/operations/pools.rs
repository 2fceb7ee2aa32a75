//! Pools and their backends, and orders to them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_actors::backend::health::Standing;
use trunkline_actors::directory::{Directory, Listed};
use trunkline_actors::discovery;
use trunkline_actors::pool::{Member, Weight};
use trunkline_actors::tree::pool::{Drain, PoolActor, SetWeight, Undrain};
use trunkline_observability::admin::{BackendShown, OrderError, Ordered, PoolShown};
use trunkline_runtime::{Handles, Message, Runtime, Status};

/// How long a pool may take to note an order down, on the same thread.
const WITHIN: Duration = Duration::from_secs(5);

/// Where they are in the tree.
const POOLS: &str = "server/traffic/pools";

/// The pools, sorted by name.
pub(super) fn show(directory: &Directory, runtime: &Runtime) -> Vec<PoolShown> {
    let statuses = statuses(runtime);
    let names = directory.pools();
    let shown = names.iter().filter_map(|name| {
        let status = statuses.get(&**name).copied().unwrap_or(Status::Waiting);
        directory.with_pool(name, |listed| pool(name, status, listed, Instant::now()))
    });
    shown.collect()
}

/// What the supervisors of pools are doing, by name; from one look at the tree.
fn statuses(runtime: &Runtime) -> HashMap<String, Status> {
    let walk = runtime.registry().walk().under(POOLS);
    let visits = walk.into_iter().flatten();
    let of_pools = visits.filter_map(|visit| {
        let name = visit.path.strip_prefix(POOLS)?.strip_prefix('/')?;
        (!name.contains('/')).then(|| (name.to_owned(), visit.node.status()))
    });
    of_pools.collect()
}

fn pool(name: &str, status: Status, listed: &Listed, now: Instant) -> PoolShown {
    let current = listed.pool.current();
    let tiers = current.tiers().iter().enumerate();
    let members = tiers.flat_map(|(tier, all)| all.members().iter().map(move |one| (tier, one)));
    PoolShown {
        name: name.to_owned(),
        status,
        algorithm: current.settings().balancing.algorithm.name(),
        waiting: listed.pool.waiting(),
        in_flight: listed.pool.in_flight(),
        serving: current.members().filter(|member| serves(member, now)).count(),
        backends: members.map(|(tier, member)| backend(tier, member, now)).collect(),
    }
}

fn serves(member: &Member, now: Instant) -> bool {
    !member.draining && member.backend.serves(now) && !member.backend.is_ejected(now)
}

fn backend(tier: usize, member: &Member, now: Instant) -> BackendShown {
    let Member { backend, weight, draining, .. } = member;
    let totals = backend.totals();
    BackendShown {
        name: backend.host().unwrap_or(backend.name()).to_owned(),
        address: backend.address(),
        tier,
        weight: weight.get(),
        health: match backend.standing() {
            Standing::Up => "up",
            Standing::Shaky => "shaky",
            Standing::Down { .. } | Standing::Unfit => "down",
            Standing::OnTrial => "on_trial",
        },
        ejected: backend.is_ejected(now),
        draining: *draining,
        in_flight: backend.in_flight(),
        requests: totals.leases,
        connected: totals.connected,
        failed: totals.failed,
    }
}

pub(super) fn drain(
    directory: &Directory,
    pool: String,
    address: SocketAddr,
    over: Duration,
) -> Ordered {
    order(directory, pool, Drain { address, over })
}

pub(super) fn undrain(directory: &Directory, pool: String, address: SocketAddr) -> Ordered {
    order(directory, pool, Undrain { address })
}

pub(super) fn weigh(
    directory: &Directory,
    pool: String,
    address: SocketAddr,
    weight: u32,
) -> Ordered {
    match Weight::try_from(weight) {
        Ok(weight) => order(directory, pool, SetWeight { address, weight }),
        Err(error) => Box::pin(std::future::ready(Err(OrderError::Mistaken(
            error.to_string(),
            "drain the backend where it is to get nothing".to_owned(),
        )))),
    }
}

fn order<M>(directory: &Directory, pool: String, message: M) -> Ordered
where
    M: Message<Answer = Result<(), discovery::OrderError>>,
    PoolActor: Handles<M>,
{
    let asked = directory.with_pool(&pool, |listed| listed.actor.ask(message, WITHIN));
    Box::pin(async move {
        let Some(asked) = asked else {
            let error = format!("there is no pool {pool:?}");
            return Err(OrderError::NotFound(error, "see /pools for those that there are".into()));
        };
        match asked.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refused)) => Err(refusal(refused)),
            Err(lost) => Err(OrderError::Unavailable(
                format!("the pool does not take orders: {lost}"),
                "see /pools for what has become of it, and try again".into(),
            )),
        }
    })
}

fn refusal(refused: discovery::OrderError) -> OrderError {
    match refused {
        discovery::OrderError::NoMember(address) => OrderError::NotFound(
            format!("the pool has no backend {address}"),
            "name one by its address, as /pools shows it".into(),
        ),
        discovery::OrderError::NotDraining(address) => OrderError::Conflict(
            format!("the backend {address} is not draining"),
            "see /pools for those that are".into(),
        ),
    }
}
