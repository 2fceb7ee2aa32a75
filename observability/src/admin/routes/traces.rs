//! `/traces`: those that are kept in memory.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::{Path, State};
use opentelemetry::trace::{SpanId, SpanKind, TraceId};
use opentelemetry::{Array, KeyValue, Value as Attribute};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::refusal::Refusal;
use super::Api;
use super::input::{Asked, limit};
use crate::trace::SpanData;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<u32>,
}

pub(super) async fn newest(
    State(api): State<Api>,
    Asked(Page { limit: asked }): Asked<Page>,
) -> Result<Json<Value>, Refusal> {
    let newest = api.operations.traces(limit(asked, 20, 1000)?);
    Ok(Json(json!({ "traces": newest })))
}

pub(super) async fn one(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let parsed = (id.len() == 32).then(|| TraceId::from_hex(&id).ok()).flatten();
    let id = parsed.ok_or_else(|| {
        Refusal::bad_request("that is no id of a trace", "write 32 hexadecimal digits")
    })?;
    let spans = api.operations.trace(id).ok_or_else(|| {
        Refusal::not_found("this trace is not kept", "see /traces for those that are")
    })?;
    let spans: Vec<_> = spans.iter().map(span).collect();
    Ok(Json(json!({ "trace_id": id.to_string(), "spans": spans })))
}

fn span(span: &SpanData) -> Value {
    let parent = span.parent_span_id;
    let error = match &span.status {
        opentelemetry::trace::Status::Error { description } => Some(description.as_ref()),
        opentelemetry::trace::Status::Unset | opentelemetry::trace::Status::Ok => None,
    };
    json!({
        "span_id": span.span_context.span_id().to_string(),
        "parent_span_id": (parent != SpanId::INVALID).then(|| parent.to_string()),
        "name": span.name,
        "kind": kind(&span.span_kind),
        "start_unix_ns": nanos(span.start_time),
        "duration_ns": whole(duration(span).as_nanos()),
        "error": error,
        "attributes": attributes(&span.attributes),
        "links": span.links.iter().map(|link| json!({
            "trace_id": link.span_context.trace_id().to_string(),
            "span_id": link.span_context.span_id().to_string(),
        })).collect::<Vec<_>>(),
        "events": span.events.iter().map(|event| json!({
            "name": event.name,
            "unix_ns": nanos(event.timestamp),
            "attributes": attributes(&event.attributes),
        })).collect::<Vec<_>>(),
    })
}

fn kind(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    }
}

fn attributes(attributes: &[KeyValue]) -> Map<String, Value> {
    attributes.iter().map(|pair| (pair.key.to_string(), value(&pair.value))).collect()
}

fn value(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(value) => (*value).into(),
        Attribute::I64(value) => (*value).into(),
        Attribute::F64(value) => (*value).into(),
        Attribute::String(value) => value.as_str().into(),
        Attribute::Array(Array::Bool(values)) => values.clone().into(),
        Attribute::Array(Array::I64(values)) => values.clone().into(),
        Attribute::Array(Array::F64(values)) => values.clone().into(),
        Attribute::Array(Array::String(values)) => {
            values.iter().map(|value| value.as_str()).collect()
        }
        // Of a kind that this version of OpenTelemetry does not have yet.
        other @ (Attribute::Array(_) | _) => other.to_string().into(),
    }
}

fn duration(span: &SpanData) -> Duration {
    span.end_time.duration_since(span.start_time).unwrap_or_default()
}

fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// As a text: it has more digits than a number of JSON is sure to keep.
fn nanos(at: SystemTime) -> String {
    since_epoch(at).as_nanos().to_string()
}

fn whole(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanContext, Status, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    fn made(id: u64, parent: u64, start: u64) -> SpanData {
        let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(start);
        let trace = TraceId::from(7);
        let flags = TraceFlags::SAMPLED;
        SpanData {
            span_context: SpanContext::new(trace, id.into(), flags, false, TraceState::NONE),
            parent_span_id: parent.into(),
            parent_span_is_remote: false,
            span_kind: SpanKind::Server,
            name: Cow::Borrowed("GET /\"\n"),
            start_time: start,
            end_time: start + Duration::from_nanos(5),
            attributes: vec![KeyValue::new("a", 1)],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::error("late"),
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[test]
    fn a_span_is_shown_with_all_that_it_has() {
        let shown = span(&made(1, 0, 1_700_000_000_123_456_789));
        assert_eq!(shown["parent_span_id"], Value::Null);
        assert_eq!(shown["start_unix_ns"], "1700000000123456789");
        assert_eq!(shown["duration_ns"], 5);
        assert_eq!(shown["error"], "late");
        assert_eq!(shown["attributes"], json!({ "a": 1 }));
        assert_eq!(shown["name"], "GET /\"\n");
        assert_eq!(span(&made(1, 2, 0))["parent_span_id"], "0000000000000002");
    }
}
