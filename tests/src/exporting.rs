//! An exporter of spans in a tree of its own, and what is handed to it.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use tokio::sync::broadcast::Receiver;
use trunkline_observability::trace::{
    Counts, Draft, Ended, Export, Exporter, SpanData, SpanId, TraceId, new_span,
};
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{
    Ended as RuntimeEnded, Event, Flags, Lifecycle, Runtime, StartError, Strategy,
};

/// How many spans a request like [`Made`] has.
pub const SPANS: usize = 6;

/// Runs `body` beside an exporter that has started, then has that stop as the server's does, and says
/// what became of all spans.
///
/// # Errors
/// If the exporter cannot be made, or the tree ends otherwise than by being stopped.
pub fn beside<T: Send>(
    export: Export,
    body: impl FnOnce(&Exporter) -> T + Send,
) -> Result<(T, Counts)> {
    let exporter = Exporter::new(export)?;
    let (give, given) = mpsc::channel::<(Runtime, Receiver<Event>)>();
    let result = thread::scope(|scope| {
        let exporter = &exporter;
        let body = scope.spawn(move || {
            let (runtime, events) = given.recv().context("the tree did not start")?;
            let _stop = Stop(runtime);
            // One that is stopped before that exports nothing.
            wait_for_start(events)?;
            Ok::<_, anyhow::Error>(body(exporter))
        });
        let builder = Runtime::builder().workers(0).watchdog(None);
        let ended = builder.run("server", Flags::new(Strategy::OneForOne), |runtime, root| {
            let _ = give.send((runtime.clone(), runtime.events().subscribe()));
            Ok::<_, StartError>(root.child(exporter.spec()))
        });
        drop(give);
        ensure!(ended? == RuntimeEnded::Shutdown, "the exporter gave up");
        match body.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    Ok((result, exporter.counts()))
}

fn wait_for_start(mut events: Receiver<Event>) -> Result<()> {
    loop {
        let event = events.blocking_recv().context("the exporter did not start")?;
        if event.node.path() == "server/spans" && matches!(event.what, Lifecycle::Started) {
            return Ok(());
        }
    }
}

/// Stops the tree, also where the body panics.
struct Stop(Runtime);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The record of a request like those of a proxy: it becomes six spans of four attributes each.
pub struct Made {
    trace: TraceId,
    first: SpanId,
    begun: SystemTime,
    pool: Arc<str>,
    path: String,
}

impl Made {
    /// The request with this number; its trace has it as its id.
    #[must_use]
    pub fn new(number: u64, pool: &Arc<str>) -> Self {
        Self {
            trace: TraceId::from_bytes(u128::from(number + 1).to_be_bytes()),
            first: new_span(),
            begun: SystemTime::now(),
            pool: Arc::clone(pool),
            path: "/index.html".to_owned(),
        }
    }
}

impl Ended for Made {
    fn spans(&self) -> usize {
        SPANS
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        let context = |span| TraceContext { trace: self.trace, span, sampled: true };
        let ends = (self.begun, self.begun + Duration::from_micros(120));
        let mut root = Draft::new(&context(self.first), None, "GET", ends, 4);
        root.word("http.request.method", "GET");
        root.text("url.path", self.path);
        root.number("http.response.status_code", 200);
        root.name("trunkline.pool", &self.pool);
        out.push(root.done());
        for name in ["route", "lease", "connect", "request", "response"] {
            let mut part = Draft::new(&context(new_span()), Some(self.first), name, ends, 4);
            part.word("trunkline.outcome", "ok");
            part.name("trunkline.pool", &self.pool);
            part.name("trunkline.actor", &self.pool);
            part.number("trunkline.bytes", 1234);
            out.push(part.done());
        }
    }
}
