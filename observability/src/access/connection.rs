//! The line of one connection.

use std::net::SocketAddr;
use std::time::SystemTime;

use opentelemetry::trace::{SpanId, TraceId};

use super::json::Json;
use super::shape::{Of, Shape, key};
use super::stamp::stamp;
use super::text::Text;
use super::{AccessLog, Lines, MOST_OF_NAME, number, string, word};
use crate::log::Format;

const CONNECTION: Of = Of { target: "trunkline::connection", message: "connection closed" };

/// What is said of one connection; strings as in [`AccessLine`](super::AccessLine).
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLine<'a> {
    /// The connection's number.
    pub id: u64,
    /// The peer's address.
    pub client: SocketAddr,
    /// The listener's name.
    pub listener: &'a str,
    /// The pool's name, or nothing.
    pub pool: &'a str,
    /// The backend's address as the file has it, or nothing.
    pub backend: &'a str,
    /// Backends that were tried.
    pub tries: u32,
    /// How far it came.
    pub phase: &'static str,
    /// Why it ended.
    pub code: &'static str,
    /// Bytes of the client.
    pub bytes_in: u64,
    /// Bytes to the client.
    pub bytes_out: u64,
    /// Microseconds until bytes could flow.
    pub wait_us: u64,
    /// Microseconds of the whole connection.
    pub total_us: u64,
    /// Its trace and its span there, if it has one: written as `trace_id` and `span_id`.
    pub trace: Option<(TraceId, SpanId)>,
}

impl AccessLog {
    /// Writes the line of a connection that has ended now, as [`write`](Self::write) does that of a
    /// request.
    pub fn write_connection(&self, line: &ConnectionLine<'_>) {
        let Some(Lines { sink, format, .. }) = self.lines() else {
            return;
        };
        let now = SystemTime::now();
        match format {
            Format::Text => sink.line(|out| append::<Text>(out, now, line)),
            Format::Json => sink.line(|out| append::<Json>(out, now, line)),
        }
    }
}

fn append<S: Shape>(out: &mut Vec<u8>, now: SystemTime, line: &ConnectionLine<'_>) {
    S::begin(out, &stamp(now), CONNECTION);
    number::<S>(out, key!("id"), line.id);
    S::key(out, key!("client"));
    S::address(out, line.client);
    string::<S>(out, key!("listener"), line.listener.as_bytes(), MOST_OF_NAME);
    string::<S>(out, key!("pool"), line.pool.as_bytes(), MOST_OF_NAME);
    string::<S>(out, key!("backend"), line.backend.as_bytes(), MOST_OF_NAME);
    number::<S>(out, key!("tries"), line.tries);
    word::<S>(out, key!("phase"), line.phase);
    word::<S>(out, key!("code"), line.code);
    number::<S>(out, key!("bytes_in"), line.bytes_in);
    number::<S>(out, key!("bytes_out"), line.bytes_out);
    number::<S>(out, key!("wait_us"), line.wait_us);
    number::<S>(out, key!("total_us"), line.total_us);
    S::end(out, CONNECTION, line.trace);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: ConnectionLine<'static> = ConnectionLine {
        id: 7,
        client: SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4321),
        listener: "main",
        pool: "web",
        backend: "b\n:80",
        tries: 2,
        phase: "stream",
        code: "done",
        bytes_in: 1,
        bytes_out: 2,
        wait_us: 3,
        total_us: 4,
        trace: None,
    };

    fn written<S: Shape>(line: &ConnectionLine<'_>) -> String {
        let mut out = Vec::new();
        append::<S>(&mut out, SystemTime::UNIX_EPOCH, line);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_is_one_line_with_all_its_members_in_both_forms() {
        assert_eq!(
            written::<Text>(&LINE),
            "1970-01-01T00:00:00.000000Z  INFO trunkline::connection: connection closed id=7 \
             client=127.0.0.1:4321 listener=\"main\" pool=\"web\" backend=\"b\\n:80\" tries=2 \
             phase=\"stream\" code=\"done\" bytes_in=1 bytes_out=2 wait_us=3 total_us=4\n"
        );
        let json: serde_json::Value = serde_json::from_str(&written::<Json>(&LINE)).unwrap();
        assert_eq!(json["target"], "trunkline::connection");
        assert_eq!(json["message"], "connection closed");
        assert_eq!((&json["backend"], &json["total_us"]), (&"b\n:80".into(), &4.into()));
        assert!(written::<Json>(&LINE).ends_with("}\n"));
    }

    #[test]
    fn the_line_of_a_connection_with_a_trace_ends_with_it() {
        let line = ConnectionLine { trace: Some((TraceId::from(10), SpanId::from(11))), ..LINE };
        let text = written::<Text>(&line);
        let ids = format!(" trace_id=\"{:032x}\" span_id=\"{:016x}\"\n", 10, 11);
        assert!(text.ends_with(&format!("total_us=4{ids}")), "{text}");
        let json: serde_json::Value = serde_json::from_str(&written::<Json>(&line)).unwrap();
        assert_eq!(json["trace_id"], format!("{:032x}", 10));
        assert_eq!(json["span_id"], format!("{:016x}", 11));
    }
}
