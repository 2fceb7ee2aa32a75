//! `pools/NAME`: a pool's supervisor, its actor, and what its backends are built from.

mod actor;
mod draining;
mod membership;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_runtime::{Address, ChildSpec, SupervisorSpec};

pub use actor::{Drain, PoolActor, Reconfigure, SetWeight, Undrain};

use crate::backend::Backend;
use crate::backend::health::HealthPolicy;
use crate::directory::{Directory, Listed};
use crate::discovery::{Pace, SourcePlan};
use crate::pool::{Pool, PoolSettings};

use super::Supervision;
use super::backend::BackendActor;
use super::probe::{Probe, ProbeSettings};
use super::resolver::Resolver;
use membership::{Membership, Terms};

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
    /// How often names are asked for.
    pub pace: Pace,
    /// Where its backends come from.
    pub sources: Vec<SourcePlan>,
    /// A file of further ones.
    pub file: Option<SourceFile>,
    /// Where the server is: members elsewhere are foreign.
    pub zone: Option<Arc<str>>,
    /// Who is asked for addresses.
    pub resolver: Address<Resolver>,
}

/// A file that lists sources, and is watched.
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// Reads it; an error says what is wrong with it.
    pub load: LoadSources,
}

/// Reads a file of sources. Called on the control thread.
pub type LoadSources = Box<dyn Fn() -> Result<Vec<SourcePlan>, String> + Send + Sync>;

impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.path.fmt(f)
    }
}

impl PoolPlan {
    /// The pool's supervisor, with those of its backends whose address needs no asking.
    pub(super) fn build(
        self,
        supervision: &Supervision,
        directory: &Arc<Directory>,
        ready_by: Instant,
    ) -> (Arc<str>, SupervisorSpec, Listed) {
        let Self { name, settings, health, probe, pace, sources, file, zone, resolver } = self;
        let pool = Arc::new(Pool::new(&name, settings, Vec::new()));
        let spec = SupervisorSpec::new(name.to_string(), supervision.pool);
        let children = Terms {
            pool: Arc::clone(&pool),
            name: Arc::clone(&name),
            health,
            probe,
            zone,
            flags: supervision.backend,
            supervisor: spec.handle(),
            directory: Arc::clone(directory),
        };
        let membership = Arc::new(Membership::new(children, pace));
        let (kept, file) = (Arc::clone(&membership), file.map(Arc::new));
        let actor = move || PoolActor::new(&kept, &resolver, file.as_ref(), ready_by);
        let (actor, address) = ChildSpec::leaf("pool", actor).build();
        let spec = spec.child(actor);
        membership.configure(sources, Instant::now());
        // Behind the actor: it starts first.
        membership.bring_in_line();
        let listed = Listed { pool, supervisor: spec.handle(), actor: address };
        (name, spec, listed)
    }
}

/// `pools/NAME/ADDRESS`: a backend's actor and its probe.
fn backend(
    terms: &Terms,
    cell: &Arc<Backend>,
) -> (SupervisorSpec, trunkline_runtime::Address<BackendActor>) {
    let (pool, backend) = (Arc::clone(&terms.name), Arc::clone(cell));
    let actor = move || BackendActor { pool: Arc::clone(&pool), backend: Arc::clone(&backend) };
    let (actor, address) = ChildSpec::leaf("backend", actor).build();
    let mut spec = SupervisorSpec::new(cell.name().to_owned(), terms.flags).child(actor);
    if let Some(settings) = terms.probe.clone() {
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
