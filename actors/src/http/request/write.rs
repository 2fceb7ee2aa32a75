//! The head of a request on its way to a backend.

use std::net::IpAddr;

use trunkline_observability::trace::w3c;
use trunkline_runtime::trace::TraceContext;

use super::{RequestBody, RequestHead, TRACEPARENT, offset};
use crate::http::forwarded;

/// What is written beside what the client sent: the forwarding fields, framing, and some room.
const EXTRA: usize = 384;

/// How a request goes on.
#[derive(Debug, Clone, Copy)]
pub struct Onward<'a> {
    /// The target to be asked for: [`RequestHead::path`], or what it is rewritten to. It must be
    /// free of white space and controls, as the former is.
    pub path: &'a [u8],
    /// Who the request comes from: the peer of the connection.
    pub client: IpAddr,
    /// Whether what the client says about whom it stands for is believed.
    pub trusted: bool,
    /// Whether the backend shall close the connection after its answer. With an upgrade it is not
    /// said: see [`RequestHead::write`].
    pub close: bool,
    /// The trace it is a part of from here on. Where there is none, what the client said of one is
    /// passed on.
    pub trace: Option<OnwardTrace>,
}

/// The trace of a request that goes on.
#[derive(Debug, Clone, Copy)]
pub struct OnwardTrace {
    /// Whose part it is for the backend.
    pub context: TraceContext,
    /// Whether it is the trace that the client named: then what the client said beside that is
    /// passed on.
    pub is_clients: bool,
}

impl RequestHead<'_, '_> {
    /// Appends the head for the backend: in HTTP/1.1, with the end-to-end fields as the client sent
    /// them and in their order, with framing and forwarding fields of our own.
    ///
    /// A request without `Host` gets one: that of its target, else an empty one, as RFC 9112 §3.2
    /// wants for a target without an authority.
    ///
    /// There is no `Via`: nginx and others leave compression off for requests that carry it, and
    /// neither haproxy nor nginx writes it.
    ///
    /// A request that offers an upgrade says `Connection: Upgrade` and never `close` beside it: RFC
    /// 9110 §7.8 wants the one, and some servers compare the field as a whole or take `close` for a
    /// no. Whoever wants the connection closed after such a request closes it.
    ///
    /// Gives the place of the span's id in `traceparent`, 16 digits: each try has one of its own.
    pub fn write(&self, to: &mut Vec<u8>, onward: &Onward<'_>) -> Option<usize> {
        to.reserve(self.bytes.len() + onward.path.len() + EXTRA);
        to.extend_from_slice(self.method.as_bytes());
        to.push(b' ');
        to.extend_from_slice(onward.path);
        to.extend_from_slice(b" HTTP/1.1\r\n");
        let span = onward.trace.map(|trace| {
            to.extend_from_slice(b"traceparent: ");
            let start = to.len();
            to.extend_from_slice(&w3c::write(&trace.context));
            to.extend_from_slice(b"\r\n");
            start + w3c::SPAN_AT
        });
        if !self.has_host {
            push(to, b"Host: ", self.host.as_bytes());
        }
        self.write_fields(to, onward);
        forwarded::write(self, to, onward);
        match self.body {
            RequestBody::None => {}
            RequestBody::Length(length) => {
                push(to, b"Content-Length: ", itoa::Buffer::new().format(length).as_bytes());
            }
            RequestBody::Chunked => to.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        }
        match self.upgrade {
            Some(offer) => push(to, b"Connection: Upgrade\r\nUpgrade: ", offer),
            None if onward.close => to.extend_from_slice(b"Connection: close\r\n"),
            None => {}
        }
        to.extend_from_slice(b"\r\n");
        span
    }

    /// Copies the lines between those that are dropped, each run of them at once.
    fn write_fields(&self, to: &mut Vec<u8>, onward: &Onward<'_>) {
        let end = self.bytes.len().saturating_sub(2);
        let line = |place: usize| {
            self.fields.get(place).map_or(end, |field| offset(self.bytes, field.name))
        };
        let mut dropped = self.dropped;
        if !onward.trusted {
            dropped = dropped.with(self.told);
        }
        match onward.trace {
            None => {}
            Some(OnwardTrace { is_clients: false, .. }) => dropped = dropped.with(self.traced),
            Some(OnwardTrace { is_clients: true, .. }) => {
                for place in self.traced.iter() {
                    let field = self.fields.get(place);
                    if field.is_some_and(|field| field.name.eq_ignore_ascii_case(TRACEPARENT)) {
                        dropped.add(place);
                    }
                }
            }
        }
        let mut from = line(0);
        for place in dropped.iter() {
            to.extend_from_slice(self.bytes.get(from..line(place)).unwrap_or_default());
            from = line(place + 1);
        }
        to.extend_from_slice(self.bytes.get(from..end).unwrap_or_default());
    }
}

/// Appends a line: its start, with the colon, and its value.
pub(in crate::http) fn push(to: &mut Vec<u8>, start: &[u8], value: &[u8]) {
    to.extend_from_slice(start);
    to.extend_from_slice(value);
    to.extend_from_slice(b"\r\n");
}
