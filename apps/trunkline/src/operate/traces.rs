//! `trace` without an id: the newest traces that are kept.

use super::answers::Summary;
use super::line::{Line, Style};
use super::table::{Align, Table};
use super::time::{short, time_of_day};

const COLUMNS: [(&str, Align); 5] = [
    ("TRACE", Align::Left),
    ("BEGAN (UTC)", Align::Left),
    ("TOOK", Align::Right),
    ("SPANS", Align::Right),
    ("NAME", Align::Left),
];

/// The traces, newest first.
pub(super) fn lines(traces: &[Summary], width: usize) -> Vec<Line> {
    if traces.is_empty() {
        return vec![Line::of(
            Style::Plain,
            "no trace is kept: one is once it has ended, if it was sampled \
             (telemetry.sample_ratio) or has failed",
        )];
    }
    let mut table = Table::new(&COLUMNS);
    for trace in traces {
        let name = if trace.error {
            (Style::Bad, format!("! {}", trace.name))
        } else {
            (Style::Plain, trace.name.clone())
        };
        table.row([
            (Style::Plain, trace.trace_id.clone()),
            (Style::Dim, time_of_day(trace.start_unix_us)),
            (Style::Plain, short(trace.duration_us.saturating_mul(1000))),
            (Style::Plain, trace.spans.to_string()),
            name,
        ]);
    }
    table.lines(0, width)
}

#[cfg(test)]
mod tests {
    use super::super::line::text;
    use super::*;

    #[test]
    fn failed_ones_are_marked() {
        let summary = |name: &str, error| Summary {
            trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            name: name.to_owned(),
            start_unix_us: 1_795_347_834_893_000,
            duration_us: 1234,
            error,
            spans: 6,
        };
        let drawn = lines(&[summary("GET all", false), summary("GET \x1b[2J/crash", true)], 80);
        assert_eq!(
            text(&drawn, false),
            "\
TRACE                             BEGAN (UTC)    TOOK  SPANS  NAME
0af7651916cd43dd8448eb211c80319c  11:43:54.893  1.2ms      6  GET all
0af7651916cd43dd8448eb211c80319c  11:43:54.893  1.2ms      6  ! GET \\u{1b}[2J/c…
"
        );
        assert!(text(&lines(&[], 80), false).starts_with("no trace is kept"));
    }
}
