//! Spans as the bytes of an `ExportTraceServiceRequest` (OTLP 1.x, `trace.proto`).
//!
//! One pass from [`SpanData`] to bytes: the way of the libraries, through a copy of each span as a
//! message and a search of its length on every level, takes ten times as many instructions, and would
//! cost a request that is traced more than the request itself. That both say the same is tested.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::encoding::{encode_varint, encoded_len_varint};

/// The first byte of a field: its number, and how its value is written.
const fn key(field: u8, wire: u8) -> u8 {
    (field << 3) | wire
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const BYTES: u8 = 2;
const FIXED32: u8 = 5;

/// The request that tells of `spans`, which come from `resource`.
pub(super) fn request(spans: &[SpanData], resource: &Resource) -> Vec<u8> {
    // Nearly all are of one scope.
    let mut scopes: Vec<(&InstrumentationScope, Vec<u8>)> = Vec::new();
    let mut span = Vec::with_capacity(1024);
    for data in spans {
        let known = scopes.iter().position(|(scope, _)| *scope == &data.instrumentation_scope);
        let place = known.unwrap_or_else(|| {
            scopes.push((&data.instrumentation_scope, Vec::with_capacity(spans.len() * 384)));
            scopes.len() - 1
        });
        span.clear();
        write_span(data, &mut span);
        message(2, &span, &mut scopes[place].1);
    }
    let mut all = Vec::new();
    let mut of = Vec::new();
    for entry in resource.iter() {
        attribute(1, entry.0.as_str(), entry.1, &mut of);
    }
    message(1, &of, &mut all);
    for (scope, spans) in scopes {
        of.clear();
        write_scope(scope, &mut of);
        let mut head = Vec::new();
        message(1, &of, &mut head);
        let mut tail = Vec::new();
        text(3, scope.schema_url().unwrap_or_default(), &mut tail);
        all.push(key(2, BYTES));
        encode_varint((head.len() + spans.len() + tail.len()) as u64, &mut all);
        for part in [head, spans, tail] {
            all.extend_from_slice(&part);
        }
    }
    text(3, resource.schema_url().unwrap_or_default(), &mut all);
    let mut request = Vec::with_capacity(all.len() + 11);
    message(1, &all, &mut request);
    request
}

fn write_scope(scope: &InstrumentationScope, to: &mut Vec<u8>) {
    text(1, scope.name(), to);
    text(2, scope.version().unwrap_or_default(), to);
    for KeyValue { key, value, .. } in scope.attributes() {
        attribute(3, key.as_str(), value, to);
    }
}

fn write_span(data: &SpanData, to: &mut Vec<u8>) {
    ids(&data.span_context, to);
    if data.parent_span_id != SpanId::INVALID {
        bytes(4, &data.parent_span_id.to_bytes(), to);
    }
    text(5, &data.name, to);
    to.extend_from_slice(&[key(6, VARINT), kind(&data.span_kind)]);
    fixed64(7, nanos(data.start_time), to);
    fixed64(8, nanos(data.end_time), to);
    attributes(9, &data.attributes, to);
    number(10, data.dropped_attributes_count, to);
    let mut part = Vec::new();
    for event in &data.events.events {
        part.clear();
        fixed64(1, nanos(event.timestamp), &mut part);
        text(2, &event.name, &mut part);
        attributes(3, &event.attributes, &mut part);
        number(4, event.dropped_attributes_count, &mut part);
        message(11, &part, to);
    }
    number(12, data.events.dropped_count, to);
    for link in &data.links.links {
        part.clear();
        ids(&link.span_context, &mut part);
        attributes(4, &link.attributes, &mut part);
        number(5, link.dropped_attributes_count, &mut part);
        part.push(key(6, FIXED32));
        part.extend_from_slice(&flags(&link.span_context, link.span_context.is_remote()));
        message(13, &part, to);
    }
    number(14, data.links.dropped_count, to);
    part.clear();
    match &data.status {
        Status::Unset => {}
        Status::Ok => part.extend_from_slice(&[key(3, VARINT), 1]),
        Status::Error { description } => {
            text(2, description, &mut part);
            part.extend_from_slice(&[key(3, VARINT), 2]);
        }
    }
    message(15, &part, to);
    // The sixteenth field has a key of two bytes.
    encode_varint(16 << 3 | u64::from(FIXED32), to);
    to.extend_from_slice(&flags(&data.span_context, data.parent_span_is_remote));
}

/// Ids and state, which a span and a link have alike.
fn ids(context: &SpanContext, to: &mut Vec<u8>) {
    bytes(1, &context.trace_id().to_bytes(), to);
    bytes(2, &context.span_id().to_bytes(), to);
    text(3, &context.trace_state().header(), to);
}

/// Bit 8: it is known whether the parent is remote; bit 9: it is.
fn flags(context: &SpanContext, is_remote: bool) -> [u8; 4] {
    let known = 0x100 | if is_remote { 0x200 } else { 0 };
    (known | u32::from(context.trace_flags().to_u8())).to_le_bytes()
}

fn kind(kind: &SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn attributes(field: u8, all: &[KeyValue], to: &mut Vec<u8>) {
    for KeyValue { key, value, .. } in all {
        attribute(field, key.as_str(), value, to);
    }
}

/// A `KeyValue`: the lengths are known before anything is written.
fn attribute(field: u8, name: &str, value: &Value, to: &mut Vec<u8>) {
    let held = Held::of(value);
    let value_len = held.len();
    let name_len = 1 + encoded_len_varint(name.len() as u64) + name.len();
    let len = name_len + 1 + encoded_len_varint(value_len as u64) + value_len;
    to.push(key(field, BYTES));
    encode_varint(len as u64, to);
    bytes(1, name.as_bytes(), to);
    to.push(key(2, BYTES));
    encode_varint(value_len as u64, to);
    held.write(to);
}

/// The content of an `AnyValue`. It is always written: what is left out would be no value at all.
enum Held<'v> {
    Text(&'v str),
    Flag(bool),
    Integer(i64),
    Float(f64),
    List(Vec<u8>),
}

impl<'v> Held<'v> {
    fn of(value: &'v Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.as_str()),
            Value::Bool(flag) => Self::Flag(*flag),
            Value::I64(number) => Self::Integer(*number),
            Value::F64(number) => Self::Float(*number),
            Value::Array(array) => Self::List(list(array)),
            // Kinds that OpenTelemetry may add: their text is better than nothing.
            other => Self::List(list(&Array::String(vec![other.as_str().into_owned().into()]))),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => 1 + encoded_len_varint(text.len() as u64) + text.len(),
            Self::Flag(_) => 2,
            Self::Integer(number) => 1 + encoded_len_varint(number.cast_unsigned()),
            Self::Float(_) => 9,
            Self::List(list) => 1 + encoded_len_varint(list.len() as u64) + list.len(),
        }
    }

    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Text(text) => bytes(1, text.as_bytes(), to),
            Self::Flag(flag) => to.extend_from_slice(&[key(2, VARINT), u8::from(*flag)]),
            Self::Integer(number) => {
                to.push(key(3, VARINT));
                encode_varint(number.cast_unsigned(), to);
            }
            Self::Float(number) => {
                to.push(key(4, FIXED64));
                to.extend_from_slice(&number.to_le_bytes());
            }
            Self::List(list) => bytes(5, list, to),
        }
    }
}

/// An `ArrayValue`.
fn list(array: &Array) -> Vec<u8> {
    let mut all = Vec::new();
    let mut add = |held: Held<'_>| {
        all.push(key(1, BYTES));
        encode_varint(held.len() as u64, &mut all);
        held.write(&mut all);
    };
    match array {
        Array::Bool(flags) => flags.iter().for_each(|flag| add(Held::Flag(*flag))),
        Array::I64(numbers) => numbers.iter().for_each(|number| add(Held::Integer(*number))),
        Array::F64(numbers) => numbers.iter().for_each(|number| add(Held::Float(*number))),
        Array::String(texts) => texts.iter().for_each(|text| add(Held::Text(text.as_str()))),
        _ => {}
    }
    all
}

/// A message within another, or a string of bytes.
fn message(field: u8, content: &[u8], to: &mut Vec<u8>) {
    bytes(field, content, to);
}

#[inline]
fn bytes(field: u8, content: &[u8], to: &mut Vec<u8>) {
    to.push(key(field, BYTES));
    encode_varint(content.len() as u64, to);
    to.extend_from_slice(content);
}

/// A text; an empty one is left out.
#[inline]
fn text(field: u8, content: &str, to: &mut Vec<u8>) {
    if !content.is_empty() {
        bytes(field, content.as_bytes(), to);
    }
}

/// A count; none is left out.
#[inline]
fn number(field: u8, count: u32, to: &mut Vec<u8>) {
    if count > 0 {
        to.push(key(field, VARINT));
        encode_varint(u64::from(count), to);
    }
}

#[inline]
fn fixed64(field: u8, number: u64, to: &mut Vec<u8>) {
    to.push(key(field, FIXED64));
    to.extend_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests;
