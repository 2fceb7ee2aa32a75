//! Spans for tests.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;
use trunkline_runtime::trace::TraceContext;

use super::draft::Draft;
use super::spans::Ended;

/// A span of trace `trace` that starts `start` milliseconds after 1970 and takes ten; `parent` 0 is
/// none.
pub(crate) fn span(trace: u128, span: u64, parent: u64, start: u64) -> SpanData {
    let context = TraceContext {
        trace: TraceId::from_bytes(trace.to_be_bytes()),
        span: SpanId::from_bytes(span.to_be_bytes()),
        sampled: true,
    };
    let parent = (parent > 0).then(|| SpanId::from_bytes(parent.to_be_bytes()));
    let start = SystemTime::UNIX_EPOCH + Duration::from_millis(start);
    let ends = (start, start + Duration::from_millis(10));
    let mut draft = Draft::new(&context, parent, format!("span {span}"), ends, 2);
    draft.number("number", span);
    draft.text("text", "a \"text\" with\na line feed");
    draft.done()
}

/// Ends as so many spans of one trace.
pub(crate) struct Many(pub(crate) usize);

impl Ended for Many {
    fn spans(&self) -> usize {
        self.0
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        let trace = fastrand::u128(1..);
        out.extend((1..=self.0 as u64).map(|number| span(trace, number, number / 2, number)));
    }
}

/// Panics instead.
pub(crate) struct Bomb(pub(crate) usize);

impl Ended for Bomb {
    fn spans(&self) -> usize {
        self.0
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        out.push(span(1, 1, 0, 0));
        panic!("cannot be built");
    }
}
