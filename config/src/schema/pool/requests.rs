//! What becomes of requests: which backend they are held to, how many there are, and which are sent
//! again.

use crate::http::cookie;
use crate::schema::Presence::{Default, Optional, Required};
use crate::schema::sections::{COUNT, LIMIT, TIME, integer, scalar};
use crate::schema::{Field, Kind, Shape};
use crate::secret;

/// Each request under way may keep so much of its body.
const BUFFER: Kind = Kind::Size { least: 0, most: 16 << 20, off: false };

pub(super) static STICKY: &[Field] = &[
    scalar("cookie", Kind::Text(&cookie::NAME), Required, "The name of the cookie."),
    scalar("ttl", TIME, Default("1h"), "How long a client is held to its backend."),
    scalar(
        "key",
        Kind::Secret(&secret::KEY),
        Optional("a random one at every start"),
        "What the cookie is signed with, the same for all replicas.",
    ),
];

pub(super) static LIMITS: &[Field] = &[
    scalar(
        "in_flight",
        COUNT,
        Default("off"),
        "Connections or requests that the pool serves at one time.",
    ),
    scalar(
        "backend_in_flight",
        COUNT,
        Default("off"),
        "Connections or requests that one backend serves at one time.",
    ),
    scalar(
        "queue",
        integer(0, 1_000_000),
        Default("1000"),
        "Connections or requests that wait for a place beyond these limits; 0 is none.",
    ),
    scalar("queue_timeout", TIME, Default("5s"), "How long one of them waits; then 503."),
];

pub(super) static RETRY: &[Field] = &[
    Field {
        name: "statuses",
        shape: Shape::Values(integer(400, 599), Default("[]")),
        doc: "Statuses of answers for which the request is sent to another backend.",
    },
    scalar(
        "buffer",
        BUFFER,
        Default("64KiB"),
        "How much of a request's body is kept so that it can be sent again; 0B is none.",
    ),
    scalar(
        "budget",
        integer(0, 100),
        Default("20"),
        "Per cent of the requests that may be sent again.",
    ),
    scalar(
        "per_try",
        LIMIT,
        Default("off"),
        "How long the first byte of an answer may take once the request is sent; then the next.",
    ),
    scalar(
        "hedge",
        Kind::Decimal { least: 50.0, most: 99.9, off: true },
        Default("off"),
        "The percentile of the pool's latencies after which a second backend is asked as well.",
    ),
];
