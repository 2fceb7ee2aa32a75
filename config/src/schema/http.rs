//! The keys of a listener with the protocol http.

use super::Presence::{Default, Optional, Required};
use super::sections::{LIMIT, TIME, integer, scalar};
use super::{Field, Items, Kind, NAME, Shape, TextRule};
use crate::http::{header, host, location, method, path};
use crate::network;

const KIBIBYTE: u64 = 1 << 10;

/// A head is kept as a whole while it is read, for each connection that has one under way.
const HEAD: Kind = Kind::Size { least: KIBIBYTE, most: KIBIBYTE << 10, off: false };
/// A pebibyte: bodies stream, and beyond it a limit is no limit.
const BODY: Kind = Kind::Size { least: 0, most: KIBIBYTE << 40, off: true };

static ANY_TEXT: TextRule =
    TextRule { noun: "a text", describe: "a text", check: |text| Ok(text.to_owned()) };

pub(super) const TRUSTED: Field = Field {
    name: "trusted",
    shape: Shape::Values(Kind::Text(&network::RULE), Default("[]")),
    doc: "Peers whose X-Forwarded-* and Forwarded are kept; only for the protocol http.",
};

pub(super) const ROUTES: Field = Field {
    name: "routes",
    shape: Shape::List(
        Items {
            fields: ROUTE,
            short: None,
            noun: "a route",
            example: "{ path = \"/v1/\", pool = \"web\" }",
        },
        Optional("required by the protocol http, refused by every other"),
    ),
    doc: "Where requests go: the first route that fits one serves it.",
};

static ROUTE: &[Field] = &[
    scalar(
        "name",
        Kind::Text(&NAME),
        Optional("shown by its place in the list"),
        "What the route is called in logs and metrics.",
    ),
    scalar(
        "host",
        Kind::Text(&host::RULE),
        Optional("any"),
        "The host that is asked for, without a port; with *. in front, every name below it.",
    ),
    scalar(
        "path",
        Kind::Text(&path::RULE),
        Optional("any"),
        "The path that is asked for; one that ends with / matches all below it.",
    ),
    scalar(
        "exact",
        Kind::Boolean,
        Default("false"),
        "Whether a path that ends with / matches only itself.",
    ),
    Field {
        name: "methods",
        shape: Shape::Values(Kind::Text(&method::RULE), Optional("any")),
        doc: "The methods, of which a request has one; their case is compared.",
    },
    Field {
        name: "headers",
        shape: Shape::List(
            Items {
                fields: HEADER,
                short: None,
                noun: "a header field",
                example: "{ name = \"x-beta\", value = \"1\" }",
            },
            Optional("none is asked for"),
        ),
        doc: "Header fields that a request has, all of them.",
    },
    scalar(
        "pool",
        Kind::Pool,
        Optional("the route has a redirect or an answer"),
        "The pool that serves the request.",
    ),
    scalar(
        "rewrite",
        Kind::Text(&path::RULE),
        Optional("the path stays"),
        "What replaces the path of the route at the beginning of the request's.",
    ),
    scalar(
        "repeatable",
        Kind::Boolean,
        Default("false"),
        "Whether requests may be sent to a second backend whatever their method.",
    ),
    Field {
        name: "redirect",
        shape: Shape::OptionalTable(REDIRECT, "the route has a pool or an answer"),
        doc: "The client is sent elsewhere.",
    },
    Field {
        name: "answer",
        shape: Shape::OptionalTable(ANSWER, "the route has a pool or a redirect"),
        doc: "The request is answered at once.",
    },
];

static HEADER: &[Field] = &[
    scalar(
        "name",
        Kind::Text(&header::NAME),
        Required,
        "The name of the field; its case is not compared.",
    ),
    scalar(
        "value",
        Kind::Text(&header::VALUE),
        Optional("any, the field needs only to be there"),
        "The whole value of the field; its case is compared.",
    ),
];

static REDIRECT: &[Field] = &[
    scalar(
        "to",
        Kind::Text(&location::RULE),
        Required,
        "Where to: {host} is the host that was asked for, {target} the path with its query.",
    ),
    scalar(
        "status",
        Kind::Number { noun: "the status of a redirect", numbers: &[301, 302, 303, 307, 308] },
        Default("308"),
        "The status; after 307 and 308 the client repeats its method and body.",
    ),
];

static ANSWER: &[Field] = &[
    scalar("status", integer(200, 599), Default("200"), "The status."),
    scalar(
        "body",
        Kind::Text(&ANY_TEXT),
        Optional("an empty one"),
        "The body; 204, 205 and 304 have none.",
    ),
    scalar(
        "type",
        Kind::Text(&header::VALUE),
        Default("text/plain; charset=utf-8"),
        "The body's Content-Type.",
    ),
];

/// The table `http` of a listener.
pub(super) static HTTP: &[Field] = &[
    scalar(
        "head",
        TIME,
        Default("10s"),
        "How long a head may take, from its first byte to its end; then 408.",
    ),
    scalar(
        "body",
        TIME,
        Default("30s"),
        "How long nothing may move of a body: then 408, or 504 if the backend takes none.",
    ),
    scalar(
        "keep_alive",
        TIME,
        Default("60s"),
        "How long a client's connection may wait for its next request.",
    ),
    scalar(
        "first_byte",
        TIME,
        Default("60s"),
        "How long the first byte of the answer may take once the request is sent; then 504.",
    ),
    scalar(
        "request",
        LIMIT,
        Default("1h"),
        "How long a whole request may take with its answer, but not what follows an upgrade; \
         then 504.",
    ),
    scalar(
        "requests",
        integer(1, u32::MAX),
        Default("10000"),
        "Requests on a client's connection until it is closed.",
    ),
    scalar(
        "head_size",
        HEAD,
        Default("32KiB"),
        "Size of a head, of a request (431) and of an answer (502).",
    ),
    scalar(
        "fields",
        integer(1, 256),
        Default("100"),
        "Fields in a head, of a request (431) and of an answer (502).",
    ),
    scalar("body_size", BODY, Default("off"), "Size of a request's body; beyond it 413."),
];
