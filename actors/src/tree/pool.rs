//! `pools/NAME`: a pool's supervisor, and its actor, which keeps addresses fresh.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tracing::{info, warn};
use trunkline_runtime::{
    Actor, ChildSpec, Context, Detail, Failure, Handles, Message, Reply, SupervisorSpec, Timer,
};

use crate::backend::Backend;
use crate::backend::health::HealthPolicy;
use crate::directory::Listed;
use crate::pool::{Member, Pool, PoolSettings, Weight};

use super::Supervision;
use super::backend::BackendActor;
use super::probe::{Probe, ProbeSettings};

/// How long the start waits for host names, over all pools; after that it goes on without them.
pub(super) const FIRST_ANSWER: Duration = Duration::from_secs(2);

/// What a pool is built from.
#[derive(Debug)]
pub struct PoolPlan {
    /// Its name.
    pub name: Arc<str>,
    /// How it is used.
    pub settings: PoolSettings,
    /// When a backend is out.
    pub health: HealthPolicy,
    /// How backends are probed, if they are.
    pub probe: Option<ProbeSettings>,
    /// How often host names are resolved again.
    pub resolve: Duration,
    /// Its backends.
    pub backends: Vec<BackendPlan>,
}

/// What a backend is built from.
#[derive(Debug)]
pub struct BackendPlan {
    /// `IP:PORT` or `HOST:PORT`.
    pub address: String,
    /// Its share.
    pub weight: Weight,
    /// Whether it serves only when no other can.
    pub backup: bool,
}

impl PoolPlan {
    pub(super) fn build(
        self,
        supervision: &Supervision,
        ready_by: Instant,
    ) -> (Arc<str>, SupervisorSpec, Listed) {
        let Self { name, settings, health, probe, resolve, backends } = self;
        let members: Vec<_> = backends
            .into_iter()
            .map(|plan| Member {
                backend: Arc::new(Backend::new(&plan.address, health)),
                weight: plan.weight,
                backup: plan.backup,
            })
            .collect();
        let cells: Vec<_> = members.iter().map(|member| Arc::clone(&member.backend)).collect();
        let pool = Arc::new(Pool::new(&name, settings, members));

        let kept = Arc::clone(&pool);
        let actor =
            move || PoolActor { pool: Arc::clone(&kept), resolve, ready_by, asked: 0, timer: None };
        let mut spec = SupervisorSpec::new(name.to_string(), supervision.pool)
            .child(ChildSpec::leaf("pool", actor));
        let mut addresses = Vec::with_capacity(cells.len());
        for cell in cells {
            let (child, address) = backend(supervision, &name, &cell, probe);
            addresses.push((cell.id(), address));
            spec = spec.child(child);
        }
        let listed = Listed { pool, supervisor: spec.handle(), backends: addresses };
        (name, spec, listed)
    }
}

/// `pools/NAME/ADDRESS`: a backend's actor and its probe.
fn backend(
    supervision: &Supervision,
    pool: &Arc<str>,
    cell: &Arc<Backend>,
    probe: Option<ProbeSettings>,
) -> (SupervisorSpec, trunkline_runtime::Address<BackendActor>) {
    let (pool, backend) = (Arc::clone(pool), Arc::clone(cell));
    let actor = move || BackendActor { pool: Arc::clone(&pool), backend: Arc::clone(&backend) };
    let (actor, address) = ChildSpec::leaf("backend", actor).build();
    let mut spec = SupervisorSpec::new(cell.address().to_owned(), supervision.backend).child(actor);
    if let Some(settings) = probe {
        let (backend, reports_to) = (Arc::clone(cell), address.clone());
        spec = spec.child(ChildSpec::leaf("probe", move || Probe {
            settings,
            backend: Arc::clone(&backend),
            reports_to: reports_to.clone(),
            random: fastrand::Rng::new(),
            timer: None,
        }));
    }
    (spec, address)
}

/// Resolves the host names of its members, at the start and every now and then. The last good
/// answer is kept.
#[derive(Debug)]
pub struct PoolActor {
    pool: Arc<Pool>,
    resolve: Duration,
    /// When the start waits for host names no longer: one moment for all pools.
    ready_by: Instant,
    /// Names that have not been answered yet.
    asked: usize,
    timer: Option<Timer>,
}

#[derive(Debug)]
struct Resolve;

impl Message for Resolve {
    type Answer = ();
}

impl Actor for PoolActor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::new(Shown(Arc::clone(&self.pool))));
        // What depends on this pool starts with its addresses, if they can be had soon.
        if self.lookup(cx) > 0 && self.ready_by > Instant::now() {
            cx.defer_ready();
            cx.pipe(tokio::time::sleep_until(self.ready_by), |_, (), cx| cx.ready());
        }
        Ok(())
    }
}

impl Handles<Resolve> for PoolActor {
    fn handle(&mut self, _: Resolve, _: Reply<()>, cx: &mut Context<'_, Self>) {
        self.lookup(cx);
    }
}

impl PoolActor {
    /// Asks the system's resolver for each name by itself, so that none waits for another; says
    /// how many there are.
    fn lookup(&mut self, cx: &mut Context<'_, Self>) -> usize {
        let current = self.pool.current();
        let names = current.members().map(|member| &member.backend);
        let named: Vec<_> =
            names.filter(|cell| cell.address().parse::<SocketAddr>().is_err()).cloned().collect();
        self.asked = named.len();
        for backend in &named {
            let backend = Arc::clone(backend);
            let name = backend.address().to_owned();
            cx.pipe(tokio::net::lookup_host(name), move |state, answer, cx| {
                state.take(&backend, answer.map(Iterator::collect));
                state.asked -= 1;
                if state.asked == 0 {
                    cx.ready();
                    state.timer = Some(cx.after(state.resolve, Resolve));
                }
            });
        }
        named.len()
    }

    fn take(&self, backend: &Backend, answer: std::io::Result<Vec<SocketAddr>>) {
        let (pool, name) = (self.pool.name(), backend.address());
        match answer {
            Ok(mut addresses) => {
                // Resolvers rotate their answers; a new order is not a new answer.
                addresses.sort_unstable();
                addresses.dedup();
                if backend.set_resolved(addresses) {
                    let addresses = &**backend.resolved();
                    info!(pool, backend = name, ?addresses, "backend was resolved");
                }
            }
            Err(error) => {
                let kept = backend.is_resolved();
                warn!(pool, backend = name, %error, kept, "backend cannot be resolved");
            }
        }
    }
}

#[derive(Debug)]
struct Shown(Arc<Pool>);

impl Detail for Shown {
    fn detail(&self) -> serde_json::Value {
        let current = self.0.current();
        let now = Instant::now();
        let serving = current.members().filter(|member| member.backend.serves(now)).count();
        json!({
            "balance": current.settings().algorithm.name(),
            "members": current.members().count(),
            "serving": serving,
        })
    }
}
