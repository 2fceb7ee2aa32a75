//! The newest traces, for whoever asks the server itself.

mod order;
mod weight;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, Status, TraceId};
use opentelemetry_sdk::trace::SpanData;
use parking_lot::Mutex;
use serde::Serialize;

/// Spans of one trace; what comes after them is only counted. More belong into a collector.
const MOST_SPANS_OF_ONE: usize = 1024;

/// Bytes of one trace, about.
const MOST_BYTES_OF_ONE: usize = 1 << 20;

/// Bytes of all traces, about: no traffic may make this a memory leak.
const MOST_BYTES: usize = 16 << 20;

/// The newest traces. A trace is as new as the first of its spans that came here; spans that come
/// later join it, while it is still here.
#[derive(Debug)]
pub struct Memory {
    keep: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    traces: HashMap<TraceId, Kept>,
    /// Oldest first.
    order: VecDeque<TraceId>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    spans: Vec<SpanData>,
    bytes: usize,
    /// There was no more room for so many.
    beyond: usize,
}

/// A trace in a list. Serialises as the admin API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceSummary {
    /// Its id.
    #[serde(serialize_with = "hex")]
    pub trace_id: TraceId,
    /// The name of its first span, or of the one nearest to that which is here.
    pub name: String,
    /// The start of its earliest span, in microseconds since 1970.
    pub start_unix_us: u64,
    /// From there to the end of its latest span, in microseconds.
    pub duration_us: u64,
    /// Whether the span that gives the name has failed.
    pub error: bool,
    /// How many spans have come, of which at most 1024 are kept.
    pub spans: usize,
}

impl Memory {
    /// Keeps as many traces.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self { keep, inside: Mutex::default() }
    }

    /// Adds spans, those of one trace best one after the other.
    pub fn keep(&self, spans: impl IntoIterator<Item = SpanData>) {
        let mut spans = spans.into_iter().peekable();
        let mut inside = self.inside.lock();
        let inside = &mut *inside;
        while let Some(first) = spans.next() {
            let id = first.span_context.trace_id();
            let kept = inside.traces.entry(id).or_insert_with(|| {
                inside.order.push_back(id);
                Kept::default()
            });
            let before = kept.bytes;
            kept.add(first);
            while let Some(next) = spans.next_if(|span| span.span_context.trace_id() == id) {
                kept.add(next);
            }
            inside.bytes += kept.bytes - before;
            inside.forget(self.keep);
        }
    }

    /// The newest traces, at most `limit`, newest first.
    #[must_use]
    pub fn newest(&self, limit: usize) -> Vec<TraceSummary> {
        let inside = self.inside.lock();
        let newest = inside.order.iter().rev().take(limit);
        newest.filter_map(|id| Some(inside.traces.get(id)?.summary(*id))).collect()
    }

    /// The spans of a trace, parents before children and siblings by their start; none if it is not
    /// here (any more).
    #[must_use]
    pub fn trace(&self, id: TraceId) -> Option<Vec<SpanData>> {
        let spans = self.inside.lock().traces.get(&id)?.spans.clone();
        Some(order::parents_first(spans))
    }
}

impl Inside {
    /// Drops the oldest until what is left may stay.
    fn forget(&mut self, keep: usize) {
        while self.order.len() > keep || self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(forgotten) = self.traces.remove(&oldest) {
                self.bytes -= forgotten.bytes;
            }
        }
    }
}

impl Kept {
    fn add(&mut self, span: SpanData) {
        let bytes = weight::of(&span);
        if self.spans.len() < MOST_SPANS_OF_ONE && self.bytes + bytes <= MOST_BYTES_OF_ONE {
            self.bytes += bytes;
            self.spans.push(span);
        } else {
            self.beyond += 1;
        }
    }

    fn summary(&self, trace_id: TraceId) -> TraceSummary {
        let start = self.spans.iter().map(|span| span.start_time).min().unwrap_or(UNIX_EPOCH);
        let end = self.spans.iter().map(|span| span.end_time).max().unwrap_or(start);
        let begun_here =
            |span: &&SpanData| span.parent_span_is_remote || span.parent_span_id == SpanId::INVALID;
        let first = self.spans.iter().filter(begun_here).min_by_key(|span| span.start_time);
        let named = first.or_else(|| self.spans.iter().min_by_key(|span| span.start_time));
        TraceSummary {
            trace_id,
            name: named.map(|span| span.name.clone().into_owned()).unwrap_or_default(),
            start_unix_us: micros(start.duration_since(UNIX_EPOCH).unwrap_or_default()),
            duration_us: micros(end.duration_since(start).unwrap_or_default()),
            error: named.is_some_and(|span| matches!(span.status, Status::Error { .. })),
            spans: self.spans.len() + self.beyond,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn hex<S: serde::Serializer>(id: &TraceId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

#[cfg(test)]
mod tests;
