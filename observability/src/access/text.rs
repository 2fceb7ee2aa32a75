//! A line for people, as `tracing-subscriber` writes its own.

use std::io::Write;
use std::net::SocketAddr;

use opentelemetry::trace::{SpanId, TraceId};

use super::address::address;
use super::quote::Escape;
use super::shape::{Key, Of, Shape};
use super::stamp::Stamp;
use crate::log::{Format, ids};

pub(crate) struct Text;

impl Shape for Text {
    #[inline]
    fn begin(out: &mut Vec<u8>, stamp: &Stamp, of: Of) {
        out.extend_from_slice(stamp);
        out.extend_from_slice(b"  INFO ");
        out.extend_from_slice(of.target.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(of.message.as_bytes());
    }

    #[inline]
    fn key(out: &mut Vec<u8>, key: Key) {
        out.extend_from_slice(key.text.as_bytes());
    }

    #[inline]
    fn none(out: &mut Vec<u8>) {
        out.extend_from_slice(b"none");
    }

    #[inline]
    fn address(out: &mut Vec<u8>, of: SocketAddr) {
        address(out, of);
    }

    #[inline]
    fn end(out: &mut Vec<u8>, _: Of, trace: Option<(TraceId, SpanId)>) {
        if let Some(trace) = trace {
            ids::append(out, Format::Text, trace);
        }
        out.push(b'\n');
    }
}

/// As `Debug` of a string does.
impl Escape for Text {
    fn ascii(out: &mut Vec<u8>, byte: u8) {
        let short = match byte {
            0 => b'0',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            b'"' | b'\\' => byte,
            _ => return Self::character(out, char::from(byte)),
        };
        out.extend_from_slice(&[b'\\', short]);
    }

    fn character(out: &mut Vec<u8>, character: char) {
        // Writing to memory cannot fail.
        let _always = write!(out, "{}", character.escape_debug());
    }

    fn invalid(out: &mut Vec<u8>, bytes: &[u8]) {
        for byte in bytes {
            let _always = write!(out, "\\x{byte:02x}");
        }
    }
}
