//! redis-server without persistence.

use anyhow::Result;

use super::{OutsideServer, Program};
use crate::port::ReservedPort;

/// Starts redis-server on loopback: nothing is saved, nothing is read from the machine's own
/// configuration.
///
/// # Errors
/// When it does not start; the error shows what it said.
pub fn start(program: &Program) -> Result<OutsideServer> {
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let address = port.address();
    let mut command = program.command();
    command.args(["--bind", &address.ip().to_string(), "--port", &address.port().to_string()]);
    command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]).arg("--dir");
    command.arg(folder.path());
    OutsideServer::start(command, port, folder)
}
