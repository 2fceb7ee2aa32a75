//! `spans`: owns the thread that exports spans.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use serde_json::json;
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use trunkline_runtime::{
    Actor, ChildSpec, Context, Detail, Failure, Leaf, Shutdown, Stopping, contain, is_crash,
};

use super::collector::{Collector, CollectorError, OtlpExporter};
use super::counts::Counts;
use super::file::TraceFile;
use super::memory::Memory;
use super::queue::Queue;
use super::sender::Sender;
use super::spans::Spans;
use super::work::{Builder, FLUSH, Order, Work};

/// For the thread to end, and the news of it to arrive, after all was flushed.
const GRACE: Duration = FLUSH.saturating_add(Duration::from_secs(1));

/// Where spans are to go.
#[derive(Debug, Clone)]
pub struct Export {
    /// How many spans may wait.
    pub queue: usize,
    /// How many traces are kept in memory.
    pub keep: usize,
    /// The file to which they are written.
    pub trace_file: Option<PathBuf>,
    /// To whom they are sent.
    pub collector: Option<Collector>,
    /// Who they are from.
    pub resource: Resource,
}

/// Takes spans and exports them, while the child of [`Self::spec`] runs. Cheap to clone.
///
/// Queue, memory and counts are here, and so outlive each incarnation of that child: until it runs,
/// and while it is being restarted, spans wait.
#[derive(Clone)]
pub struct Exporter {
    shared: Arc<Shared>,
}

struct Shared {
    export: Export,
    queue: Arc<Queue>,
    memory: Option<Arc<Memory>>,
}

impl Exporter {
    /// An exporter whose child is yet to be started.
    ///
    /// # Errors
    /// If the collector can never be spoken to: see [`Collector::check`].
    pub fn new(export: Export) -> Result<Self, CollectorError> {
        export.collector.as_ref().map_or(Ok(()), Collector::check)?;
        let queue = Arc::new(Queue::new(export.queue));
        let memory = (export.keep > 0).then(|| Arc::new(Memory::new(export.keep)));
        Ok(Self { shared: Arc::new(Shared { export, queue, memory }) })
    }

    /// Where to hand in what has ended.
    #[must_use]
    pub fn spans(&self) -> Spans {
        Spans::to(Arc::clone(&self.shared.queue))
    }

    /// The newest traces, if any are kept.
    #[must_use]
    pub fn memory(&self) -> Option<&Arc<Memory>> {
        self.shared.memory.as_ref()
    }

    /// What has become of all spans.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.queue.counts()
    }

    /// Tells [`Self::counts`] wherever it is asked.
    pub fn watch_counts(&self) -> impl Fn() -> Counts + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.queue.counts()
    }

    pub(super) fn resource(&self) -> &Resource {
        &self.shared.export.resource
    }

    /// The child `spans`, on the control thread. It stops after all that makes spans: what waits
    /// then is exported, for at most five seconds.
    #[must_use]
    pub fn spec(&self) -> ChildSpec {
        self.leaf().into()
    }

    fn leaf(&self) -> Leaf<SpansActor> {
        let owner = Owner(Arc::clone(&self.shared));
        ChildSpec::leaf("spans", move || owner.incarnation()).shutdown(Shutdown::Grace(GRACE))
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("export", &self.shared.export)
            .field("counts", &self.counts())
            .finish()
    }
}

impl Detail for Shared {
    fn detail(&self) -> serde_json::Value {
        let export = &self.export;
        json!({
            "counts": self.queue.counts(),
            "queue": export.queue,
            "keep": export.keep,
            "file": export.trace_file,
            "collector": export.collector.as_ref().map(|collector| &collector.endpoint),
        })
    }
}

/// Lives as long as the child may be restarted.
struct Owner(Arc<Shared>);

impl Owner {
    fn incarnation(&self) -> SpansActor {
        SpansActor { shared: Arc::clone(&self.0), orders: None }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // No incarnation follows that would export anything, not even if the last one crashed.
        self.0.queue.close();
    }
}

/// One tenure over the thread.
struct SpansActor {
    shared: Arc<Shared>,
    /// Dropped, it is the order to end at once.
    orders: Option<watch::Sender<Order>>,
}

impl Actor for SpansActor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::clone(&self.shared) as _);
        let (orders, ordered) = watch::channel(Order::Work);
        let (end, ended) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let work = move || {
            let _ = end.send(shared.work(ordered));
        };
        thread::Builder::new().name("trunkline-spans".to_owned()).spawn(work)?;
        self.shared.queue.open();
        self.orders = Some(orders);
        cx.pipe(ended, |_, ended, cx| match ended {
            Ok(Ok(())) => cx.stop(),
            Ok(Err(failure)) => cx.fail(failure),
            Err(_) => cx.fail(Failure::new("the thread of spans ended without a word")),
        });
        Ok(())
    }

    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        match &self.orders {
            Some(orders) => {
                orders.send_replace(Order::Flush);
                Stopping::Wait
            }
            None => Stopping::Done,
        }
    }
}

impl Drop for SpansActor {
    fn drop(&mut self) {
        if !is_crash() {
            self.shared.queue.close();
        }
    }
}

impl Shared {
    /// What the thread does. The tasks of the library that sends spans run here as well, and end
    /// with it.
    fn work(&self, orders: watch::Receiver<Order>) -> Result<(), Failure> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let ended = contain(|| {
            runtime.block_on(async {
                let sender = self.sender()?;
                let work = Work {
                    queue: Arc::clone(&self.queue),
                    memory: self.memory.clone(),
                    file: self.file(),
                    sender,
                    builder: Builder::default(),
                };
                work.run(orders).await;
                Ok(())
            })
        });
        // A look-up of a name may be under way, which nobody waits for.
        runtime.shutdown_background();
        ended.unwrap_or_else(|panic| {
            Err(Failure::new(format!("the thread of spans panicked: {panic}")))
        })
    }

    fn sender(&self) -> Result<Option<Sender<OtlpExporter>>, CollectorError> {
        let Some(collector) = &self.export.collector else { return Ok(None) };
        let exporter = collector.exporter(&self.export.resource)?;
        // Half of the queue, so that a collector that is down leaves the other half to others.
        Ok(Some(Sender::new(exporter, collector.timeout, self.export.queue / 2)))
    }

    fn file(&self) -> Option<TraceFile> {
        let path = self.export.trace_file.as_deref()?;
        Some(TraceFile::new(path, &self.export.resource))
    }
}

#[cfg(test)]
mod tests;
