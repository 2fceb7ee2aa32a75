//! Where traces begin.

use std::sync::OnceLock;
use std::time::Instant;

use opentelemetry::trace::{SpanId, TraceId};
use trunkline_runtime::trace::TraceContext;

use super::Spans;
use super::sampling::{Sampler, Sampling};

static OF_PROCESS: OnceLock<Tracer> = OnceLock::new();

/// Begins traces, and takes their spans when they have ended. A process has one, so that a
/// connection need not carry it: there may be very many of them.
#[derive(Debug)]
pub struct Tracer {
    sampler: Sampler,
    spans: Spans,
    started: Instant,
}

/// A span whose end is not known yet, as the request or the message that it is about remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The span.
    pub context: TraceContext,
    /// Whose part it is, where that is known.
    pub parent: Option<TraceContext>,
    /// What a stranger says it is a part of.
    pub link: Option<TraceContext>,
}

impl Tracer {
    /// One whose spans go to `spans`.
    #[must_use]
    pub fn new(sampling: Sampling, spans: Spans) -> Self {
        Self { sampler: Sampler::new(sampling), spans, started: Instant::now() }
    }

    /// That of the process; none while nobody wants traces.
    #[must_use]
    pub fn of_process() -> Option<&'static Self> {
        OF_PROCESS.get()
    }

    /// Makes it that of the process, before anything is traced. There is one: later calls change
    /// nothing.
    pub fn become_that_of_the_process(self) {
        let _ = OF_PROCESS.set(self);
    }

    /// Begins something that comes from outside: as a part of `asked` where that is to be `trusted`,
    /// else as a trace of its own with a link to it.
    #[must_use]
    pub fn begin(&self, asked: Option<TraceContext>, trusted: bool) -> Origin {
        match asked {
            Some(parent) if trusted => {
                let sampled = self.sampler.follows(&parent, || self.started.elapsed().as_secs());
                let context = TraceContext { trace: parent.trace, span: new_span(), sampled };
                Origin { context, parent: Some(parent), link: None }
            }
            link => {
                let trace = TraceId::from(fastrand::u128(..).max(1));
                let sampled = self.sampler.begins(trace);
                Origin {
                    context: TraceContext { trace, span: new_span(), sampled },
                    parent: None,
                    link,
                }
            }
        }
    }

    /// Begins a part of `parent`.
    #[must_use]
    pub fn follow(&self, parent: TraceContext) -> Origin {
        let context = TraceContext { span: new_span(), ..parent };
        Origin { context, parent: Some(parent), link: None }
    }

    /// Whether spans of `context` are wanted at its end.
    #[must_use]
    pub fn wants(&self, context: &TraceContext, failed: bool) -> bool {
        context.sampled || failed && self.sampler.errors
    }

    /// Whether failures are wanted though they are not sampled.
    #[must_use]
    pub fn wants_errors(&self) -> bool {
        self.sampler.errors
    }

    /// Where spans go.
    #[must_use]
    pub fn spans(&self) -> &Spans {
        &self.spans
    }
}

/// A new id of a span.
#[must_use]
#[inline]
pub fn new_span() -> SpanId {
    // None is zero; to draw from 1 on would cost a multiplication and more.
    SpanId::from(fastrand::u64(..).max(1))
}
