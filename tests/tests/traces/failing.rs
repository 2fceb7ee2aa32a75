//! What becomes of spans while the collector does not take them.

use std::time::Duration;

use trunkline_tests::collector::{Collector, Mood, Speaks};

use crate::rig::{BOTH, SOON, different, export, hand_in, run, spans_of, until};

/// Spans that may wait.
const ROOM: usize = 3_000;

/// Has `mood` break the export until spans were lost, and then the collector recover: what ends
/// after that arrives.
fn breaks_and_comes_back(speaks: Speaks, mood: Mood) {
    let collector = Collector::start(speaks).unwrap();
    collector.become_of(mood);
    let ((), counts) = run(export(&collector, speaks, ROOM), |exporter| {
        hand_in(exporter, 0..5_000);
        let full = exporter.counts();
        assert!(full.dropped.queue_full > 0, "{full:?}");
        // Besides what waits, four batches may be under way.
        assert!(full.waiting <= (ROOM + 4 * 512) as u64, "{full:?}");
        until(exporter, |counts| counts.dropped.export_failed > 0);
        collector.become_of(Mood::Keeps);
        until(exporter, |counts| counts.waiting == 0);
        hand_in(exporter, 10_000..10_100);
        let last = 10_000u128..;
        let came = |spans: &[trunkline_tests::collector::Received]| {
            let number = |id: &[u8]| id.try_into().map(u128::from_be_bytes).unwrap_or(0);
            let late = spans.iter().filter(|of| last.contains(&number(&of.span.trace_id)));
            late.count() >= spans_of(100)
        };
        assert!(collector.wait_for(SOON, came));
    });
    let spans = collector.spans();
    assert_eq!(spans.len(), different(&spans));
    assert!(counts.exported as usize <= spans.len(), "{counts:?}");
    assert_eq!(counts.dropped.crashed, 0);
}

#[test]
fn a_collector_that_refuses_connections_costs_what_finds_no_room_and_comes_back() {
    BOTH.into_iter().for_each(|speaks| breaks_and_comes_back(speaks, Mood::Refuses));
}

#[test]
fn a_collector_that_resets_connections_costs_what_finds_no_room_and_comes_back() {
    BOTH.into_iter().for_each(|speaks| breaks_and_comes_back(speaks, Mood::Resets));
}

#[test]
fn a_collector_that_is_unavailable_costs_what_finds_no_room_and_comes_back() {
    BOTH.into_iter().for_each(|speaks| breaks_and_comes_back(speaks, Mood::Unavailable));
}

#[test]
fn a_collector_that_never_answers_costs_what_finds_no_room_and_comes_back() {
    BOTH.into_iter().for_each(|speaks| breaks_and_comes_back(speaks, Mood::Silent));
}

#[test]
fn a_collector_that_rejects_a_batch_is_not_asked_again_for_it() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        collector.become_of(Mood::Rejects);
        let ((), counts) = run(export(&collector, speaks, ROOM), |exporter| {
            hand_in(exporter, 0..10);
            until(exporter, |counts| counts.dropped.export_failed == 60);
        });
        assert_eq!((collector.requests(), counts.dropped.export_failed), (1, 60));
    }
}

#[test]
fn a_restart_of_the_collector_that_is_shorter_than_the_retries_costs_nothing() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        let ((), counts) = run(export(&collector, speaks, ROOM), |exporter| {
            hand_in(exporter, 0..100);
            assert!(collector.wait_for_count(SOON, 600));
            collector.become_of(Mood::Unavailable);
            hand_in(exporter, 100..110);
            assert!(collector.wait_for_requests(SOON, collector.requests() + 1));
            collector.become_of(Mood::Keeps);
            assert!(collector.wait_for_count(SOON, 660));
        });
        assert_eq!((counts.exported, counts.dropped.all()), (660, 0));
    }
}

#[test]
fn a_slow_collector_gets_what_there_is_room_for_and_the_rest_is_counted() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        collector.become_of(Mood::Slow(Duration::from_millis(200)));
        let ((), counts) = run(export(&collector, speaks, ROOM), |exporter| {
            for thousand in 0..10 {
                hand_in(exporter, thousand * 1_000..(thousand + 1) * 1_000);
                let waiting = exporter.counts().waiting;
                assert!(waiting <= (ROOM + 4 * 512) as u64, "{waiting}");
            }
            until(exporter, |counts| counts.waiting == 0);
        });
        let spans = collector.spans();
        assert_eq!((spans.len(), different(&spans)), (counts.exported as usize, spans.len()));
        assert_eq!(counts.exported + counts.dropped.queue_full, 60_000);
    }
}

#[test]
fn the_file_and_the_memory_do_not_wait_for_the_collector() {
    let collector = Collector::start(Speaks::Grpc).unwrap();
    collector.become_of(Mood::Silent);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.jsonl");
    let mut export = export(&collector, Speaks::Grpc, 100_000);
    export.keep = 10;
    export.trace_file = Some(path.clone());
    let ((), counts) = run(export, |exporter| {
        hand_in(exporter, 0..1_000);
        assert!(collector.wait_for_requests(SOON, 4));
        let memory = exporter.memory().unwrap();
        until(exporter, |_| memory.newest(1).iter().any(|newest| newest.spans == 6));
    });
    assert_eq!(counts.unwritten, 0);
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(written.matches("\"traceId\"").count(), 6_000);
}
