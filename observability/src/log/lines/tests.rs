//! Whatever is logged, one line comes out of it, and what it says can be trusted.

use opentelemetry::trace::{SpanId, TraceId};
use proptest::prelude::*;
use serde_json::Value;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;
use trunkline_runtime::trace::TraceContext;

use super::*;
use crate::log::testing::{Shown, start};

const CONTEXT: TraceContext = TraceContext {
    trace: TraceId::from_bytes(*b"what a trace is!"),
    span: SpanId::from_bytes(*b"and span"),
    sampled: false,
};

/// What a line becomes that says `value`: as a string, by its `Debug`, and in its message.
fn logged(value: &str, format: Format, context: Option<TraceContext>) -> String {
    let shown = Shown::default();
    let (sink, running) = start(shown.clone());
    let log = tracing_subscriber::registry().with(crate::log::layer(sink, format));
    let entered = context.map(TraceContext::enter);
    tracing::subscriber::with_default(log, || info!(path = value, error = ?value, "said {value}"));
    drop(entered);
    drop(running);
    shown.text()
}

/// Text with all that could end a line, a string or an object before its time, and up to 10 KiB.
fn hostile() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\u{1b}[2J\u{1b}]0;title\u{7}".to_owned()),
        Just("\u{9b}31m\u{85}\u{2028}\u{202e}".to_owned()),
        Just("\"}\n{\"level\":\"ERROR\",\"trace_id\":\"".to_owned()),
        Just("\\\\\"\\u000a".to_owned()),
        Just("\0\t\u{7f}".to_owned()),
        Just("\" trace_id=\"0\"".to_owned()),
        any::<String>(),
        (0_usize..10_240).prop_map(|length| "x".repeat(length)),
        (0_usize..5_120).prop_map(|length| "\n".repeat(length)),
    ];
    prop::collection::vec(bits, 0..8).prop_map(|bits| bits.concat())
}

/// A string in which nobody can have hidden anything from a terminal.
fn is_one_line(line: &str) -> bool {
    let line = line.strip_suffix('\n');
    line.is_some_and(|line| line.len() < LONGEST && !line.contains(char::is_control))
}

#[test]
fn a_line_outside_of_any_trace_names_none() {
    for format in [Format::Text, Format::Json] {
        assert!(!logged("", format, None).contains("trace_id"));
    }
}

#[test]
fn a_line_in_a_trace_ends_with_it_also_where_the_line_is_cut() {
    for value in ["/", &"x".repeat(10_240)] {
        let text = logged(value, Format::Text, Some(CONTEXT));
        let (trace, span) = (CONTEXT.trace, CONTEXT.span);
        let ids = format!(" trace_id=\"{trace}\" span_id=\"{span}\"\n");
        assert!(text.ends_with(&ids), "{text}");
        let json: Value =
            serde_json::from_str(&logged(value, Format::Json, Some(CONTEXT))).unwrap();
        assert_eq!(json["trace_id"], trace.to_string());
        assert_eq!(json["span_id"], span.to_string());
        assert_eq!(json["level"], "INFO");
        assert_eq!(json.get("cut").is_some(), value.len() > 1);
    }
}

proptest! {
    #[test]
    fn whatever_is_logged_is_one_bounded_line(value in hostile(), traced: bool) {
        let context = traced.then_some(CONTEXT);
        let text = logged(&value, Format::Text, context);
        prop_assert!(is_one_line(&text), "{:?}", text);
        let line = logged(&value, Format::Json, context);
        prop_assert!(is_one_line(&line), "{:?}", line);
        let json: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&json["level"], "INFO");
        prop_assert_eq!(json["trace_id"].as_str().is_some(), traced);
        let path = json["path"].as_str().unwrap_or_default();
        prop_assert!(value.starts_with(path.strip_suffix('…').unwrap_or(path)));
    }
}
