//! The actor that every thread has: it shows that the thread turns, and turns its deadlines.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use crate::actor::Actor;
use crate::context::Context;
use crate::deadline::Driver;
use crate::exit::Failure;
use crate::registry::Detail;
use crate::worker::Worker;

/// How often a thread shows that it turns.
pub(crate) const BEAT: Duration = Duration::from_millis(100);

/// How long a thread's pulse has to stop, at the very end: one that needs longer is blocked, and
/// the process does not wait for it.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// One per thread.
#[derive(Default)]
pub(crate) struct Pulse {
    beat: Option<crate::context::Timer>,
    worker: Option<Arc<Worker>>,
}

impl Drop for Pulse {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            // Silent from here on, but not blocked.
            worker.beat.store(0, Ordering::Relaxed);
        }
    }
}

struct Load {
    worker: Arc<Worker>,
}

impl Detail for Load {
    fn detail(&self) -> serde_json::Value {
        json!({
            "stuck": self.worker.stuck.load(Ordering::Relaxed),
            "loop_delay_us": self.worker.delay.load(Ordering::Relaxed) / 1_000,
        })
    }
}

impl Actor for Pulse {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let mut driver = Driver::new();
        cx.pipe(poll_fn(move |task| driver.poll(task)), |_, (), _| {});
        let (Some(runtime), Some(worker)) = (cx.runtime().cloned(), Worker::current()) else {
            return Err(Failure::new("a pulse beats on a thread of the runtime only"));
        };
        *worker.pulse.lock() = Some(Arc::clone(cx.node()));
        cx.show(Arc::new(Load { worker: Arc::clone(&worker) }));
        if runtime.is_watched() {
            self.worker = Some(Arc::clone(&worker));
            worker.beat(runtime.age());
            self.beat = Some(cx.every(BEAT, move |_, _| worker.beat(runtime.age())));
        }
        Ok(())
    }
}
