//! `peer origin`: what stands behind an HTTP proxy that is measured, or that is to see it fail.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::backend::{Crashed, Listening};
use crate::clock::monotonic_nanos;
use crate::helper::Helper;
use crate::ledger::read_lines;

/// How long it may take to start, and to answer a command.
const PROMPT: Duration = Duration::from_secs(10);

/// The field by which a request names itself in the log.
pub const ID: &str = "x-request";

/// Options of `peer origin`.
///
/// One thread that answers each `GET` or `POST /bytes/N HTTP/1.1` with N bytes and keeps its
/// connections, whatever a request says of that. A body needs a `Content-Length`. It prints
/// [`Listening`] when it is ready. Commands on stdin, each answered by [`OriginCounts`]: `count`; a
/// [`Behaviour`]; `close`, and `open`, which end and begin listening; `crash`, answered by
/// [`Crashed`], after which it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct OriginPlan {
    /// Where to listen; port 0 lets the kernel choose.
    #[arg(long)]
    pub listen: SocketAddr,
    /// File to append a line to for every request with a name that is begun, and that is done.
    #[arg(long)]
    pub log: Option<PathBuf>,
    /// How long an answer takes, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub delay_millis: u32,
}

impl OriginPlan {
    /// One without a log, which answers at once.
    pub fn new(listen: SocketAddr) -> Self {
        Self { listen, log: None, delay_millis: 0 }
    }

    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["origin".into(), "--listen".into()];
        arguments.push(self.listen.to_string().into());
        arguments.extend(["--delay-millis".into(), self.delay_millis.to_string().into()]);
        if let Some(log) = &self.log {
            arguments.extend(["--log".into(), log.into()]);
        }
        arguments
    }
}

/// What becomes of a request that was read, with its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It is answered after so many milliseconds: `delay N`.
    Delay(u32),
    /// It is answered with this status, and as many bytes as it asks for: `status N`.
    Status(u16),
    /// Its connection is reset: `reset`.
    Reset,
}

impl Behaviour {
    /// It is answered at once.
    pub const PROMPT: Self = Self::Delay(0);

    fn command(self) -> String {
        match self {
            Self::Delay(millis) => format!("delay {millis}"),
            Self::Status(status) => format!("status {status}"),
            Self::Reset => "reset".to_owned(),
        }
    }
}

/// What an origin has seen since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginCounts {
    /// Connections accepted.
    pub accepted: u64,
    /// Requests answered, or being answered.
    pub requests: u64,
    /// The most of them under way at one time, since this was asked last.
    pub most: u64,
}

/// One line of an origin's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginLine {
    /// When.
    pub at_nanos: u64,
    /// What the request called itself.
    pub id: String,
    /// Whether it is done: all of its answer was sent. Else it has been read, with its body.
    pub done: bool,
}

impl OriginLine {
    /// Reads the log that `peer origin` wrote, over all its incarnations.
    ///
    /// # Errors
    /// When the file cannot be read or a line of it is none; the error names the line.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        read_lines(path)
    }
}

/// A running origin.
#[derive(Debug)]
pub struct Origin {
    helper: Helper,
    address: SocketAddr,
}

impl Origin {
    /// Starts an origin and waits until it listens.
    ///
    /// # Errors
    /// When it does not listen within ten seconds, with what it said.
    pub fn start(peer: &Path, plan: &OriginPlan) -> Result<Self> {
        let mut helper = Helper::start(peer, plan.arguments())?;
        let ready: Listening = helper.answer(PROMPT)?;
        Ok(Self { helper, address: ready.listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has seen so far.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn counts(&mut self) -> Result<OriginCounts> {
        self.helper.ask("count", PROMPT)
    }

    /// Has it do this to requests that it reads from now on.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn behave(&mut self, behaviour: Behaviour) -> Result<OriginCounts> {
        self.helper.ask(&behaviour.command(), PROMPT)
    }

    /// Closes its listening socket, and resets who waits to be accepted. Connections stay.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn close(&mut self) -> Result<OriginCounts> {
        self.helper.ask("close", PROMPT)
    }

    /// Listens again.
    ///
    /// # Errors
    /// When it does not answer, as when somebody else listens there.
    pub fn open(&mut self) -> Result<OriginCounts> {
        self.helper.ask("open", PROMPT)
    }

    /// Kills it from outside with SIGKILL. Returns a time before the kill, in nanoseconds of the
    /// monotonic clock. Its log does not know what it had not read.
    ///
    /// # Errors
    /// When it has already ended.
    pub fn kill(mut self) -> Result<u64> {
        let before = monotonic_nanos();
        self.helper.process().signal(Signal::KILL)?;
        self.helper.process().wait(PROMPT)?;
        Ok(before)
    }

    /// Lets it crash with a complete log, as [`Backend::crash`](crate::backend::Backend::crash) does:
    /// each request on a connection that it had taken and that had no request before is in the log.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn crash(mut self) -> Result<Crashed> {
        let crashed = self.helper.ask("crash", PROMPT)?;
        self.helper.process().wait(PROMPT)?;
        Ok(crashed)
    }
}
