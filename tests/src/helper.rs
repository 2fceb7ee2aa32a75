//! A sub-command of `peer`, and the answers it gives.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use crate::process::{Missing, Process};

/// How long a helper may take to end after it has closed its stdout.
const END: Duration = Duration::from_secs(5);

/// A running sub-command of `peer`: every line of its stdout is an answer in JSON, in the order of
/// the commands.
#[derive(Debug)]
pub struct Helper {
    process: Process,
    read: usize,
}

impl Helper {
    /// Starts `peer` with the arguments of one of its sub-commands.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start<A: AsRef<OsStr>>(
        peer: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self> {
        let mut command = Command::new(peer);
        command.args(arguments);
        Ok(Self { process: Process::spawn(command)?, read: 0 })
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    /// When it does not come within `timeout`, the helper ends first, or it is not a `T`.
    pub fn answer<T: DeserializeOwned>(&mut self, timeout: Duration) -> Result<T> {
        let deadline = Instant::now() + timeout;
        let next = self.process.stdout().wait_for(self.read, deadline, |_| true);
        let (number, line) = match next {
            Ok(found) => found,
            Err(Missing::TimedOut) => bail!("no answer in time{}", self.process.last_lines()),
            Err(Missing::Closed) => {
                let status = self.process.wait(END)?;
                bail!("no answer, but an end: {status}{}", self.process.last_lines())
            }
        };
        self.read = number + 1;
        serde_json::from_str(&line).with_context(|| format!("the helper answered {line:?}"))
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// When it cannot be sent, or as [`Helper::answer`] does.
    pub fn ask<T: DeserializeOwned>(&mut self, command: &str, timeout: Duration) -> Result<T> {
        self.process.send_line(command)?;
        self.answer(timeout)
    }

    /// The process, for its id, its signals and its end.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
