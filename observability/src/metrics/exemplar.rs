//! One observation of a bucket by which a trace is found.

use std::fmt;
use std::time::{Duration, SystemTime};

pub use opentelemetry::trace::TraceId;
use parking_lot::Mutex;

use super::histogram::BUCKETS;

/// One observation, and the trace that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemplar {
    /// The trace.
    pub trace: TraceId,
    /// What was observed.
    pub value: Duration,
    /// When.
    pub at: SystemTime,
}

impl fmt::Display for Exemplar {
    /// As it stands behind a sample: OpenMetrics 1.0, "Exemplars".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (value, at) = (self.value.as_secs_f64(), at.as_secs_f64());
        write!(f, "# {{trace_id=\"{}\"}} {value} {at:.3}", self.trace)
    }
}

/// The newest exemplar of each bucket. Only sampled requests write here.
#[derive(Debug, Default)]
pub(super) struct Exemplars {
    newest: [Mutex<Option<Exemplar>>; BUCKETS],
}

impl Exemplars {
    pub(super) fn keep(&self, bucket: usize, exemplar: Exemplar) {
        // Where another is just being kept, that one is as good.
        if let Some(mut newest) = self.newest[bucket].try_lock() {
            *newest = Some(exemplar);
        }
    }

    pub(super) fn newest(&self) -> [Option<Exemplar>; BUCKETS] {
        std::array::from_fn(|bucket| *self.newest[bucket].lock())
    }
}
