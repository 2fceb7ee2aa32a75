//! The end of what may go on for long after its trace was told.

use std::sync::Arc;

use tokio::time::Instant;
use trunkline_observability::trace::{Clocks, Draft, Ended, SpanData, Tracer};
use trunkline_runtime::crash;
use trunkline_runtime::trace::TraceContext;

use super::{Place, place};
use crate::backend::Backend;
use crate::closed::Moved;

/// What the end of a long connection will tell. It is a trace of its own, with a link to the one in
/// which it was opened: nobody waits hours for the rest of a trace.
#[derive(Debug)]
pub(crate) struct Close {
    /// The span in which it was opened.
    pub(crate) of: TraceContext,
    /// When bytes could flow.
    pub(crate) began: Instant,
    pub(crate) listener: Arc<str>,
    pub(crate) connection: u64,
    pub(crate) worker: usize,
    pub(crate) pool: Option<Arc<str>>,
    pub(crate) backend: Option<Arc<Backend>>,
}

/// The same, once it has ended.
#[derive(Debug)]
struct Finished {
    close: Close,
    context: TraceContext,
    clocks: Clocks,
    ended: Instant,
    code: &'static str,
    moved: Moved,
    crash: Option<Box<str>>,
}

impl Close {
    /// It has ended so.
    pub(crate) fn finish(self, code: &'static str, crashed: bool, moved: Moved, now: Instant) {
        let Some(tracer) = Tracer::of_process() else { return };
        if !tracer.wants(&self.of, crashed) {
            return;
        }
        let mut origin = tracer.begin(None, false).context;
        // It was decided when it was opened.
        origin.sampled = self.of.sampled;
        let panic = crash().map(|panic| format!("panicked: {panic}"));
        tracer.spans().finish(Box::new(Finished {
            context: origin,
            clocks: Clocks::now(),
            ended: now,
            code,
            moved,
            crash: crashed.then(|| panic.unwrap_or_else(|| code.to_owned()).into()),
            close: self,
        }));
    }
}

impl Ended for Finished {
    fn spans(&self) -> usize {
        1
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        let Close { of, began, listener, connection, worker, pool, backend } = &self.close;
        let times = self.clocks.between(began.into_std(), self.ended.into_std());
        let mut close = Draft::new(&self.context, None, "close", times, 10);
        place(&mut close, &Place::connection(listener, *worker, *connection), Some(*worker));
        close.name("trunkline.listener", listener);
        if let Some(pool) = pool {
            close.name("trunkline.pool", pool);
        }
        if let Some(backend) = backend {
            close.text("trunkline.backend", backend.name());
        }
        close.number("trunkline.bytes_in", self.moved.from_client);
        close.number("trunkline.bytes_out", self.moved.to_client);
        close.word("trunkline.code", self.code);
        if let Some(crash) = &self.crash {
            close.word("error.type", self.code);
            close.error(String::from(&**crash));
        }
        close.link(of);
        out.push(close.done());
    }
}
