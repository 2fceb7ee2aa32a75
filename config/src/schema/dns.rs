//! The section `dns`.

use std::time::Duration;

use super::Presence::Default;
use super::sections::{HOUR, MILLISECOND, SECOND, integer, scalar};
use super::{Field, Kind, Shape};
use crate::endpoint;

/// Clients of DNS give up after far less; beyond it a time-out is none.
const TRY: Kind =
    Kind::Duration { least: MILLISECOND, most: SECOND.saturating_mul(60), off: false };
/// Servers are asked again and again at this pace, for answers with a TTL of zero.
const SHORTEST: Kind = Kind::Duration { least: Duration::from_millis(100), most: HOUR, off: false };

pub(super) static DNS: &[Field] = &[
    Field {
        name: "servers",
        shape: Shape::Values(Kind::Text(&endpoint::SERVER), Default("[]")),
        doc: "The name servers that are asked; without any, those of /etc/resolv.conf.",
    },
    scalar("timeout", TRY, Default("2s"), "How long one try of a question may take."),
    scalar("attempts", integer(1, 10), Default("2"), "Tries of a question until it has failed."),
    scalar(
        "shortest",
        SHORTEST,
        Default("1s"),
        "How long an answer is used at least, whatever its TTL.",
    ),
];
