//! The watchdog: a plain thread that sees when a worker, or the control thread, turns no more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::{error, info};

use crate::event::Lifecycle;
use crate::panics::guarded;
use crate::registry::Node;
use crate::registry::node::Desired;
use crate::runtime::Runtime;
use crate::worker::{Placement, Worker};

/// When a thread counts as stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watchdog {
    /// How often it looks.
    pub period: Duration,
    /// How long a thread may show no life. Threads beat every 100 ms.
    pub limit: Duration,
}

impl Default for Watchdog {
    /// A look every 100 ms and a limit of half a second: a stuck worker is reported within 0.7 s.
    fn default() -> Self {
        Self { period: Duration::from_millis(100), limit: Duration::from_millis(500) }
    }
}

/// How long a thread may be silent before children that are to stop there are waited for no more.
/// Longer than the limit for being stuck: a hiccup must not cost the connections that drain there.
pub(crate) const LOST: Duration = Duration::from_secs(3);

/// Ends the watchdog when it is dropped.
pub(crate) struct Guard {
    thread: Option<JoinHandle<()>>,
    end: Arc<()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end = Arc::new(());
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It looks at the mark at least once a period.
            let _ = thread.join();
        }
    }
}

/// Starts the thread.
pub(crate) fn start(watchdog: Watchdog, runtime: &Runtime) -> Guard {
    let end = Arc::new(());
    let alive = Arc::downgrade(&end);
    let runtime = runtime.clone();
    let look = move || {
        while alive.strong_count() > 0 {
            for worker in runtime.all_workers() {
                // It must go on watching whatever a look runs into.
                if let Err(panic) = guarded(|| inspect(watchdog, &runtime, worker)) {
                    error!(%panic, "the watchdog panicked over a worker");
                }
            }
            std::thread::park_timeout(watchdog.period);
        }
    };
    match std::thread::Builder::new().name("trunkline-watch".to_owned()).spawn(look) {
        Ok(thread) => Guard { thread: Some(thread), end },
        Err(error) => {
            error!(%error, "there is no watchdog: the system gives it no thread");
            Guard { thread: None, end }
        }
    }
}

fn inspect(watchdog: Watchdog, runtime: &Runtime, worker: &Arc<Worker>) {
    let beat = worker.beat.load(Ordering::Relaxed);
    let since = match beat {
        // It has no pulse yet, or none any more.
        0 => Duration::ZERO,
        beat => runtime.age().saturating_sub(Duration::from_nanos(beat)),
    };
    let was = worker.stuck.load(Ordering::Relaxed);
    if since > watchdog.limit {
        if !was {
            worker.stuck.store(true, Ordering::Relaxed);
            runtime.health_changed();
            let culprit = culprit(runtime, worker);
            let silent_ms = since.as_millis() as u64;
            let worker_id = worker.placement.id();
            match &culprit {
                Some(node) => error!(
                    worker = %worker_id,
                    actor = node.path(),
                    silent_ms,
                    "a worker does not answer: this actor holds it"
                ),
                None => error!(
                    worker = %worker_id,
                    silent_ms,
                    "a worker does not answer, and no actor holds it: does the machine have \
                     processor time to give?"
                ),
            }
            if let Some(node) = culprit.or_else(|| worker.pulse.lock().clone()) {
                let what = Lifecycle::WorkerStuck { worker: worker.placement.worker(), since };
                runtime.events().emit(&node, node.generation(), what);
            }
        }
        if since > LOST && worker.placement != Placement::Control {
            give_up_on(runtime, worker);
        }
    } else if was {
        worker.stuck.store(false, Ordering::Relaxed);
        runtime.health_changed();
        info!(worker = %worker.placement.id(), "the worker answers again");
        if let Some(node) = worker.pulse.lock().clone() {
            let what = Lifecycle::WorkerBack { worker: worker.placement.worker() };
            runtime.events().emit(&node, node.generation(), what);
        }
    }
}

/// The child that the thread is inside of.
fn culprit(runtime: &Runtime, worker: &Worker) -> Option<Arc<Node>> {
    worker.running().and_then(|slot| runtime.registry().get(worker.placement, slot))
}

/// Lets those go on that wait for a child on this thread to stop.
fn give_up_on(runtime: &Runtime, worker: &Worker) {
    for node in runtime.registry().on(worker.placement) {
        let waited_for = match node.desired() {
            Desired::Stop(_) | Desired::RunToStop(_) => true,
            Desired::Nothing | Desired::Run(_) | Desired::Kill(_) | Desired::Gone => false,
        };
        if waited_for && let Some(place) = node.place.get() {
            place.supervisor.worker_lost(place.key);
        }
    }
}
