use std::time::{Duration, SystemTime};

use super::*;
use crate::trace::{Counts, Dropped};

/// Shows whatever it is told to.
struct Shown<F>(F);

impl<F> Source for Shown<F>
where
    F: Fn(&mut Page<'_>) -> fmt::Result + Send + Sync + 'static,
{
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        (self.0)(page)
    }
}

fn text(show: impl Fn(&mut Page<'_>) -> fmt::Result + Send + Sync + 'static) -> String {
    let mut metrics = Metrics::default();
    metrics.register(Shown(show));
    metrics.encode()
}

#[test]
fn samples_are_written_with_their_family_and_unit() {
    let text = text(|page| {
        page.counts("trunkline_requests", "All of them")?.add(&[("listener", "web")], 3)?;
        page.seconds("process_cpu", "Spent")?.add_fraction(0.5)?;
        page.gauges("process_memory", Some(&Unit::Bytes), "Held")?.add(&[], 7)?;
        page.info("trunkline_build", "This", &[("version", "1")])
    });
    let expected = "\
# HELP trunkline_requests All of them
# TYPE trunkline_requests counter
trunkline_requests_total{listener=\"web\"} 3
# HELP process_cpu_seconds Spent
# TYPE process_cpu_seconds counter
# UNIT process_cpu_seconds seconds
process_cpu_seconds_total 0.5
# HELP process_memory_bytes Held
# TYPE process_memory_bytes gauge
# UNIT process_memory_bytes bytes
process_memory_bytes 7
# HELP trunkline_build This
# TYPE trunkline_build info
trunkline_build_info{version=\"1\"} 1
# EOF
";
    assert_eq!(text, expected);
}

#[test]
fn a_bucket_with_an_exemplar_names_its_trace() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_125);
    let text = text(move |page| {
        let exemplar =
            Exemplar { trace: TraceId::from(0xabcd), value: Duration::from_micros(1_500), at };
        let with = Snapshot {
            bounds: &[1_000_000, 2_500_000],
            counts: vec![1, 2, 0],
            sum: 4_000_000,
            exemplars: vec![None, Some(exemplar), None],
        };
        let without = Snapshot { exemplars: Vec::new(), ..with.clone() };
        let mut family = page.histograms("took", "How long")?;
        // A name that looks like the beginning of such a line leads nothing astray.
        family.add(&[("route", "took_seconds_bucket{")], &with)?;
        family.add(&[("route", "b")], &without)
    });
    let expected = "\
# HELP took_seconds How long
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_sum{route=\"took_seconds_bucket{\"} 0.004
took_seconds_count{route=\"took_seconds_bucket{\"} 3
took_seconds_bucket{le=\"0.001\",route=\"took_seconds_bucket{\"} 1
took_seconds_bucket{le=\"0.0025\",route=\"took_seconds_bucket{\"} 3 \
# {trace_id=\"0000000000000000000000000000abcd\"} 0.0015 1700000000.125
took_seconds_bucket{le=\"+Inf\",route=\"took_seconds_bucket{\"} 3
took_seconds_sum{route=\"b\"} 0.004
took_seconds_count{route=\"b\"} 3
took_seconds_bucket{le=\"0.001\",route=\"b\"} 1
took_seconds_bucket{le=\"0.0025\",route=\"b\"} 3
took_seconds_bucket{le=\"+Inf\",route=\"b\"} 3
# EOF
";
    assert_eq!(text, expected);
}

#[test]
fn what_a_label_says_cannot_be_taken_for_the_text_around_it() {
    let long = "ab\"\\\n\r{}#,= é\u{0}".repeat(10 * 1024 / 16);
    let said = long.clone();
    let text = text(move |page| {
        let mut family = page.gauges("one", None, "One")?;
        family.add(&[("pool", &said)], 1)?;
        family.add(&[("pool", "# EOF")], 2)
    });
    let lines: Vec<_> = text.split('\n').collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    let value = lines[2].strip_prefix("one{pool=\"").and_then(|rest| rest.strip_suffix("\"} 1"));
    let mut chars = value.unwrap().chars();
    let mut back = String::new();
    while let Some(each) = chars.next() {
        back.push(match each {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some(escaped @ ('\\' | '"')) => escaped,
                other => panic!("{other:?} is no escape of OpenMetrics"),
            },
            '"' => panic!("a quotation mark ends the label"),
            each => each,
        });
    }
    assert_eq!(back, long);
    assert_eq!(lines[3..], ["one{pool=\"# EOF\"} 2", "# EOF", ""]);
}

#[test]
fn bounds_are_written_as_they_are_read() {
    let histogram = Histogram::new(&LATENCY);
    let text =
        text(move |page| page.histograms("took", "How long")?.add(&[], &histogram.snapshot()));
    let bounds: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("took_seconds_bucket{le=\"")?.split('"').next())
        .collect();
    let expected = [
        "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
        "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf",
    ];
    assert_eq!(bounds, expected);
}

#[test]
fn every_scrape_asks_the_sources_again() {
    let mut metrics = Metrics::default();
    let counters = Arc::new(Counters::<1>::default());
    let shown = Arc::clone(&counters);
    metrics.register(Shown(move |page: &mut Page<'_>| {
        page.counts("seen", "Seen")?.add(&[], shown.total())
    }));
    assert!(metrics.encode().contains("seen_total 0\n"));
    counters.count(0);
    assert!(metrics.encode().contains("seen_total 1\n"));
}

#[test]
fn what_became_of_spans_is_told_by_reason() {
    let dropped = Dropped { queue_full: 1, crashed: 1, ..Dropped::default() };
    let counts = Counts { ended: 6, waiting: 1, exported: 3, dropped, unwritten: 2 };
    let mut metrics = Metrics::default();
    metrics.register(telemetry::Telemetry::new(move || counts, || 9));
    let text = metrics.encode();
    for line in [
        "trunkline_spans_ended_total 6",
        "trunkline_spans_waiting 1",
        "trunkline_spans_unwritten_total 2",
        "trunkline_spans_dropped_total{reason=\"shutdown\"} 0",
        "trunkline_spans_exported_total 3",
        "trunkline_spans_dropped_total{reason=\"queue_full\"} 1",
        "trunkline_log_lines_dropped_total 9",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
}
