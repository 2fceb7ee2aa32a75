//! `pools/NAME`: a pool's supervisor, and its actor, which keeps addresses fresh.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use trunkline_runtime::{Actor, ChildSpec, Context, Detail, Failure, SupervisorSpec};

use crate::backend::Backend;
use crate::backend::health::HealthPolicy;
use crate::directory::Listed;
use crate::pool::{Member, Pool, PoolSettings, Weight};

use super::Supervision;
use super::backend::BackendActor;
use super::probe::{Probe, ProbeSettings};

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
        let Self { name, settings, health, probe, backends, .. } = self;
        let members: Vec<_> = backends
            .into_iter()
            .filter_map(|plan| {
                let backend = Backend::new(plan.address.parse().ok()?, None, health);
                let member = Member::new(Arc::new(backend));
                Some(Member { weight: plan.weight, backup: plan.backup, ..member })
            })
            .collect();
        let cells: Vec<_> = members.iter().map(|member| Arc::clone(&member.backend)).collect();
        let pool = Arc::new(Pool::new(&name, settings, members));

        let kept = Arc::clone(&pool);
        let actor = move || PoolActor { pool: Arc::clone(&kept) };
        let mut spec = SupervisorSpec::new(name.to_string(), supervision.pool)
            .child(ChildSpec::leaf("pool", actor));
        let mut addresses = Vec::with_capacity(cells.len());
        for cell in cells {
            let (child, address) = backend(supervision, &name, &cell, probe.clone());
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
    let mut spec = SupervisorSpec::new(cell.name().to_owned(), supervision.backend).child(actor);
    if let Some(settings) = probe {
        let (backend, reports_to) = (Arc::clone(cell), address.clone());
        spec = spec.child(ChildSpec::leaf("probe", move || Probe {
            settings: settings.clone(),
            backend: Arc::clone(&backend),
            reports_to: reports_to.clone(),
            random: fastrand::Rng::new(),
            timer: None,
        }));
    }
    (spec, address)
}

/// The actor of a pool.
#[derive(Debug)]
pub struct PoolActor {
    pool: Arc<Pool>,
}

impl Actor for PoolActor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::new(Shown(Arc::clone(&self.pool))));
        Ok(())
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
            "balance": current.settings().balancing.algorithm.name(),
            "members": current.members().count(),
            "serving": serving,
        })
    }
}
