use proptest::prelude::*;

use super::*;
use crate::trace::testing::span;

fn id(trace: u128) -> TraceId {
    TraceId::from_bytes(trace.to_be_bytes())
}

fn names(memory: &Memory, trace: u128) -> Vec<String> {
    let spans = memory.trace(id(trace)).unwrap_or_default();
    spans.into_iter().map(|span| span.name.into_owned()).collect()
}

#[test]
fn the_newest_traces_are_kept_and_listed_newest_first() {
    let memory = Memory::new(2);
    memory.keep((1..=3).map(|trace| span(trace, 1, 0, 0)));
    let newest: Vec<_> = memory.newest(10).into_iter().map(|trace| trace.trace_id).collect();
    assert_eq!(newest, [id(3), id(2)]);
    assert_eq!(memory.newest(1).len(), 1);
    assert!(memory.trace(id(1)).is_none());
}

#[test]
fn spans_that_come_later_join_their_trace() {
    let memory = Memory::new(2);
    memory.keep([span(1, 2, 1, 5)]);
    memory.keep([span(2, 1, 0, 0), span(1, 1, 0, 0)]);
    assert_eq!(names(&memory, 1), ["span 1", "span 2"]);
    let oldest = memory.newest(2).pop().unwrap();
    assert_eq!((oldest.name.as_str(), oldest.spans, oldest.duration_us), ("span 1", 2, 15_000));
}

#[test]
fn parents_come_before_children_and_siblings_by_their_start() {
    let memory = Memory::new(1);
    memory.keep([
        span(1, 4, 2, 30),
        span(1, 3, 1, 20),
        span(1, 2, 1, 10),
        span(1, 5, 2, 25),
        span(1, 1, 9, 0),
    ]);
    assert_eq!(names(&memory, 1), ["span 1", "span 2", "span 5", "span 4", "span 3"]);
}

#[test]
fn a_trace_without_an_end_is_cut_and_pushes_no_other_out() {
    let memory = Memory::new(2);
    memory.keep([span(1, 1, 0, 0)]);
    memory.keep((1..=5000).map(|number| span(2, number, 0, number)));
    assert_eq!(memory.trace(id(2)).unwrap().len(), MOST_SPANS_OF_ONE);
    assert_eq!(memory.newest(1).pop().unwrap().spans, 5000);
    assert!(memory.trace(id(1)).is_some());
}

#[test]
fn traces_of_many_bytes_are_forgotten_before_there_are_many() {
    let memory = Memory::new(1000);
    for trace in 1..=100 {
        let mut large = span(trace, 1, 0, 0);
        large.name = "x".repeat(MOST_BYTES_OF_ONE / 2).into();
        memory.keep([large]);
    }
    let kept = memory.newest(1000).len();
    assert!((28..=32).contains(&kept), "{kept}");
    assert!(memory.inside.lock().bytes <= MOST_BYTES);
}

#[test]
fn the_root_says_what_a_trace_is_called_and_whether_it_failed() {
    let memory = Memory::new(1);
    let mut tried = span(1, 2, 1, 0);
    tried.status = Status::error("refused");
    let mut root = span(1, 1, 7, 0);
    root.parent_span_is_remote = true;
    memory.keep([tried, root]);
    let [about] = &memory.newest(1)[..] else { panic!() };
    assert_eq!((about.name.as_str(), about.error), ("span 1", false));
    let json = serde_json::to_value(about).unwrap();
    assert_eq!(json["trace_id"], "00000000000000000000000000000001");
    assert_eq!(json["duration_us"], 10_000);
}

#[test]
fn spans_that_are_their_own_ancestors_are_shown_all_the_same() {
    let memory = Memory::new(1);
    memory.keep([span(1, 1, 2, 0), span(1, 2, 1, 0), span(1, 3, 3, 0), span(1, 3, 3, 0)]);
    assert_eq!(names(&memory, 1).len(), 4);
}

proptest! {
    #[test]
    fn no_span_is_lost_or_shown_twice_and_no_child_before_its_parent(
        spans in prop::collection::vec((1u64..20, 0u64..20, 0u64..50), 0..40),
    ) {
        let spans: Vec<_> =
            spans.into_iter().map(|(id, parent, start)| span(1, id, parent, start)).collect();
        let memory = Memory::new(1);
        memory.keep(spans.clone());
        let shown = memory.trace(id(1)).unwrap_or_default();
        let sorted = |spans: &[SpanData]| {
            let mut all: Vec<_> = spans.iter().map(|span| format!("{span:?}")).collect();
            all.sort();
            all
        };
        prop_assert_eq!(sorted(&shown), sorted(&spans));
    }

    #[test]
    fn what_is_remembered_is_what_is_weighed(
        spans in prop::collection::vec((1u128..9, 1u64..9), 0..60),
    ) {
        let memory = Memory::new(3);
        for (trace, number) in spans {
            memory.keep([span(trace, number, 0, 0)]);
            let inside = memory.inside.lock();
            let weighed: usize =
                inside.traces.values().flat_map(|kept| &kept.spans).map(weight::of).sum();
            prop_assert_eq!(inside.bytes, weighed);
            prop_assert_eq!(inside.order.len(), inside.traces.len());
            prop_assert!(inside.order.len() <= 3);
        }
    }
}
