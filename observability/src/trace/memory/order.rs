//! The order in which the spans of a trace are shown.

use std::collections::HashMap;

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::SpanData;

/// Parents before their children, and siblings by their start. A span whose parent is not here is
/// like one that has none. Spans that are their own ancestors, which only a faulty program makes,
/// come last.
pub(super) fn parents_first(mut spans: Vec<SpanData>) -> Vec<SpanData> {
    spans.sort_by_key(|span| span.start_time);
    let here: HashMap<SpanId, usize> = spans
        .iter()
        .enumerate()
        .map(|(index, span)| (span.span_context.span_id(), index))
        .collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut next = Vec::new();
    // Backwards, since what is pushed last is shown first.
    for (index, span) in spans.iter().enumerate().rev() {
        let parent = here.get(&span.parent_span_id).and_then(|&parent| children.get_mut(parent));
        parent.unwrap_or(&mut next).push(index);
    }
    let mut spans: Vec<_> = spans.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(spans.len());
    while let Some(index) = next.pop() {
        // A span that comes a second time, under the same id, has no children left.
        ordered.extend(spans.get_mut(index).and_then(Option::take));
        if let Some(children) = children.get_mut(index) {
            next.append(children);
        }
    }
    ordered.extend(spans.into_iter().flatten());
    ordered
}
