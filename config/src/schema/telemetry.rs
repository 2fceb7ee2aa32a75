//! The section `telemetry`.

use super::Presence::{Default, Optional, Required};
use super::sections::{TIME, integer, scalar};
use super::{Field, Items, Kind, Shape};
use crate::settings::OtlpProtocol;
use crate::{collector, file, secret};

pub(super) static TELEMETRY: &[Field] = &[
    scalar(
        "service_name",
        Kind::Text(&collector::SERVICE),
        Default("trunkline"),
        "What the server is called in traces.",
    ),
    scalar(
        "sample_ratio",
        Kind::Decimal { least: 0.0, most: 1.0, off: false },
        Default("0.01"),
        "The share of traces begun here that is sampled.",
    ),
    scalar(
        "sample_errors",
        Kind::Boolean,
        Default("true"),
        "Whether requests that failed are exported even if they are not sampled.",
    ),
    scalar(
        "forced",
        integer(0, 1_000_000),
        Default("100"),
        "Traces a second that trusted callers may have sampled beyond the ratio; 0 is none.",
    ),
    scalar(
        "keep",
        integer(0, 65_536),
        Default("256"),
        "The newest traces that are kept in memory for the admin API; 0 is none.",
    ),
    scalar(
        "trace_file",
        Kind::Text(&file::TRACES),
        Optional("spans go into no file"),
        "A file that spans are added to, as lines of OTLP in JSON; relative to this file's directory.",
    ),
    Field {
        name: "otlp",
        shape: Shape::OptionalTable(
            OTLP,
            "spans go to no collector, unless OTEL_EXPORTER_OTLP_ENDPOINT or \
             OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set",
        ),
        doc: "The collector that spans are sent to.",
    },
];

static OTLP: &[Field] = &[
    scalar(
        "endpoint",
        Kind::Text(&collector::ENDPOINT),
        Optional("\"http://127.0.0.1:4317\", and port 4318 with the protocol http"),
        "Where the collector is; with the protocol http, /v1/traces is added to its path.",
    ),
    scalar(
        "protocol",
        Kind::Choice { noun: "a protocol of OTLP", names: OtlpProtocol::NAMES },
        Default("grpc"),
        "How spans are sent: over gRPC, or as protobuf over HTTP/1.1.",
    ),
    scalar("timeout", TIME, Default("10s"), "How long one export may take."),
    Field {
        name: "headers",
        shape: Shape::List(
            Items {
                fields: HEADER,
                short: None,
                noun: "a header field",
                example: "{ name = \"x-tenant\", value = \"secret\" }",
            },
            Default("[]"),
        ),
        doc: "Header fields of each export; their values are never shown.",
    },
    scalar(
        "queue",
        integer(1, 1_000_000),
        Default("16384"),
        "Spans that may wait to be exported; more are dropped and counted.",
    ),
];

static HEADER: &[Field] = &[
    scalar(
        "name",
        Kind::Text(&collector::FIELD),
        Required,
        "The name of the field; its case does not matter.",
    ),
    scalar("value", Kind::Secret(&secret::FIELD), Required, "The value of the field."),
];
