//! A line as one JSON object, with the members that `tracing-subscriber` gives its own.

use std::io::Write;
use std::net::SocketAddr;

use opentelemetry::trace::{SpanId, TraceId};

use super::address::address;
use super::quote::Escape;
use super::shape::{Key, Of, Shape};
use super::stamp::Stamp;
use crate::log::{Format, ids};

pub(crate) struct Json;

impl Shape for Json {
    #[inline]
    fn begin(out: &mut Vec<u8>, stamp: &Stamp, of: Of) {
        out.extend_from_slice(b"{\"timestamp\":\"");
        out.extend_from_slice(stamp);
        out.extend_from_slice(b"\",\"level\":\"INFO\",\"message\":\"");
        out.extend_from_slice(of.message.as_bytes());
        out.push(b'"');
    }

    #[inline]
    fn key(out: &mut Vec<u8>, key: Key) {
        out.extend_from_slice(key.json.as_bytes());
    }

    #[inline]
    fn none(out: &mut Vec<u8>) {
        out.extend_from_slice(b"null");
    }

    #[inline]
    fn address(out: &mut Vec<u8>, of: SocketAddr) {
        out.push(b'"');
        address(out, of);
        out.push(b'"');
    }

    #[inline]
    fn end(out: &mut Vec<u8>, of: Of, trace: Option<(TraceId, SpanId)>) {
        out.extend_from_slice(b",\"target\":\"");
        out.extend_from_slice(of.target.as_bytes());
        out.push(b'"');
        if let Some(trace) = trace {
            ids::append(out, Format::Json, trace);
        }
        out.extend_from_slice(b"}\n");
    }
}

/// After RFC 8259 §7, and whatever does not print is escaped as well: a terminal obeys more than
/// the controls that JSON forbids.
impl Escape for Json {
    fn ascii(out: &mut Vec<u8>, byte: u8) {
        let short = match byte {
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            _ => {
                let _always = write!(out, "\\u{byte:04x}");
                return;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }

    fn character(out: &mut Vec<u8>, character: char) {
        if character.escape_debug().len() == 1 {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _always = write!(out, "\\u{unit:04x}");
        }
    }

    fn invalid(out: &mut Vec<u8>, _bytes: &[u8]) {
        out.extend_from_slice("\u{fffd}".as_bytes());
    }
}
