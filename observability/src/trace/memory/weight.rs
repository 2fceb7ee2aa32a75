//! How much memory a span takes, about.

use opentelemetry::trace::{Event, Link, Status};
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

/// Its bytes, with what it owns and what it shares.
pub(super) fn of(span: &SpanData) -> usize {
    let status = match &span.status {
        Status::Error { description } => description.len(),
        Status::Unset | Status::Ok => 0,
    };
    let events = span.events.iter().map(|event| size_of::<Event>() + all(&event.attributes));
    let links = span.links.iter().map(|link| size_of::<Link>() + all(&link.attributes));
    size_of::<SpanData>()
        + span.name.len()
        + status
        + all(&span.attributes)
        + events.sum::<usize>()
        + links.sum::<usize>()
}

fn all(attributes: &[KeyValue]) -> usize {
    attributes.iter().map(|attribute| size_of::<KeyValue>() + value(&attribute.value)).sum()
}

fn value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.as_str().len(),
        Value::Array(Array::Bool(values)) => values.len(),
        Value::Array(Array::I64(values)) => size_of_val(&**values),
        Value::Array(Array::F64(values)) => size_of_val(&**values),
        Value::Array(Array::String(values)) => {
            size_of_val(&**values) + values.iter().map(|text| text.as_str().len()).sum::<usize>()
        }
        // And what later versions of the library add.
        Value::Bool(_) | Value::I64(_) | Value::F64(_) | Value::Array(_) | _ => 0,
    }
}
