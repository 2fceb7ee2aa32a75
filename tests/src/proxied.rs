//! What every proxy of a comparison is told, each in its own words: [`crate::peers::haproxy`],
//! [`crate::peers::nginx`] and, for Trunkline, [`configuration`].
//!
//! A setting that one of them does not have is off in the others. Time-outs are never reached; they
//! are set because armed timers cost something.

use std::fmt;
use std::net::SocketAddr;

/// Threads, or processes, that carry connections.
pub const WORKERS: usize = 2;
/// Connections of clients at one time: for haproxy with splice they are two descriptors each and
/// half a one for pipes, and 20,000 is a common hard limit.
pub const CONNECTIONS: u32 = 6000;
/// Connections that wait in the kernel to be accepted.
pub const BACKLOG: u32 = 4096;
/// Seconds that connecting to a backend may take.
pub const CONNECT: u32 = 5;
/// Seconds without a byte that end a forwarded connection.
pub const IDLE: u32 = 3600;
/// Seconds of quiet before the first TCP keep-alive probe, on both sides.
pub const TCP_KEEPALIVE: u32 = 60;
/// Seconds that a request's head may take.
pub const HEAD: u32 = 10;
/// Seconds that a body may stand still.
pub const BODY: u32 = 30;
/// Seconds that a client may take until its next request.
pub const KEEP_ALIVE: u32 = 60;
/// Seconds from a request to the first byte of its answer.
pub const FIRST_BYTE: u32 = 60;
/// Requests of one connection: never reached.
pub const REQUESTS: u32 = 1_000_000;
/// Idle connections to a backend that are kept by each worker: enough for all clients at once.
pub const IDLE_UPSTREAM: u32 = 256;
/// Seconds that these are kept.
pub const IDLE_UPSTREAM_TIME: u32 = 30;
/// Seconds from one health check of a backend to the next.
pub const CHECK: u32 = 2;
/// Health checks in a row that take a backend in, and out.
pub const RISE_AND_FALL: (u32, u32) = (2, 3);

/// What is understood of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Nothing: bytes are forwarded.
    L4,
    /// HTTP/1.1.
    Http,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L4 => "l4",
            Self::Http => "http",
        })
    }
}

/// The settings that are equal, for whoever reads the figures.
pub fn settings() -> Vec<(&'static str, String)> {
    let (rise, fall) = RISE_AND_FALL;
    vec![
        ("threads or worker processes", WORKERS.to_string()),
        ("connections of clients at most", format!("{CONNECTIONS}, backlog {BACKLOG}")),
        ("TCP keep-alive after", format!("{TCP_KEEPALIVE} s, both sides")),
        ("time-outs of L4", format!("connect {CONNECT} s, idle {IDLE} s")),
        (
            "time-outs of HTTP",
            format!(
                "connect {CONNECT} s, head {HEAD} s, body {BODY} s, first byte {FIRST_BYTE} s, \
                 next request {KEEP_ALIVE} s"
            ),
        ),
        (
            "connections to the backend",
            format!(
                "{IDLE_UPSTREAM} idle ones kept by each worker, for {IDLE_UPSTREAM_TIME} s (haproxy: \
                 as it finds right)"
            ),
        ),
        (
            "health checks",
            format!(
                "TCP every {CHECK} s, rise {rise}, fall {fall} (haproxy, trunkline); passive, \
                 {fall} failures (nginx, which has no other)"
            ),
        ),
        (
            "access log",
            "a line for each connection (L4) or request (HTTP): trunkline to stderr, a file; \
             haproxy tcplog or httplog by UDP on loopback; nginx to a file, buffer=64k flush=1s"
                .to_owned(),
        ),
        ("forwarded fields", "X-Forwarded-For and X-Forwarded-Proto are added".to_owned()),
    ]
}

/// Trunkline's configuration for one listener and one pool with one backend, both called "main".
pub fn configuration(layer: Layer, listen: SocketAddr, backend: SocketAddr) -> String {
    let (rise, fall) = RISE_AND_FALL;
    let listener = match layer {
        Layer::L4 => format!("protocol = \"forward\"\npool = \"main\"\nidle = \"{IDLE}s\"\n"),
        Layer::Http => format!(
            "protocol = \"http\"\nroutes = [{{ pool = \"main\" }}]\n\
             [listener.main.http]\nhead = \"{HEAD}s\"\nbody = \"{BODY}s\"\n\
             keep_alive = \"{KEEP_ALIVE}s\"\nfirst_byte = \"{FIRST_BYTE}s\"\nrequests = {REQUESTS}\n"
        ),
    };
    let pool = match layer {
        Layer::L4 => String::new(),
        Layer::Http => format!(
            "idle_connections = {IDLE_UPSTREAM}\nidle_timeout = \"{IDLE_UPSTREAM_TIME}s\"\n"
        ),
    };
    // Off: nginx has no TCP_USER_TIMEOUT.
    format!(
        "[server]\nworkers = {WORKERS}\nconnections = {CONNECTIONS}\n\n\
         [listener.main]\nbind = \"{listen}\"\nbacklog = {BACKLOG}\n\
         keepalive = \"{TCP_KEEPALIVE}s\"\nuser_timeout = \"off\"\n{listener}\n\
         [pool.main]\nbackends = [\"{backend}\"]\nconnect_timeout = \"{CONNECT}s\"\n{pool}\n\
         [pool.main.probe]\ninterval = \"{CHECK}s\"\nrise = {rise}\nfall = {fall}\n"
    )
}
