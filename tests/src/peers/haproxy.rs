//! haproxy as a proxy.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;

use anyhow::Result;

use super::{OutsideServer, Program};
use crate::port::ReservedPort;
use crate::proxied::{
    BACKLOG, BODY, CHECK, CONNECT, CONNECTIONS, FIRST_BYTE, HEAD, IDLE, IDLE_UPSTREAM, KEEP_ALIVE,
    Layer, RISE_AND_FALL, TCP_KEEPALIVE, WORKERS,
};

pub mod balancer;

/// Starts haproxy in TCP mode with `threads` threads, forwarding to `backends` in turn.
///
/// Time-outs as its starter guide has them for TCP, its own limit of connections, without logs and
/// health checks; `-db` keeps it one process in the foreground.
///
/// # Errors
/// When it does not start; the error shows what it said.
pub fn start(program: &Program, backends: &[SocketAddr], threads: usize) -> Result<OutsideServer> {
    run(program, |listen| {
        let mut text = format!(
            "global\n    nbthread {threads}\n\n\
             defaults\n    mode tcp\n    balance roundrobin\n    timeout connect 5s\n    \
             timeout client 1h\n    timeout server 1h\n\n\
             listen main\n    bind {listen}\n"
        );
        for (number, backend) in backends.iter().enumerate() {
            writeln!(text, "    server s{number} {backend}")?;
        }
        Ok(text)
    })
}

/// What haproxy may do beside its defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Nothing.
    None,
    /// Forward bytes by splice(2) where it finds it worth while: `option splice-auto`.
    Splice,
    /// Send the first request of a client over a kept connection, too: `http-reuse always`. By its
    /// default (`safe`) only later ones are.
    Reuse,
}

/// Starts haproxy with the settings of [`crate::proxied`], in front of `backend`; it logs to
/// `syslog`.
///
/// # Errors
/// When it does not start; the error shows what it said.
pub fn proxy(
    program: &Program,
    layer: Layer,
    backend: SocketAddr,
    syslog: SocketAddr,
    extra: Extra,
) -> Result<OutsideServer> {
    run(program, |listen| Ok(configuration(layer, listen, backend, syslog, extra)))
}

fn run(
    program: &Program,
    configuration: impl FnOnce(SocketAddr) -> Result<String>,
) -> Result<OutsideServer> {
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, configuration(port.address())?)?;
    let mut command = program.command();
    command.arg("-db").arg("-f").arg(&file);
    OutsideServer::start(command, port, folder)
}

/// The log goes by UDP to loopback, which its management guide (section 8) calls the standard way,
/// and advises against Unix sockets. `tune.*`, `http-reuse` (safe) and `retries` are left at their
/// defaults, since its configuration manual says of each that it is rarely to be changed.
fn configuration(
    layer: Layer,
    listen: SocketAddr,
    backend: SocketAddr,
    syslog: SocketAddr,
    extra: Extra,
) -> String {
    let (rise, fall) = RISE_AND_FALL;
    let pool = match layer {
        Layer::L4 => String::new(),
        // Its threads share what the workers of the others have each.
        Layer::Http => format!(" pool-max-conn {}", IDLE_UPSTREAM as usize * WORKERS),
    };
    let layer = match layer {
        Layer::L4 => format!(
            "    mode tcp\n    option tcplog\n    timeout client {IDLE}s\n    \
             timeout server {IDLE}s\n"
        ),
        Layer::Http => format!(
            "    mode http\n    option httplog\n    timeout client {BODY}s\n    \
             timeout server {FIRST_BYTE}s\n    timeout http-request {HEAD}s\n    \
             timeout http-keep-alive {KEEP_ALIVE}s\n    option forwardfor\n    \
             http-request set-header X-Forwarded-Proto http\n"
        ),
    };
    let extra = match extra {
        Extra::None => "",
        Extra::Splice => "    option splice-auto\n",
        Extra::Reuse => "    http-reuse always\n",
    };
    format!(
        "global\n    nbthread {WORKERS}\n    maxconn {CONNECTIONS}\n    log {syslog} local0\n\n\
         listen main\n    bind {listen} backlog {BACKLOG}\n    log global\n{layer}{extra}    \
         timeout connect {CONNECT}s\n    timeout check 1s\n    \
         option clitcpka\n    clitcpka-idle {TCP_KEEPALIVE}s\n    \
         option srvtcpka\n    srvtcpka-idle {TCP_KEEPALIVE}s\n    \
         server main {backend} check inter {CHECK}s rise {rise} fall {fall}{pool}\n"
    )
}
