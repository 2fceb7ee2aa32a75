//! The sections of a file and their keys.

use std::time::Duration;

use super::Presence::{Default, Optional, Required};
use super::{Field, Kind, NAME, Presence, Shape, admin, dns, http, pool, telemetry};
use crate::admin as admin_api;
use crate::settings::{LogFormat, LogLevel};

pub(super) const MILLISECOND: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// 1000 hours: six weeks. Beyond it a limit is no limit, and the kernel counts TCP_USER_TIMEOUT in
/// milliseconds in 32 bits.
const LONGEST: Duration = Duration::from_secs(1_000 * 3_600);

/// A time that something takes or waits, of at least a millisecond.
pub(super) const TIME: Kind = Kind::Duration { least: MILLISECOND, most: LONGEST, off: false };
/// A time that may be nothing.
const TIME_OR_ZERO: Kind = Kind::Duration { least: Duration::ZERO, most: LONGEST, off: false };
/// A limit in time that can be absent.
pub(super) const LIMIT: Kind = Kind::Duration { least: MILLISECOND, most: LONGEST, off: true };
/// The kernel takes TCP_KEEPIDLE in whole seconds and at most 32767 of them.
const KEEPALIVE: Kind = Kind::Duration { least: SECOND, most: HOUR.saturating_mul(9), off: true };

pub(super) const fn scalar(
    name: &'static str,
    kind: Kind,
    presence: Presence,
    doc: &'static str,
) -> Field {
    Field { name, shape: Shape::Scalar(kind, presence), doc }
}

pub(super) const fn integer(least: u32, most: u32) -> Kind {
    Kind::Integer { least, most, off: false }
}

/// A limit in number that can be absent.
pub(super) const COUNT: Kind = Kind::Integer { least: 1, most: u32::MAX, off: true };

/// The sections of a file.
pub(crate) static ROOT: &[Field] = &[
    Field { name: "server", shape: Shape::Table(SERVER), doc: "The process as a whole." },
    Field { name: "admin", shape: Shape::Table(admin::ADMIN), doc: "Who may use the admin API." },
    Field { name: "log", shape: Shape::Table(LOG), doc: "The log on stderr." },
    Field {
        name: "telemetry",
        shape: Shape::Table(telemetry::TELEMETRY),
        doc: "Which requests are traced, and where their spans go.",
    },
    Field { name: "dns", shape: Shape::Table(dns::DNS), doc: "How host names are resolved." },
    Field {
        name: "listener",
        shape: Shape::Named(LISTENER),
        doc: "Addresses that clients connect to.",
    },
    Field {
        name: "pool",
        shape: Shape::Named(pool::POOL),
        doc: "Backends that serve the same thing.",
    },
];

static SERVER: &[Field] = &[
    scalar(
        "workers",
        integer(1, 1024),
        Optional("one per core"),
        "Threads that carry connections.",
    ),
    scalar(
        "drain",
        TIME_OR_ZERO,
        Default("30s"),
        "How long connections may take to end by themselves once the server stops.",
    ),
    scalar(
        "lame_duck",
        TIME_OR_ZERO,
        Default("0s"),
        "How long the server goes on accepting after it was told to stop, so that a balancer in \
         front of it can notice.",
    ),
    scalar(
        "connections",
        integer(1, u32::MAX),
        Optional("as many as the limit of open files allows"),
        "Connections of clients at one time, over all listeners.",
    ),
    scalar(
        "zone",
        Kind::Text(&NAME),
        Optional("no backend is in a foreign zone"),
        "Where the server is; backends in another zone are the second choice.",
    ),
    scalar(
        "admin",
        Kind::Text(&admin_api::ADDRESS),
        Default("off"),
        "Where the admin API listens: an IP address and a port, or unix: and a path.",
    ),
];

static LOG: &[Field] = &[
    scalar(
        "level",
        Kind::Choice { noun: "a level", names: LogLevel::NAMES },
        Default("info"),
        "The least severe level that is logged.",
    ),
    scalar(
        "format",
        Kind::Choice { noun: "a log format", names: LogFormat::NAMES },
        Default("text"),
        "Lines for people, or one JSON object a line.",
    ),
];

static LISTENER: &[Field] = &[
    scalar(
        "bind",
        Kind::Bind,
        Required,
        "The IP address and port to listen on; port 0 takes any free one.",
    ),
    scalar(
        "protocol",
        Kind::Protocol,
        Default("forward"),
        "What happens on a connection: forward passes bytes to a pool, http passes requests by \
         its routes, echo sends bytes back, and a program may bring protocols of its own.",
    ),
    scalar(
        "pool",
        Kind::Pool,
        Optional("required by the protocol forward, refused by every other"),
        "The pool that connections are forwarded to.",
    ),
    Field {
        name: "settings",
        shape: Shape::Free("none given; refused by the protocols forward, http and echo"),
        doc: "What a protocol that the program brings reads for itself.",
    },
    http::ROUTES,
    http::TRUSTED,
    Field {
        name: "http",
        shape: Shape::Table(http::HTTP),
        doc: "The limits of requests; only for the protocol http.",
    },
    scalar(
        "connections",
        integer(1, u32::MAX),
        Optional("only the limit of the server"),
        "Connections of this listener at one time.",
    ),
    scalar(
        "idle",
        LIMIT,
        Default("24h"),
        "How long no byte may pass in either direction before a connection is closed; with the \
         protocol http, after an upgrade.",
    ),
    scalar(
        "keepalive",
        KEEPALIVE,
        Default("60s"),
        "How long a connection is quiet before the first TCP keep-alive probe, on both sides.",
    ),
    scalar(
        "user_timeout",
        LIMIT,
        Default("5m"),
        "How long sent bytes may stay unacknowledged (TCP_USER_TIMEOUT), on both sides.",
    ),
    scalar(
        "backlog",
        integer(1, 65_535),
        Default("4096"),
        "Connections that the kernel queues for each worker until they are accepted.",
    ),
];
