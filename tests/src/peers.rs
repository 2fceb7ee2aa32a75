//! Outside programs that Trunkline is measured against or put in front of: found, started on
//! loopback, ended by id.
//!
//! | File | Program |
//! |---|---|
//! | [`haproxy`] | haproxy as a proxy |
//! | [`nginx`] | nginx as an HTTP backend, and as a proxy |
//! | [`prometheus`] | Prometheus, scraping a server |
//! | [`python`] | servers in Python |
//! | [`redis`] | redis-server without persistence |
//!
//! A test that needs one begins with
//! ```no_run
//! # use trunkline_tests::peers::require;
//! # fn test() -> anyhow::Result<()> {
//! let Some(redis_server) = require("redis-server")? else { return Ok(()) };
//! # Ok(())
//! # }
//! ```
//! and so passes, loudly, on a machine without it. Where `TRUNKLINE_REQUIRE_PEERS=1` is set, it
//! fails there instead.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};
use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::port::ReservedPort;
use crate::process::Process;
use crate::procfs::children_of;

pub mod haproxy;
pub mod nginx;
pub mod prometheus;
pub mod python;
pub mod redis;

/// The variable that makes a missing program a failure.
pub const REQUIRE: &str = "TRUNKLINE_REQUIRE_PEERS";

/// Where Debian keeps servers, which is not on everybody's PATH.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// How long an outside program may take until it listens.
const START: Duration = Duration::from_secs(10);
/// How long it may take to end when it is told to.
const STOP: Duration = Duration::from_secs(5);

/// An outside program that is installed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
}

impl Program {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A command that starts it.
    pub fn command(&self) -> Command {
        Command::new(&self.path)
    }
}

/// Finds the program `name`. `None`, and a line on stderr, when it is not installed: the test
/// returns.
///
/// # Errors
/// When it is not installed and `TRUNKLINE_REQUIRE_PEERS=1` says that it must be.
pub fn require(name: &str) -> Result<Option<Program>> {
    if let Some(program) = find(name) {
        return Ok(Some(program));
    }
    if env::var_os(REQUIRE).is_some_and(|value| value == "1") {
        bail!("{name} is not installed, and {REQUIRE}=1: install it, or unset the variable");
    }
    eprintln!("SKIPPED (peers): {name} not installed");
    Ok(None)
}

/// Finds the program `name` on PATH or where Debian keeps servers.
pub fn find(name: &str) -> Option<Program> {
    let search = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&search).chain(SYSTEM_FOLDERS.map(PathBuf::from));
    let candidates = folders.map(|folder| folder.join(name));
    let mut found =
        candidates.filter(|path| path.is_file() && access(path, Access::EXEC_OK).is_ok());
    found.next().map(|path| Program { path })
}

/// An outside server that is running on loopback, in a folder of its own. Ended when dropped.
#[derive(Debug)]
pub struct OutsideServer {
    process: Process,
    port: ReservedPort,
    // Removed after the process has ended: fields are dropped in this order.
    _folder: TempDir,
}

impl OutsideServer {
    /// Starts `command` and waits until it, and nobody else, listens on `port`.
    fn start(command: Command, port: ReservedPort, folder: TempDir) -> Result<Self> {
        let mut process = Process::spawn(ending_with_this(command))?;
        process.wait_until_listening(port.address(), START)?;
        Ok(Self { process, port, _folder: folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The process that was started.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The ids of that process and of those it has started itself.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let own = self.process.id();
        Ok([own].into_iter().chain(children_of(own)?).collect())
    }
}

/// Has the kernel end `command` with the thread that starts it: a harness that is killed leaves no
/// server behind. Without setpriv, of util-linux, it would be left.
pub(crate) fn ending_with_this(command: Command) -> Command {
    let Some(setpriv) = find("setpriv") else { return command };
    let mut wrapped = setpriv.command();
    wrapped.args(["--pdeathsig", "TERM"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

impl Drop for OutsideServer {
    fn drop(&mut self) {
        // Told before it is killed: only the server itself ends its own processes. Those that it
        // leaves behind all the same are killed here.
        let children = children_of(self.process.id()).unwrap_or_default();
        let told = self.process.signal(Signal::TERM);
        if told.and_then(|()| self.process.wait(STOP)).is_err() {
            for child in children.into_iter().filter_map(|id| Pid::from_raw(id.cast_signed())) {
                let _gone = kill_process(child, Signal::KILL);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_the_path_is_found() {
        assert!(find("sh").is_some_and(|program| program.path().is_absolute()));
    }

    #[test]
    fn a_program_that_is_not_installed_is_not_found() {
        assert_eq!(find("trunkline-no-such-program"), None);
    }

    #[test]
    fn a_file_that_cannot_be_executed_is_no_program() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("notes");
        std::fs::write(&file, "")?;
        // An absolute name replaces the folder it is joined to.
        assert_eq!(find(&file.to_string_lossy()), None);
        Ok(())
    }
}
