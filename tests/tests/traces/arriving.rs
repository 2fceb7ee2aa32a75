//! What a collector gets while all is well, and at the end.

use std::process::Command;
use std::time::{Duration, Instant};

use trunkline_tests::collector::{Collector, Mood};

use crate::rig::{BOTH, SOON, different, export, hand_in, run, spans_of};
use crate::told::value;

#[test]
fn every_span_arrives_once_while_the_collector_is_up() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        let ((), counts) = run(export(&collector, speaks, 100_000), |exporter| {
            hand_in(exporter, 0..10_000);
            assert!(collector.wait_for_count(SOON, spans_of(10_000)));
        });
        let spans = collector.spans();
        assert_eq!((spans.len(), different(&spans)), (60_000, 60_000));
        assert_eq!((counts.exported, counts.dropped.all()), (60_000, 0));
    }
}

#[test]
fn spans_arrive_as_they_were_made_and_say_who_they_are_from() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        run(export(&collector, speaks, 1000), |exporter| {
            hand_in(exporter, 6..7);
            assert!(collector.wait_for(SOON, |spans| spans.len() == 6));
        });
        let spans = collector.spans();
        let text = |key: &str| {
            let all = &spans[0].resource.attributes;
            all.iter().find(|attribute| attribute.key == key).map(value)
        };
        assert_eq!(text("service.name").as_deref(), Some("edge"));
        assert_eq!(text("team").as_deref(), Some("proxies"));
        assert_eq!(text("process.pid"), Some(std::process::id().to_string()));
        let root = &spans[0].span;
        assert_eq!((root.name.as_str(), root.attributes.len()), ("GET", 4));
        assert_eq!(root.trace_id, 7u128.to_be_bytes());
        assert!(root.parent_span_id.is_empty());
        assert!(spans[1..].iter().all(|part| part.span.parent_span_id == root.span_id));
        let field = |name: &str| {
            let headers = collector.headers();
            headers.into_iter().find(|(field, _)| field == name).map(|(_, value)| value)
        };
        assert_eq!(field("x-tenant").as_deref(), Some("edge"));
        assert!(field("user-agent").unwrap().starts_with("Trunkline/"));
    }
}

#[test]
fn what_ended_just_before_the_stop_arrives() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        let ((), counts) = run(export(&collector, speaks, 100_000), |exporter| {
            hand_in(exporter, 0..2_000);
        });
        assert_eq!((counts.exported, collector.spans().len()), (12_000, 12_000));
    }
}

#[test]
fn a_stop_waits_five_seconds_for_a_collector_that_is_slow_and_counts_what_is_left() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        collector.become_of(Mood::Slow(Duration::from_millis(1_200)));
        let (asked, counts) = run(export(&collector, speaks, 100_000), |exporter| {
            hand_in(exporter, 0..10_000);
            assert!(collector.wait_for_requests(SOON, 1));
            Instant::now()
        });
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(6), "{took:?}");
        assert!(counts.exported > 0 && counts.dropped.shutdown > 0, "{counts:?}");
        assert_eq!(counts.dropped.export_failed, 0);
    }
}

#[test]
fn a_stop_does_not_wait_for_a_collector_that_is_not_there() {
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        collector.become_of(Mood::Refuses);
        let (asked, counts) = run(export(&collector, speaks, 100_000), |exporter| {
            hand_in(exporter, 0..1_000);
            Instant::now()
        });
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_eq!(counts.dropped.export_failed + counts.dropped.shutdown, 6_000);
    }
}

/// The variables that the library would read by itself, with what would spoil everything.
const VARIABLES: [(&str, &str); 7] = [
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=spoiled,x-other=spoiled"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "1"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ("OTEL_RESOURCE_ATTRIBUTES", "service.name=spoiled"),
];

#[test]
fn variables_that_the_library_reads_by_itself_change_nothing() {
    // In a process of their own: these variables are nobody else's.
    let this = "arriving::variables_that_the_library_reads_by_itself_change_nothing";
    let set = |(name, _)| std::env::var_os(name).is_some();
    if !VARIABLES.into_iter().all(set) {
        let myself = std::env::current_exe().unwrap();
        let again = Command::new(myself).args(["--exact", this]).envs(VARIABLES).output().unwrap();
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
        return;
    }
    for speaks in BOTH {
        let collector = Collector::start(speaks).unwrap();
        run(export(&collector, speaks, 1000), |exporter| {
            hand_in(exporter, 0..1);
            assert!(collector.wait_for(SOON, |spans| spans.len() == 6));
        });
        let headers = collector.headers();
        assert!(headers.iter().all(|(_, value)| value != "spoiled"), "{headers:?}");
        let about = format!("{:?}", collector.spans()[0].resource);
        assert!(!about.contains("spoiled"), "{about}");
    }
}
