//! `control/observability/restarts`: the spans of crashes and of restarts.
//!
//! | span | from | to | hangs under |
//! |---|---|---|---|
//! | `crash` | the panic | the same | the work that it ended, where that is not a connection's own |
//! | `restart` | the end of an incarnation | the start of the next | nothing; it links to the work |

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{
    Actor, ChildSpec, Context, Event, ExitReason, Failure, LastExit, Lifecycle, Node,
};

use super::{Draft, Ended, SpanData, Tracer};

/// Writes down what fails, and how it comes back.
#[derive(Debug, Default)]
struct Restarts;

/// The child that does it.
#[must_use]
pub fn spec() -> ChildSpec {
    ChildSpec::leaf("restarts", Restarts::default).into()
}

impl Actor for Restarts {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some(runtime) = cx.runtime() else { return Ok(()) };
        let events = runtime.events().subscribe_to_notable();
        let events = stream::unfold(events, |mut events| async move {
            loop {
                match events.recv().await {
                    Ok(event) => return Some((event, events)),
                    // The spans of those are missing; that is all.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        cx.follow(events, |_, event, _| heed(&event), |_, cx| cx.stop());
        Ok(())
    }
}

fn heed(event: &Event) {
    let Some(tracer) = Tracer::of_process() else { return };
    let Event { at, node, generation, what, .. } = event;
    let (name, context, reason, began) = match what {
        Lifecycle::Exited(reason) => {
            let Some(work) = reason.trace() else { return };
            // Its own span says how it ended.
            if node.path().contains("/connections/") {
                return;
            }
            (Name::Crash, tracer.follow(work).context, reason.clone(), *at)
        }
        Lifecycle::Started => {
            let Some(LastExit { reason, at: ended, .. }) = node.last_exit() else { return };
            if !reason.is_abnormal() {
                return;
            }
            (Name::Restart, tracer.begin(None, false).context, reason, ended)
        }
        Lifecycle::Restarting { .. }
        | Lifecycle::Parked { .. }
        | Lifecycle::Escalated { .. }
        | Lifecycle::Removed
        | Lifecycle::Suspended
        | Lifecycle::Resumed
        | Lifecycle::Abandoned
        | Lifecycle::WorkerStuck { .. }
        | Lifecycle::WorkerBack { .. } => return,
    };
    let work = reason.trace();
    // Rare, and what everybody looks for: whether it was sampled or not.
    if work.is_some_and(|work| work.sampled) || tracer.wants(&context, true) {
        let (node, generation) = (Arc::clone(node), *generation);
        let times = (began, *at);
        let mishap = Mishap { name, context, node, generation, reason, work, times };
        tracer.spans().finish(Box::new(mishap));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Crash,
    Restart,
}

/// A crash, or a restart after it.
struct Mishap {
    name: Name,
    context: TraceContext,
    node: Arc<Node>,
    generation: u32,
    reason: ExitReason,
    /// What has crashed, where that is known.
    work: Option<TraceContext>,
    times: (SystemTime, SystemTime),
}

impl Ended for Mishap {
    fn spans(&self) -> usize {
        1
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        let (name, parent) = match self.name {
            Name::Crash => ("crash", self.work.map(|work| work.span)),
            Name::Restart => ("restart", None),
        };
        let mut span = Draft::new(&self.context, parent, name, self.times, 6);
        span.text("trunkline.actor.path", self.node.path());
        span.number("trunkline.actor.generation", self.generation);
        if let Some(worker) = self.node.worker() {
            span.number("trunkline.worker", worker as u64);
        }
        span.word("trunkline.exit", self.reason.kind());
        match self.name {
            Name::Crash => {
                span.word("error.type", self.reason.kind());
                span.error(self.reason.to_string());
            }
            Name::Restart => {
                span.text("trunkline.exit.reason", self.reason.to_string());
                if let Some(work) = &self.work {
                    span.link(work);
                }
            }
        }
        out.push(span.done());
    }
}
