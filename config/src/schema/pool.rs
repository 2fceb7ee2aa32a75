//! The keys of a pool.
//!
//! | module | keys |
//! |---|---|
//! | here | backends, and how one is chosen |
//! | `health` | which backends get nothing: the tables `probe` and `eject` |
//! | `requests` | what becomes of requests: the tables `sticky`, `limits` and `retry` |

mod health;
mod requests;

use super::Presence::{Default, Optional, Required};
use super::sections::{LIMIT, TIME, integer, scalar};
use super::{Field, Items, Kind, NAME, Presence, Shape};
use crate::settings::{Balance, Reuse};
use crate::{backends, endpoint, hash};

pub(super) static POOL: &[Field] = &[
    scalar(
        "balance",
        Kind::Choice { noun: "an algorithm", names: Balance::NAMES },
        Default("round_robin"),
        "How a backend is chosen for a connection or a request.",
    ),
    scalar(
        "hash",
        Kind::Text(&hash::RULE),
        Default("address"),
        "What ring_hash, maglev and source_hash hash: the client's address, or a part of a request.",
    ),
    scalar(
        "bounded_load",
        Kind::Decimal { least: 1.05, most: 10.0, off: true },
        Default("off"),
        "With ring_hash, maglev and source_hash, how many times its share of what is under way a \
         backend gets at most.",
    ),
    scalar(
        "slow_start",
        LIMIT,
        Default("off"),
        "How long a backend that comes back takes to get its whole share.",
    ),
    scalar(
        "panic",
        integer(0, 100),
        Default("50"),
        "Per cent of the backends that must be able to serve, or ejections are ignored; 0 is never.",
    ),
    backends(Optional("required unless the key file is there")),
    scalar(
        "file",
        Kind::Text(&backends::FILE),
        Optional("only the backends that stand here"),
        "A file with more backends, which is watched; relative to this file's directory.",
    ),
    scalar("connect_timeout", TIME, Default("5s"), "How long connecting to a backend may take."),
    scalar(
        "attempts",
        integer(1, 16),
        Default("3"),
        "Backends that are tried for a connection or a request before the client is refused.",
    ),
    scalar(
        "fall",
        integer(1, 100),
        Default("3"),
        "Connections to a backend that fail in a row before it is out.",
    ),
    scalar(
        "retry_after",
        TIME,
        Default("1s"),
        "How long a backend that is out rests before one connection tries it again.",
    ),
    scalar(
        "resolve",
        TIME,
        Default("30s"),
        "How long an answer of DNS is used at most, and how long a failed question rests.",
    ),
    scalar(
        "reuse",
        Kind::Choice { noun: "a way to reuse connections", names: Reuse::NAMES },
        Default("safe"),
        "Which requests go onto a connection that was used before: safe is those that may be \
         repeated.",
    ),
    scalar(
        "idle_connections",
        integer(0, 65_535),
        Default("64"),
        "Connections without a request that each worker keeps to each backend.",
    ),
    scalar(
        "idle_timeout",
        TIME,
        Default("30s"),
        "How long a connection without a request is kept.",
    ),
    Field {
        name: "sticky",
        shape: Shape::OptionalTable(requests::STICKY, "a client is held to no backend"),
        doc: "Clients go back to the backend that a cookie names.",
    },
    Field {
        name: "probe",
        shape: Shape::Table(health::PROBE),
        doc: "The active health check: a TCP connection to each backend, or a request.",
    },
    Field {
        name: "eject",
        shape: Shape::Table(health::EJECT),
        doc: "The passive health check: who answers badly rests.",
    },
    Field {
        name: "limits",
        shape: Shape::Table(requests::LIMITS),
        doc: "How much is under way at one time, and who waits.",
    },
    Field {
        name: "retry",
        shape: Shape::Table(requests::RETRY),
        doc: "Which requests are sent to a second backend.",
    },
];

/// The keys of a file of backends.
pub(crate) static BACKENDS_FILE: &[Field] = &[backends(Required)];

const fn backends(presence: Presence) -> Field {
    Field {
        name: "backends",
        shape: Shape::List(
            Items {
                fields: BACKEND,
                short: Some("address"),
                noun: "a backend",
                example: "\"10.0.0.1:80\" or { address = \"10.0.0.1:80\", weight = 2 }",
            },
            presence,
        ),
        doc: "Where the pool's backends are; a bare text is the address of one.",
    }
}

static BACKEND: &[Field] = &[
    scalar(
        "address",
        Kind::Backend,
        Optional("required unless the key srv is there"),
        "An IP address or a host name, and a port.",
    ),
    scalar(
        "srv",
        Kind::Text(&endpoint::SRV),
        Optional("required unless the key address is there"),
        "A name whose SRV records say where backends are, with their weights and priorities.",
    ),
    scalar(
        "weight",
        integer(1, 256),
        Default("1"),
        "The backend's share of connections, relative to the others.",
    ),
    scalar(
        "backup",
        Kind::Boolean,
        Default("false"),
        "Whether it serves only when no other backend can.",
    ),
    scalar(
        "priority",
        integer(0, 15),
        Default("0"),
        "Its tier, 0 the best: a tier serves what those before it cannot.",
    ),
    scalar(
        "zone",
        Kind::Text(&NAME),
        Optional("near every server"),
        "Where it is; in another zone than the server's it is the second choice.",
    ),
];
