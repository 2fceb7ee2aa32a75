//! Which backends get nothing: those that fail their probes, and those that answer badly.

use crate::http::{authority, header, probe, statuses};
use crate::schema::Presence::{Default, Optional, Required};
use crate::schema::sections::{TIME, integer, scalar};
use crate::schema::{Field, Items, Kind, Shape};
use crate::settings::ProbeMethod;

pub(super) static PROBE: &[Field] = &[
    scalar("enabled", Kind::Boolean, Default("true"), "Whether backends are probed."),
    scalar("interval", TIME, Default("2s"), "The time from one probe of a backend to the next."),
    scalar(
        "interval_down",
        TIME,
        Optional("1s, or the interval if that is shorter"),
        "The time from one probe to the next while the backend is out; at most the interval.",
    ),
    scalar("timeout", TIME, Default("1s"), "How long a probe may take; at most the interval."),
    scalar(
        "rise",
        integer(1, 100),
        Default("2"),
        "Probes in a row that must succeed before a backend is back.",
    ),
    scalar(
        "fall",
        integer(1, 100),
        Default("3"),
        "Probes in a row that must fail before a backend is out.",
    ),
    scalar(
        "http",
        Kind::Text(&probe::TARGET),
        Optional("a TCP connection is enough"),
        "The path that a probe asks for, with its query.",
    ),
    scalar(
        "method",
        Kind::Choice { noun: "the method of a probe", names: ProbeMethod::NAMES },
        Default("GET"),
        "The method of a probe; only with http.",
    ),
    scalar(
        "host",
        Kind::Text(&authority::RULE),
        Optional("the backend's address"),
        "The host that a probe asks for; only with http.",
    ),
    Field {
        name: "headers",
        shape: Shape::List(
            Items {
                fields: HEADER,
                short: None,
                noun: "a header field",
                example: "{ name = \"x-probe\", value = \"1\" }",
            },
            Default("[]"),
        ),
        doc: "Further header fields of a probe; only with http.",
    },
    scalar(
        "status",
        Kind::Text(&statuses::RULE),
        Default("200-399"),
        "The statuses of an answer that passes; only with http.",
    ),
    scalar(
        "body",
        Kind::Text(&probe::BODY),
        Optional("any body passes"),
        "A text that the first 64 KiB of the answer's body contain; only with http.",
    ),
];

static HEADER: &[Field] = &[
    scalar(
        "name",
        Kind::Text(&probe::FIELD),
        Required,
        "The name of the field; its case does not matter.",
    ),
    scalar("value", Kind::Text(&header::VALUE), Required, "The value of the field."),
];

pub(super) static EJECT: &[Field] = &[
    scalar(
        "failures",
        integer(0, 10_000),
        Default("5"),
        "Answers with a status of 500 to 599, resets and time-outs in a row that eject a backend; \
         0 is never.",
    ),
    scalar(
        "success_rate",
        Kind::Decimal { least: 0.5, most: 10.0, off: true },
        Default("off"),
        "Standard deviations below the mean of the pool's success rates that eject a backend.",
    ),
    scalar(
        "least_requests",
        integer(1, 1_000_000),
        Default("100"),
        "Requests to a backend in an interval for its success rate to count.",
    ),
    scalar("interval", TIME, Default("10s"), "The time from one look at the rates to the next."),
    scalar(
        "time",
        TIME,
        Default("10s"),
        "How long the first ejection lasts; each further one is as much longer.",
    ),
    scalar("longest", TIME, Default("5m"), "How long an ejection lasts at most."),
    scalar(
        "share",
        integer(1, 100),
        Default("50"),
        "Per cent of the pool that may be ejected at once; one of three or more always may.",
    ),
];
