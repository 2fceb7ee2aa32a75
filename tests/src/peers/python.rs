//! Servers in Python.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Result;

use super::{OutsideServer, Program};
use crate::port::ReservedPort;

/// Starts `script` with a port and then `arguments`; it has to listen on that port of 127.0.0.1, in
/// its own process, and to end when its stdin does.
///
/// # Errors
/// When it does not listen; the error shows what it said.
pub fn start<A: AsRef<OsStr>>(
    python: &Program,
    script: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<OutsideServer> {
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let mut command = python.command();
    // No compiled files beside the scripts.
    command.arg("-B").arg(script).arg(port.address().port().to_string()).args(arguments);
    OutsideServer::start(command, port, folder)
}
