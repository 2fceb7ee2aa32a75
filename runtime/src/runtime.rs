//! The runtime: control thread, workers, watchdog, and the root of the tree.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_rt::{Arbiter, System};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::delays::DelayCounts;
use crate::event::Events;
use crate::policy::Strategy;
use crate::pulse::Pulse;
use crate::registry::{Node, Registry};
use crate::spec::{ChildId, Flags, Shutdown, SpecError};
use crate::supervisor::action::Outcome;
use crate::supervisor::cell::SupervisorCell;
use crate::supervisor::stop::LAST_GRACE;
use crate::supervisor::{ChildSpec, SupervisorSpec};
use crate::watchdog::{self, Watchdog};
use crate::worker::{Placement, Worker};

/// The root's first child, whose children turn the threads' wheels of deadlines.
pub(crate) const PULSES: &str = "workers";

/// How the runtime is laid out.
#[derive(Debug, Clone)]
pub struct Builder {
    workers: usize,
    name: String,
    watchdog: Option<Watchdog>,
    #[cfg(any(test, feature = "test-clock"))]
    paused: bool,
}

impl Default for Builder {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            workers: cores,
            name: "trunkline".to_owned(),
            watchdog: Some(Watchdog::default()),
            #[cfg(any(test, feature = "test-clock"))]
            paused: false,
        }
    }
}

/// How the runtime came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop, and all children have ended.
    Shutdown,
    /// The root gave up: the process must not go on half-alive.
    Escalated {
        /// The child of the root that needed one restart too many.
        child: String,
    },
}

/// Why the runtime did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A specification in the tree is not sound.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The system gave the control thread no event loop.
    #[error("cannot start the control thread's event loop: {0}")]
    EventLoop(#[source] std::io::Error),
    /// The system gave no thread or no event loop.
    #[error("cannot start worker {worker}: {error}")]
    Thread {
        /// Which one.
        worker: usize,
        /// What the system said.
        error: std::io::Error,
    },
}

impl Builder {
    /// The number of workers; one per core unless told otherwise. 0 leaves only the control thread.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// What the threads are called: `NAME-w0`, `NAME-w1` … (Linux shows 15 bytes).
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Another watchdog, or none.
    #[must_use]
    pub fn watchdog(mut self, watchdog: Option<Watchdog>) -> Self {
        self.watchdog = watchdog;
        self
    }

    /// For tests: starts the control thread's clock paused, so that it jumps to the next timer
    /// whenever there is nothing else to do. Virtual time does not cross threads.
    #[cfg(any(test, feature = "test-clock"))]
    #[must_use]
    pub fn paused_clock(mut self) -> Self {
        self.paused = true;
        self
    }

    /// Runs a tree on the calling thread, as the control thread, until it ends.
    ///
    /// `tree` is given the runtime's handle and the root supervisor, whose first child shows the
    /// threads; it adds the rest. The root's end is the end of all: when it gives up, its children
    /// get half a second.
    ///
    /// # Errors
    /// A spec that is not sound, or threads that the system does not give: nothing has started
    /// then. Errors of `tree` are passed through.
    pub fn run<E: From<StartError>>(
        self,
        root: impl Into<ChildId>,
        flags: Flags,
        tree: impl FnOnce(&Runtime, SupervisorSpec) -> Result<SupervisorSpec, E>,
    ) -> Result<Ended, E> {
        crate::panics::install_hook();
        let event_loop = Arc::new(self.control_loop().map_err(StartError::EventLoop)?);
        let system = System::with_tokio_rt(|| Arc::clone(&event_loop));
        let runtime = Runtime::new(self.workers, self.watchdog.is_some());
        system.block_on(async { runtime.control().enter(&self.name, Arbiter::current()) });
        let root = tree(&runtime, SupervisorSpec::new(root, flags).child(self.pulses()))?;
        let init = SupervisorCell::init(&runtime);
        ChildSpec::from(root).add_to(&init).map_err(StartError::from)?;
        let arbiters = self.start_workers(&runtime)?;
        let _watchdog = self.watchdog.map(|watchdog| watchdog::start(watchdog, &runtime));
        let ended = system.block_on(supervise(&runtime, &init));
        init.dismantle();
        for (worker, arbiter) in runtime.all_workers().iter().skip(1).zip(&arbiters) {
            worker.arbiter.lock().take();
            arbiter.stop();
        }
        system.block_on(join(&runtime, arbiters));
        runtime.control().arbiter.lock().take();
        drop(system);
        if let Some(event_loop) = Arc::into_inner(event_loop) {
            // Not by waiting: a look-up of the system's resolver may still block for long.
            event_loop.shutdown_background();
        }
        Ok(ended)
    }

    fn control_loop(&self) -> std::io::Result<tokio::runtime::Runtime> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all();
        #[cfg(any(test, feature = "test-clock"))]
        builder.start_paused(self.paused);
        builder.build()
    }

    /// What shows that each thread turns, and turns its wheel of deadlines.
    fn pulses(&self) -> SupervisorSpec {
        let flags = Flags::new(Strategy::OneForOne).on_spent(crate::spec::OnSpent::ParkChild);
        (0..self.workers).map(Placement::Worker).chain([Placement::Control]).fold(
            SupervisorSpec::new(PULSES, flags),
            |workers, placement| {
                let pulse = ChildSpec::leaf(placement.id(), Pulse::default)
                    .shutdown(Shutdown::Grace(crate::pulse::GRACE));
                workers.child(pulse.on(placement))
            },
        )
    }

    fn start_workers(&self, runtime: &Runtime) -> Result<Vec<Arbiter>, StartError> {
        let mut arbiters = Vec::with_capacity(self.workers);
        for worker in runtime.inner.workers.iter().skip(1) {
            let index = worker.placement.worker().unwrap_or(0);
            let arbiter =
                Arbiter::try_new().map_err(|error| StartError::Thread { worker: index, error })?;
            let entering = Arc::clone(worker);
            let handle = arbiter.handle();
            // Kept here as well, so that children can be sent there before the thread has entered.
            *worker.arbiter.lock() = Some(handle.clone());
            let name = format!("{}-w{index}", self.name);
            arbiter.spawn_fn(move || entering.enter(&name, handle));
            arbiters.push(arbiter);
        }
        Ok(arbiters)
    }
}

/// Drives the root until its end.
async fn supervise(runtime: &Runtime, init: &Arc<SupervisorCell>) -> Ended {
    // First of all: a request to stop may be waiting already.
    init.enter(false);
    let driver = Arc::clone(init).drive(|| {});
    tokio::pin!(driver);
    let outcome = tokio::select! {
        // In this order, so that the child that is to blame is named also where the root has
        // nothing left to stop.
        biased;
        () = runtime.inner.gave_up.notified() => {
            // Orderly if it can be had in time; whatever is late ends with the process.
            let _ = tokio::time::timeout(LAST_GRACE, driver).await;
            let child = runtime.inner.culprit.lock().clone();
            return Ended::Escalated { child };
        }
        outcome = &mut driver => outcome,
        () = runtime.inner.stop.notified() => {
            init.shutdown();
            driver.await
        }
    };
    match outcome {
        Outcome::Shutdown => Ended::Shutdown,
        Outcome::Spent { child, .. } => Ended::Escalated { child: child.to_string() },
    }
}

/// How long the workers' threads have, together, to leave their event loops.
const JOIN: Duration = Duration::from_millis(300);

/// Waits for the workers' threads, but for none that is lost.
async fn join(runtime: &Runtime, arbiters: Vec<Arbiter>) {
    let end = Instant::now() + JOIN;
    for (worker, arbiter) in runtime.all_workers().iter().skip(1).zip(arbiters) {
        // An arbiter answers `alive` with no once its thread has left the event loop.
        while arbiter.handle().alive()
            && !worker.stuck.load(Ordering::Relaxed)
            && Instant::now() < end
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if !arbiter.handle().alive() {
            // It drops what is left on it; a panic in that has been contained.
            let _ = arbiter.join();
        }
    }
}

struct Inner {
    /// The control thread, then the workers.
    workers: Box<[Arc<Worker>]>,
    registry: Registry,
    events: Events,
    stop: Notify,
    stopping: AtomicBool,
    gave_up: Notify,
    /// The child because of which the root gave up.
    culprit: Mutex<String>,
    watched: bool,
    /// Changes whenever a thread gets stuck or turns again.
    health: watch::Sender<()>,
    started: Instant,
}

/// A handle on the running runtime; cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

impl Runtime {
    /// How to lay one out.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn new(workers: usize, watched: bool) -> Self {
        let placements =
            std::iter::once(Placement::Control).chain((0..workers).map(Placement::Worker));
        Self {
            inner: Arc::new(Inner {
                workers: placements.map(Worker::new).collect(),
                registry: Registry::new(workers),
                events: Events::new(),
                stop: Notify::new(),
                stopping: AtomicBool::new(false),
                gave_up: Notify::new(),
                culprit: Mutex::new(String::new()),
                watched,
                health: watch::Sender::new(()),
                started: Instant::now(),
            }),
        }
    }

    /// The live tree.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// What happens in the tree.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.inner.events
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.inner.workers.len() - 1
    }

    /// Whether a thread has not turned for longer than the watchdog allows.
    #[must_use]
    pub fn is_stuck(&self, placement: Placement) -> bool {
        self.worker(placement).stuck.load(Ordering::Relaxed)
    }

    /// How late the beats of each thread were, the control thread first.
    pub fn loop_delays(&self) -> impl Iterator<Item = (Placement, DelayCounts)> + '_ {
        self.inner.workers.iter().map(|worker| (worker.placement, worker.delays.counts()))
    }

    /// Wakes its holder whenever [`Self::is_stuck`] has changed for some thread.
    #[must_use]
    pub fn watch_threads(&self) -> watch::Receiver<()> {
        self.inner.health.subscribe()
    }

    pub(crate) fn health_changed(&self) {
        // Nobody may be watching.
        self.inner.health.send_replace(());
    }

    /// Stops the whole tree in reverse start order, once; the runtime ends when it is down.
    pub fn stop(&self) {
        if !self.inner.stopping.swap(true, Ordering::Relaxed) {
            self.inner.stop.notify_one();
        }
    }

    /// Whether [`Self::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn control(&self) -> &Arc<Worker> {
        &self.inner.workers[0]
    }

    pub(crate) fn all_workers(&self) -> &[Arc<Worker>] {
        &self.inner.workers
    }

    pub(crate) fn worker(&self, placement: Placement) -> Arc<Worker> {
        let workers = &self.inner.workers;
        Arc::clone(&workers[placement.shard().min(workers.len() - 1)])
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.inner.watched
    }

    pub(crate) fn root_gave_up(&self, child: &ChildId) {
        *self.inner.culprit.lock() = child.to_string();
        self.inner.gave_up.notify_one();
    }

    pub(crate) fn age(&self) -> Duration {
        self.inner.started.elapsed()
    }

    pub(crate) fn check_placement(&self, node: &Node) -> Result<(), SpecError> {
        match node.placement() {
            Placement::Worker(worker) if worker >= self.workers() => Err(SpecError::NoSuchWorker {
                of: node.id.clone(),
                worker,
                workers: self.workers(),
            }),
            Placement::Worker(_) | Placement::Control => Ok(()),
        }
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runtime({} workers, {} children)", self.workers(), self.registry().len())
    }
}
