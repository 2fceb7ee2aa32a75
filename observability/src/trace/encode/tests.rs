//! What is written here is what the library makes of the same spans.

use std::time::Duration;

use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Array, InstrumentationScope, Key, KeyValue, Value};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        (-1e300..1e300).prop_map(Value::F64),
        ".{0,200}".prop_map(|text| Value::String(text.into())),
        vec(any::<bool>(), 0..4).prop_map(|all| Value::Array(Array::Bool(all))),
        vec(any::<i64>(), 0..4).prop_map(|all| Value::Array(Array::I64(all))),
        vec(-1e9..1e9, 0..4).prop_map(|all| Value::Array(Array::F64(all))),
        vec(".{0,9}", 0..4).prop_map(|all| {
            Value::Array(Array::String(all.into_iter().map(Into::into).collect()))
        }),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let one = (".{0,140}", value()).prop_map(|(key, value)| KeyValue::new(Key::new(key), value));
    vec(one, 0..6)
}

fn context() -> impl Strategy<Value = SpanContext> {
    let state = option::of("[a-z]{1,9}").prop_map(|value| {
        let pair = value.map(|value| ("vendor".to_owned(), value));
        TraceState::from_key_value(pair).unwrap()
    });
    (any::<u128>(), any::<u64>(), any::<u8>(), any::<bool>(), state).prop_map(
        |(trace, span, flags, remote, state)| {
            let trace = TraceId::from_bytes(trace.to_be_bytes());
            let span = SpanId::from_bytes(span.to_be_bytes());
            SpanContext::new(trace, span, TraceFlags::new(flags), remote, state)
        },
    )
}

fn time() -> impl Strategy<Value = SystemTime> {
    (0..u64::MAX / 2).prop_map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos))
}

fn scope() -> impl Strategy<Value = InstrumentationScope> {
    ("[ab]", option::of("[12]"), option::of("http://s"), attributes()).prop_map(
        |(name, version, schema, attributes)| {
            let scope = InstrumentationScope::builder(name).with_attributes(attributes);
            let scope = version.into_iter().fold(scope, |scope, it| scope.with_version(it));
            schema.into_iter().fold(scope, |scope, it| scope.with_schema_url(it)).build()
        },
    )
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Unset),
        Just(Status::Ok),
        ".{0,200}".prop_map(|text| Status::Error { description: text.into() }),
    ]
}

fn kinds() -> impl Strategy<Value = SpanKind> {
    use SpanKind::{Client, Consumer, Internal, Producer, Server};
    prop_oneof![Just(Client), Just(Consumer), Just(Internal), Just(Producer), Just(Server)]
}

fn span() -> impl Strategy<Value = SpanData> {
    let event = (".{0,20}", time(), attributes(), any::<u32>())
        .prop_map(|(name, at, attributes, dropped)| Event::new(name, at, attributes, dropped));
    let link = (context(), attributes(), any::<u32>())
        .prop_map(|(of, attributes, dropped)| Link::new(of, attributes, dropped));
    let events = (vec(event, 0..3), 0..3_u32);
    let links = (vec(link, 0..3), 0..3_u32);
    let head = (context(), any::<u64>(), any::<bool>(), kinds(), ".{0,200}", time(), time());
    (head, attributes(), 0..3_u32, events, links, status(), scope()).prop_map(
        |(head, attributes, dropped, events, links, status, instrumentation_scope)| {
            let (span_context, parent, remote, span_kind, name, start_time, end_time) = head;
            let (mut all_events, mut all_links) = (SpanEvents::default(), SpanLinks::default());
            (all_events.events, all_events.dropped_count) = events;
            (all_links.links, all_links.dropped_count) = links;
            SpanData {
                span_context,
                parent_span_id: SpanId::from_bytes((parent & 3).to_be_bytes()),
                parent_span_is_remote: remote,
                span_kind,
                name: name.into(),
                start_time,
                end_time,
                attributes,
                dropped_attributes_count: dropped,
                events: all_events,
                links: all_links,
                status,
                instrumentation_scope,
            }
        },
    )
}

fn resource() -> impl Strategy<Value = Resource> {
    (attributes(), option::of("http://r")).prop_map(|(attributes, schema)| match schema {
        Some(url) => Resource::builder_empty().with_schema_url(attributes, url).build(),
        None => Resource::builder_empty().with_attributes(attributes).build(),
    })
}

proptest! {
    #[test]
    fn the_library_says_the_same(spans in vec(span(), 0..8), resource in resource()) {
        let read = ExportTraceServiceRequest::decode(&*request(&spans, &resource)).unwrap();
        let of = ResourceAttributesWithSchema::from(&resource);
        let mut expected =
            ExportTraceServiceRequest { resource_spans: group_spans_by_resource_and_scope(spans, &of) };
        // They are in a map, in an order of its own.
        let sort = |request: &mut ExportTraceServiceRequest| {
            for of in &mut request.resource_spans {
                if let Some(resource) = &mut of.resource {
                    resource.attributes.sort_by(|a, b| a.key.cmp(&b.key));
                }
            }
        };
        let mut read = read;
        sort(&mut read);
        sort(&mut expected);
        prop_assert_eq!(read, expected);
    }
}
