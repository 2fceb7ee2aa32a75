//! `pools/NAME`: a pool's supervisor, and its actor, which keeps addresses fresh.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
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

/// How long the start waits for host names; after that the pool starts without them.
const FIRST_ANSWER: Duration = Duration::from_secs(2);

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
    pub(super) fn build(self, supervision: &Supervision) -> (Arc<str>, SupervisorSpec, Listed) {
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
        let actor = move || PoolActor { pool: Arc::clone(&kept), resolve, timer: None };
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
    timer: Option<Timer>,
}

#[derive(Debug)]
struct Resolve;

impl Message for Resolve {
    type Answer = ();
}

/// What was found out about one backend.
type Answer = (Arc<Backend>, std::io::Result<Vec<SocketAddr>>);

impl Actor for PoolActor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::new(Shown(Arc::clone(&self.pool))));
        let named = self.named();
        if named.is_empty() {
            return Ok(());
        }
        // What depends on this pool starts with its addresses, if they can be had soon.
        cx.defer_ready();
        cx.pipe(lookup(named), |state, answers, cx| {
            state.take(answers);
            cx.ready();
            state.timer = Some(cx.after(state.resolve, Resolve));
        });
        cx.pipe(tokio::time::sleep(FIRST_ANSWER), |_, (), cx| cx.ready());
        Ok(())
    }
}

impl Handles<Resolve> for PoolActor {
    fn handle(&mut self, _: Resolve, _: Reply<()>, cx: &mut Context<'_, Self>) {
        cx.pipe(lookup(self.named()), |state, answers, cx| {
            state.take(answers);
            state.timer = Some(cx.after(state.resolve, Resolve));
        });
    }
}

impl PoolActor {
    /// The members whose address is not an IP address.
    fn named(&self) -> Vec<Arc<Backend>> {
        let current = self.pool.current();
        let names = current.members().map(|member| &member.backend);
        names.filter(|cell| cell.address().parse::<SocketAddr>().is_err()).cloned().collect()
    }

    fn take(&self, answers: Vec<Answer>) {
        for (backend, answer) in answers {
            let (pool, name) = (self.pool.name(), backend.address());
            match answer {
                Ok(addresses) => {
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
}

/// Asks the system's resolver for all names at once.
async fn lookup(backends: Vec<Arc<Backend>>) -> Vec<Answer> {
    join_all(backends.into_iter().map(|backend| async move {
        let answer = tokio::net::lookup_host(backend.address()).await.map(|found| {
            let mut found: Vec<_> = found.collect();
            // Resolvers rotate their answers; a new order is not a new answer.
            found.sort_unstable();
            found.dedup();
            found
        });
        (backend, answer)
    }))
    .await
}

#[derive(Debug)]
struct Shown(Arc<Pool>);

impl Detail for Shown {
    fn detail(&self) -> serde_json::Value {
        let current = self.0.current();
        let now = tokio::time::Instant::now();
        let serving = current.members().filter(|member| member.backend.serves(now)).count();
        json!({
            "balance": current.settings().algorithm.name(),
            "members": current.members().count(),
            "serving": serving,
        })
    }
}
