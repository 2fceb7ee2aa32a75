//! The lines that are written for every connection and every request: [`ConnectionLine`] and
//! [`AccessLine`], of one HTTP request.
//!
//! It has the form of all other lines, with the target `trunkline::request`, and is written by
//! hand: it costs a worker a fraction of a microsecond, where a macro of `tracing` costs several.
//!
//! | member | what |
//! |---|---|
//! | `request` | its number, 16 hexadecimal digits |
//! | `client` | the peer's address |
//! | `listener`, `connection`, `worker` | where it came in |
//! | `method`, `host`, `path`, `protocol` | as the client sent them; of a head that cannot be read, `path` is its first line |
//! | `status` | of the answer; `none` (in JSON `null`) if nothing was answered |
//! | `route`, `pool`, `backend` | where it went; empty if it did not come so far |
//! | `tries` | backends that were tried |
//! | `reused` | whether it went over a connection that was kept |
//! | `phase`, `code` | how far it came, and why it ended |
//! | `bytes_in`, `bytes_out` | bytes of the client, and to the client |
//! | `wait_us` | microseconds from its whole head until all of it, with its body, was sent to the backend; 0 if it was not |
//! | `first_byte_us` | from its whole head to the first byte of the backend's answer, interim ones left out; `none` without one |
//! | `total_us` | its whole time |
//! | `detail` | more on why it ended; left out where there is nothing to say |
//! | `trace_id`, `span_id` | its trace and its span there; left out where it has none |

mod address;
mod connection;
mod json;
mod quote;
mod shape;
mod stamp;
mod text;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use opentelemetry::trace::{SpanId, TraceId};

pub use connection::ConnectionLine;
pub(crate) use json::Json;
pub(crate) use quote::Escape;
use quote::quoted;
use shape::{Key, Of, Shape, key};
use stamp::stamp;
pub(crate) use text::Text;

use crate::log::{Format, LONGEST, Sink, ids};

const REQUEST: Of = Of { target: "trunkline::request", message: "request done" };

/// So that a connection need not carry it: there may be very many of them.
static OF_PROCESS: OnceLock<AccessLog> = OnceLock::new();

/// The most bytes of a string that a peer chose.
const MOST: usize = 1024;

/// The most bytes of a name out of the file.
const MOST_OF_NAME: usize = 256;

/// A line of a request is never cut as a whole: its four strings from outside, its seven names,
/// three bytes for the mark of each, and a kilobyte for keys, quotes and numbers, fit.
const _: () = assert!(4 * (MOST + 3) + 7 * (MOST_OF_NAME + 3) + 1024 <= LONGEST);

/// What is said of one request. Strings may have any content: they are quoted, what does not print
/// is escaped, and a long one is cut and ends in `…` then. `method`, `host`, `path` and `detail`
/// have 1 KiB at the most, names 256 bytes.
#[derive(Debug, Clone, Copy)]
pub struct AccessLine<'a> {
    /// The request's number.
    pub request: u64,
    /// The peer's address.
    pub client: SocketAddr,
    /// The listener's name.
    pub listener: &'a str,
    /// The connection's number.
    pub connection: u64,
    /// The worker's index.
    pub worker: usize,
    /// The method as the client sent it.
    pub method: &'a [u8],
    /// The host as the client sent it.
    pub host: &'a [u8],
    /// The path as the client sent it.
    pub path: &'a [u8],
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub protocol: &'static str,
    /// The status of the answer; 0 if nothing was answered.
    pub status: u16,
    /// The route's name.
    pub route: &'a str,
    /// The pool's name; empty if none was asked for a backend.
    pub pool: &'a str,
    /// The address of the last backend; empty if none was tried.
    pub backend: &'a str,
    /// How many backends were tried.
    pub tries: u32,
    /// It went over a connection that was kept.
    pub reused: bool,
    /// How far it came. One of a closed set.
    pub phase: &'static str,
    /// Why it ended. One of a closed set.
    pub code: &'static str,
    /// Bytes from the client.
    pub bytes_in: u64,
    /// Bytes to the client.
    pub bytes_out: u64,
    /// Microseconds from its whole head until all of it, with its body, was sent to the backend; 0 if
    /// it was not.
    pub wait_us: u64,
    /// Microseconds from its whole head to the first byte of the answer, if there was one.
    pub first_byte_us: Option<u64>,
    /// Microseconds of the whole request.
    pub total_us: u64,
    /// More on why it ended; left out if it is empty.
    pub detail: &'a str,
    /// Its trace and its span there, if it has one.
    pub trace: Option<(TraceId, SpanId)>,
}

/// Where the lines of requests go. Cheap to clone; without a log, as [`AccessLog::off`] and the
/// default are, it writes nothing.
#[derive(Clone, Default)]
pub struct AccessLog {
    to: Option<Lines>,
}

#[derive(Clone)]
struct Lines {
    sink: Sink,
    format: Format,
    /// Not while less is logged than these lines.
    on: Arc<AtomicBool>,
}

impl AccessLog {
    pub(crate) fn new(sink: Sink, format: Format) -> Self {
        Self { to: Some(Lines { sink, format, on: Arc::new(AtomicBool::new(true)) }) }
    }

    /// That of the process, once its log has started.
    #[must_use]
    pub fn of_process() -> Option<&'static Self> {
        OF_PROCESS.get()
    }

    pub(crate) fn become_that_of_the_process(&self) {
        // A process starts one log.
        let _ = OF_PROCESS.set(self.clone());
    }

    /// One that writes nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Whether lines are written: what only a line needs can be left out otherwise.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.lines().is_some()
    }

    fn lines(&self) -> Option<&Lines> {
        self.to.as_ref().filter(|lines| lines.on.load(Ordering::Relaxed))
    }

    /// Whether lines are written from now on, in all its clones.
    pub(crate) fn turn(&self, on: bool) {
        if let Some(lines) = &self.to {
            lines.on.store(on, Ordering::Relaxed);
        }
    }

    /// Writes the line of a request that is done now. Never waits: a line for which there is no
    /// room is counted and dropped.
    pub fn write(&self, line: &AccessLine<'_>) {
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

/// Appends the whole line.
fn append<S: Shape>(out: &mut Vec<u8>, now: SystemTime, line: &AccessLine<'_>) {
    S::begin(out, &stamp(now), REQUEST);
    S::key(out, key!("request"));
    hexadecimal(out, line.request);
    S::key(out, key!("client"));
    S::address(out, line.client);
    string::<S>(out, key!("listener"), line.listener.as_bytes(), MOST_OF_NAME);
    number::<S>(out, key!("connection"), line.connection);
    number::<S>(out, key!("worker"), line.worker);
    string::<S>(out, key!("method"), line.method, MOST);
    string::<S>(out, key!("host"), line.host, MOST);
    string::<S>(out, key!("path"), line.path, MOST);
    word::<S>(out, key!("protocol"), line.protocol);
    optional::<S>(out, key!("status"), (line.status != 0).then_some(line.status.into()));
    string::<S>(out, key!("route"), line.route.as_bytes(), MOST_OF_NAME);
    string::<S>(out, key!("pool"), line.pool.as_bytes(), MOST_OF_NAME);
    string::<S>(out, key!("backend"), line.backend.as_bytes(), MOST_OF_NAME);
    number::<S>(out, key!("tries"), line.tries);
    S::key(out, key!("reused"));
    out.extend_from_slice(if line.reused { b"true" } else { b"false" });
    word::<S>(out, key!("phase"), line.phase);
    word::<S>(out, key!("code"), line.code);
    number::<S>(out, key!("bytes_in"), line.bytes_in);
    number::<S>(out, key!("bytes_out"), line.bytes_out);
    number::<S>(out, key!("wait_us"), line.wait_us);
    optional::<S>(out, key!("first_byte_us"), line.first_byte_us);
    number::<S>(out, key!("total_us"), line.total_us);
    if !line.detail.is_empty() {
        string::<S>(out, key!("detail"), line.detail.as_bytes(), MOST);
    }
    S::end(out, REQUEST, line.trace);
}

#[inline]
fn string<S: Shape>(out: &mut Vec<u8>, key: Key, value: &[u8], most: usize) {
    S::key(out, key);
    quoted::<S>(out, value, most);
}

/// A word of the program's own, in which there is nothing to escape.
#[inline]
fn word<S: Shape>(out: &mut Vec<u8>, key: Key, word: &'static str) {
    debug_assert!(word.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte)));
    S::key(out, key);
    out.push(b'"');
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

#[inline]
fn number<S: Shape>(out: &mut Vec<u8>, key: Key, value: impl itoa::Integer) {
    S::key(out, key);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[inline]
fn optional<S: Shape>(out: &mut Vec<u8>, key: Key, value: Option<u64>) {
    match value {
        Some(value) => number::<S>(out, key, value),
        None => {
            S::key(out, key);
            S::none(out);
        }
    }
}

/// Sixteen digits in quotes: as a number of JSON it would lose its last ones in many readers.
#[inline]
fn hexadecimal(out: &mut Vec<u8>, value: u64) {
    out.push(b'"');
    ids::hexadecimal(out, value.to_be_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests;
