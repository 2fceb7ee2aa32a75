//! How the members of a line are written.

use std::net::SocketAddr;

use opentelemetry::trace::{SpanId, TraceId};

use super::quote::Escape;
use super::stamp::Stamp;

/// A member's name with all that is written before its value, made where the program is compiled.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) text: &'static str,
    pub(super) json: &'static str,
}

/// The [`Key`] of a name.
macro_rules! key {
    ($name:literal) => {
        $crate::access::shape::Key {
            text: concat!(" ", $name, "="),
            json: concat!(",\"", $name, "\":"),
        }
    };
}
pub(super) use key;

/// What a line is about.
#[derive(Clone, Copy)]
pub(super) struct Of {
    pub(super) target: &'static str,
    pub(super) message: &'static str,
}

/// One implementation for each [`Format`](crate::log::Format).
pub(super) trait Shape: Escape {
    /// What stands before the first member.
    fn begin(out: &mut Vec<u8>, stamp: &Stamp, of: Of);

    /// What stands before a value.
    fn key(out: &mut Vec<u8>, key: Key);

    /// There is no such value.
    fn none(out: &mut Vec<u8>);

    /// An address.
    fn address(out: &mut Vec<u8>, address: SocketAddr);

    /// What stands after the last member, line feed included; the trace that it belongs to is told
    /// of there.
    fn end(out: &mut Vec<u8>, of: Of, trace: Option<(TraceId, SpanId)>);
}
