use std::sync::Arc;

use opentelemetry::trace::{SpanId, TraceId};
use tracing_subscriber::layer::SubscriberExt;
use trunkline_runtime::trace::TraceContext;

use super::*;
use crate::trace::queue::Queue;
use crate::trace::resource;

/// What `tracing` hands in while `body` runs.
fn spans(ratio: f64, body: impl FnOnce()) -> Vec<SpanData> {
    let queue = Arc::new(Queue::new(1000));
    let provider = provider(Spans::to(Arc::clone(&queue)), &resource("test", &[]), ratio);
    let subscriber = tracing_subscriber::registry().with(layer(&provider));
    tracing::subscriber::with_default(subscriber, body);
    let (mut entries, mut spans) = (Vec::new(), Vec::new());
    drop(queue.take(1000, 0, &mut entries));
    entries.into_iter().for_each(|(_, ended)| ended.build(&mut spans));
    spans
}

#[test]
fn a_span_of_tracing_is_handed_in_with_its_events() {
    let spans = spans(1.0, || {
        let _entered = tracing::info_span!("work", colour = "green").entered();
        tracing::info!("half done");
    });
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((span.name.as_ref(), span.events.len()), ("work", 1));
    assert!(span.attributes.iter().any(|attribute| attribute.key.as_str() == "colour"));
}

#[test]
fn a_span_hangs_under_the_request_that_is_worked_on() {
    let context = TraceContext {
        trace: TraceId::from_bytes(7u128.to_be_bytes()),
        span: SpanId::from_bytes(8u64.to_be_bytes()),
        sampled: true,
    };
    let spans = spans(0.0, || {
        let _current = context.enter();
        drop(tracing::info_span!("work").entered());
    });
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(span.span_context.trace_id(), context.trace);
    assert_eq!(span.parent_span_id, context.span);
}

#[test]
fn traces_that_are_not_sampled_make_no_spans() {
    assert!(spans(0.0, || drop(tracing::info_span!("work").entered())).is_empty());
}

#[test]
fn what_is_done_for_a_request_that_is_not_sampled_begins_no_trace_of_its_own() {
    let context = TraceContext {
        trace: TraceId::from_bytes(7u128.to_be_bytes()),
        span: SpanId::from_bytes(8u64.to_be_bytes()),
        sampled: false,
    };
    let spans = spans(1.0, || {
        let _current = context.enter();
        drop(tracing::info_span!("work").entered());
    });
    assert!(spans.is_empty(), "{spans:?}");
}

#[test]
fn what_the_exporter_itself_is_made_of_makes_no_spans() {
    let spans = spans(1.0, || {
        drop(tracing::info_span!(target: "h2::client", "frame").entered());
        drop(tracing::debug_span!("detail").entered());
    });
    assert!(spans.is_empty(), "{spans:?}");
}
