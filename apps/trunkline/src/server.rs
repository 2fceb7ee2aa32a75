//! From settings to sockets and a tree, and running it until it ends.

mod metrics;
pub(crate) mod observing;
mod operations;
pub(crate) mod plans;
mod pools;
mod site;
mod telemetry;

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::{Level, error, info, warn};
use trunkline_actors::blocking::Blocking;
use trunkline_actors::directory::Directory;
use trunkline_actors::limits::{ConnectionLimit, Needs, TooFewDescriptors, raise_descriptors};
use trunkline_actors::socket::{BindError, Sockets};
use trunkline_actors::tree::{self, Supervision};
use trunkline_config::{LogFormat, LogLevel, Override, Settings, SettingsError};
use trunkline_observability::admin::AdminSocket;
use trunkline_observability::log;
use trunkline_observability::trace::{CollectorError, Exporter, restarts};
use trunkline_runtime::{
    ChildSpec, Ended, Flags, OnSpent, Runtime, StartError, Strategy, SupervisorSpec,
};

use crate::brought::{Brought, Configured};
use crate::console::{complain, say};
use crate::exit;
use crate::steward::{Orders, Running, Steward};
use observing::{AdminError, Door};
use operations::{Operated, Operator};
use plans::{Around, listen_options, listener_plan, pool_plan, resolver_settings};

/// The most tokio's semaphore counts; more connections than that have no descriptors anyway.
const MOST_PLACES: usize = Semaphore::MAX_PERMITS;

/// What a test may put in the place of the defaults. Empty in the program itself.
pub struct Hooks {
    /// The intensities and back-offs of the tree.
    pub supervision: Supervision,
    /// Those of the root.
    pub root: Flags,
    /// Called with the runtime before the tree is built.
    pub on_runtime: Box<dyn FnOnce(&Runtime)>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            supervision: Supervision::default(),
            root: Flags::new(Strategy::OneForOne).intensity(3, Duration::from_secs(60)),
            on_runtime: Box::new(|_| {}),
        }
    }
}

/// What is to be run.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    /// Where the settings came from: what SIGHUP loads.
    pub(crate) file: Option<SettingsFile>,
    /// Sockets that are bound already, by listener.
    pub(crate) bound: HashMap<String, Arc<Sockets>>,
    /// That of the admin API, where it is bound already.
    pub(crate) admin: Option<AdminSocket>,
    /// A subtree beside the traffic, built for so many workers.
    pub(crate) beside: Option<Beside>,
    /// The listeners in that subtree.
    pub(crate) listeners_beside: usize,
    /// Said once all is bound.
    pub(crate) banner: Option<String>,
    /// Protocols of the program's own.
    pub(crate) brought: Brought,
    /// Actors of the program's own.
    pub(crate) app: Option<SupervisorSpec>,
}

/// A file of settings, and what the command line lays over it.
#[derive(Debug, Clone)]
pub(crate) struct SettingsFile {
    pub(crate) path: PathBuf,
    pub(crate) flags: Vec<Override>,
}

/// Builds a subtree that the traffic depends on.
pub(crate) type Beside = Box<dyn FnOnce(&Places) -> SupervisorSpec>;

/// The places for connections of the whole process.
pub(crate) struct Places {
    pub(crate) workers: usize,
    pub(crate) process: Arc<Semaphore>,
    pub(crate) drain: Duration,
}

impl Plan {
    /// Runs these settings, read from `file`.
    pub(crate) fn new(settings: Settings, file: Option<SettingsFile>) -> Self {
        Self {
            settings,
            file,
            bound: HashMap::new(),
            admin: None,
            beside: None,
            listeners_beside: 0,
            banner: None,
            brought: Brought::default(),
            app: None,
        }
    }

    /// How many workers there will be.
    pub(crate) fn workers(settings: &Settings) -> NonZeroUsize {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        settings.server.workers.unwrap_or_else(cores)
    }
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The program itself is mistaken, as in the name of a protocol.
    #[error("{0}")]
    Program(String),
    /// An address cannot be listened on.
    #[error("listener {listener}: {error}")]
    Bind {
        /// The listener.
        listener: String,
        /// Why not.
        error: BindError,
    },
    /// The settings were read for another program.
    #[error("listener {listener}: this program does not bring the protocol {protocol}")]
    Protocol {
        /// The listener.
        listener: String,
        /// What it wants.
        protocol: String,
    },
    /// A protocol refuses its settings, which it found good when they were read.
    #[error("listener {listener}: {error}")]
    Settings {
        /// The listener.
        listener: String,
        /// What is wrong.
        error: SettingsError,
    },
    /// Not one connection could be served.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// The tree is not sound, or there are no threads.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There are no random bytes for the key of a pool's cookies.
    #[error("the system has no random bytes for a key: {0}")]
    Key(std::io::Error),
    /// The admin API cannot be offered.
    #[error("admin API: {0}")]
    Admin(#[from] AdminError),
    /// Spans cannot be exported.
    #[error("telemetry: {0}")]
    Telemetry(#[from] CollectorError),
    /// The log did not start.
    #[error(transparent)]
    Log(#[from] log::StartError),
}

/// Runs a server until it ends. Everything is bound before anything starts.
pub(crate) fn serve(mut plan: Plan, hooks: Hooks) -> Result<Ended, ServeError> {
    let Hooks { supervision, root, on_runtime } = hooks;
    let configured = plan.brought.configure(&plan.settings)?;
    let workers = Plan::workers(&plan.settings);
    let limit = limit(&plan.settings, plan.listeners_beside, workers)?;
    let sockets = bind(&plan.settings, workers, std::mem::take(&mut plan.bound))?;
    let door = observing::door(&plan.settings, plan.admin.take())?;
    let exporter = telemetry::exporter(&plan.settings)?;
    let guard = start_log(&plan.settings, exporter.as_ref())?;
    if let Some(exporter) = &exporter {
        telemetry::begin(exporter, &plan.settings);
    }
    info!(workers, limit = %limit, "starting");
    if let Some(banner) = plan.banner.take() {
        say(&banner);
    }
    let places = Places {
        workers: workers.get(),
        process: Arc::new(Semaphore::new(
            usize::try_from(limit.connections).unwrap_or(MOST_PLACES).min(MOST_PLACES),
        )),
        drain: plan.settings.server.drain,
    };
    let ended =
        Runtime::builder().workers(workers.get()).run("server", root, |runtime, root| {
            on_runtime(runtime);
            let ground = Ground {
                runtime,
                log: &guard,
                exporter: exporter.as_ref(),
                places: &places,
                sockets: &sockets,
            };
            tree(root, plan, door, &configured, &supervision, &ground)
        })?;
    match &ended {
        Ended::Shutdown => info!("stopped"),
        Ended::Escalated { child } => {
            error!(child, code = exit::ROOT, "the root gave up: the process ends");
        }
    }
    let dropped = guard.dropped_lines();
    if dropped > 0 {
        // Through the log as well: whoever did not read it must not keep the process from ending.
        warn!(dropped, "lines of the log were dropped, as nobody read them fast enough");
    }
    drop(guard);
    Ok(ended)
}

/// What the tree stands on: there before it, and after it.
struct Ground<'a> {
    runtime: &'a Runtime,
    log: &'a log::Guard,
    exporter: Option<&'a Exporter>,
    places: &'a Places,
    sockets: &'a HashMap<String, Arc<Sockets>>,
}

/// The tree, in start order. `control` comes first so that it ends last: signals are heard, and
/// later the admin API answers, until the traffic has drained.
fn tree(
    root: SupervisorSpec,
    plan: Plan,
    door: Option<Door>,
    configured: &Configured,
    supervision: &Supervision,
    ground: &Ground<'_>,
) -> Result<SupervisorSpec, ServeError> {
    let Ground { runtime, log, exporter, places, sockets } = ground;
    let access = &log.access_log();
    let Plan { settings, file, beside, brought, app, .. } = plan;
    let lame_duck = settings.server.lame_duck;
    let orders = Arc::<Orders>::default();
    let control_flags = Flags::new(Strategy::OneForOne).on_spent(OnSpent::ParkChild);
    let known = brought.known.clone();
    let mut control = SupervisorSpec::new("control", control_flags);
    let blocking = blocking();
    if !brought.is_empty() || app.is_some() {
        control = control.child(tree::blocking::spec(blocking));
    }
    let (resolver_spec, resolver) = tree::resolver::spec(resolver_settings(&settings.dns));
    let directory = Arc::<Directory>::default();
    let admin = door.map(|door| {
        door.admin(Operator::new(Operated {
            runtime,
            directory: &directory,
            orders: &orders,
            levels: &log.levels(),
            sockets,
            traces: exporter.and_then(Exporter::memory),
            metrics: metrics::metrics(runtime, &directory, *exporter, log),
            config: settings.to_masked_json(),
        }))
    });
    let traces = exporter.map(|exporter| [exporter.spec(), restarts::spec()]);
    if let Some(observability) = observing::spec(traces.into_iter().flatten().chain(admin)) {
        control = control.child(observability);
    }
    let running = Arc::new(Running::new(settings.clone(), Arc::clone(&directory)));
    let control = control.child(resolver_spec).child(ChildSpec::leaf("steward", move || {
        let running = Arc::clone(&running);
        Steward::new(file.clone(), known.clone(), lame_duck, Arc::clone(&orders), running)
    }));
    let zone = settings.server.zone.as_deref().map(Arc::from);
    let plan =
        |(name, pool): (&String, _)| pool_plan(name, pool, &settings.dns, zone.as_ref(), &resolver);
    let pools = settings.pools.iter().map(plan).collect::<Result<_, _>>();
    let pools = pools.map_err(ServeError::Key)?;
    let workers = places.workers;
    let traffic = tree::traffic(supervision, workers, &directory, pools, |directory, routers| {
        let around = Around { configured, directory, routers, blocking, access };
        settings
            .listeners
            .iter()
            .filter_map(|(name, listener)| {
                let sockets = Arc::clone(sockets.get(name)?);
                let handler = around.handler(name, listener)?;
                Some(listener_plan(name, listener, sockets, handler, places))
            })
            .collect()
    });
    let root = [app, beside.map(|beside| beside(places))]
        .into_iter()
        .flatten()
        .fold(root.child(control), SupervisorSpec::child);
    Ok(root.child(traffic))
}

/// The threads for work that blocks, of the whole process: clients are made before there is a tree.
pub(crate) fn blocking() -> &'static Arc<Blocking> {
    static BLOCKING: OnceLock<Arc<Blocking>> = OnceLock::new();
    BLOCKING.get_or_init(Arc::default)
}

fn limit(
    settings: &Settings,
    beside: usize,
    workers: NonZeroUsize,
) -> Result<ConnectionLimit, TooFewDescriptors> {
    let descriptors = raise_descriptors().unwrap_or_else(|error| {
        complain(&format!("trunkline: the limit of open files stays as it is: {error}"));
        trunkline_actors::limits::descriptors()
    });
    let backends: usize = settings.pools.values().map(|pool| pool.backends.len()).sum();
    let needs = Needs {
        workers: workers.get() as u64,
        listeners: (settings.listeners.len() + beside) as u64,
        backends: backends as u64,
    };
    let wanted = settings.server.connections.map(NonZeroU32::get).map(u64::from);
    ConnectionLimit::derive(descriptors, &needs, wanted)
}

fn bind(
    settings: &Settings,
    workers: NonZeroUsize,
    mut bound: HashMap<String, Arc<Sockets>>,
) -> Result<HashMap<String, Arc<Sockets>>, ServeError> {
    for (name, listener) in &settings.listeners {
        if !bound.contains_key(name) {
            let sockets = Sockets::bind(listener.bind, workers, listen_options(listener))
                .map_err(|error| ServeError::Bind { listener: name.clone(), error })?;
            bound.insert(name.clone(), Arc::new(sockets));
        }
    }
    Ok(bound)
}

fn start_log(
    settings: &Settings,
    exporter: Option<&Exporter>,
) -> Result<log::Guard, log::StartError> {
    let level = match settings.log.level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let format = match settings.log.format {
        LogFormat::Text => log::Format::Text,
        LogFormat::Json => log::Format::Json,
    };
    let spans = exporter.map(|exporter| exporter.provider(settings.telemetry.sample_ratio));
    log::init(level, format, spans.as_ref())
}
