//! haproxy as an L4 proxy.

use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;

use anyhow::Result;

use super::{OutsideServer, Program};
use crate::port::ReservedPort;

/// Starts haproxy in TCP mode with `threads` threads, forwarding to `backends` in turn.
///
/// Time-outs as its starter guide has them for TCP, its own limit of connections, without logs,
/// which Trunkline's figures are compared without, too; `-db` keeps it one process in the
/// foreground.
///
/// # Errors
/// When it does not start; the error shows what it said.
pub fn start(program: &Program, backends: &[SocketAddr], threads: usize) -> Result<OutsideServer> {
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, configuration(port.address(), backends, threads)?)?;
    let mut command = program.command();
    command.arg("-db").arg("-f").arg(&file);
    OutsideServer::start(command, port, folder)
}

fn configuration(listen: SocketAddr, backends: &[SocketAddr], threads: usize) -> Result<String> {
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
}
