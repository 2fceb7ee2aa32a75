//! `peer backend`: a TCP backend that keeps its own record of what it accepted.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::clock::monotonic_nanos;
use crate::helper::Helper;
use crate::process::Process;

/// How long a backend may take to start, and to answer a command.
const PROMPT: Duration = Duration::from_secs(10);

/// What a backend does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Sends back what it receives, and its end.
    Echo,
    /// Sends its name and a line feed, then behaves as `echo`.
    Banner,
    /// Reads and answers nothing.
    Sink,
    /// Answers every HTTP/1.1 request head with 200 and its name as the body, and keeps the
    /// connection.
    Http,
}

/// Options of `peer backend`.
///
/// It prints [`Listening`] when it is ready. Commands on stdin: `count` is answered by [`Counts`];
/// `accepted N` by [`Counts`] as soon as N connections have been accepted; `mute` by [`Counts`],
/// after which nothing is answered any more; `crash` by [`Crashed`], after which it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct BackendPlan {
    /// Where to listen; port 0 lets the kernel choose.
    #[arg(long)]
    pub listen: SocketAddr,
    /// What it calls itself to clients.
    #[arg(long, default_value = "backend")]
    pub name: String,
    /// What it does with a connection.
    #[arg(long, value_enum, default_value = "echo")]
    pub mode: Mode,
    /// File to append a line to for every connection accepted and every token received.
    #[arg(long)]
    pub log: Option<PathBuf>,
    /// Threads that serve.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: u16,
}

impl BackendPlan {
    /// A backend without a log, called "backend", of two threads.
    pub fn new(listen: SocketAddr, mode: Mode) -> Self {
        Self { listen, name: "backend".to_owned(), mode, log: None, threads: 2 }
    }

    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let mode = match self.mode {
            Mode::Echo => "echo",
            Mode::Banner => "banner",
            Mode::Sink => "sink",
            Mode::Http => "http",
        };
        let mut arguments: Vec<OsString> = vec!["backend".into(), "--listen".into()];
        arguments.push(self.listen.to_string().into());
        arguments.extend(["--name".into(), self.name.clone().into(), "--mode".into(), mode.into()]);
        arguments.extend(["--threads".into(), self.threads.to_string().into()]);
        if let Some(log) = &self.log {
            arguments.extend(["--log".into(), log.into()]);
        }
        arguments
    }
}

/// Says that a backend is ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// Where it listens.
    pub listening: SocketAddr,
}

/// What a backend has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Connections accepted since its start.
    pub accepted: u64,
    /// Connections open now.
    pub open: u64,
}

/// The last word of a backend that was told to crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashed {
    /// When it killed itself, in nanoseconds of the monotonic clock.
    pub killed_nanos: u64,
    /// Connections that had been accepted but had not said anything: the log has no token of them.
    pub nameless: u64,
}

/// A running backend.
#[derive(Debug)]
pub struct Backend {
    helper: Helper,
    address: SocketAddr,
}

impl Backend {
    /// Starts a backend and waits until it listens.
    ///
    /// # Errors
    /// When it does not listen within ten seconds, with what it said.
    pub fn start(peer: &Path, plan: &BackendPlan) -> Result<Self> {
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
    pub fn counts(&mut self) -> Result<Counts> {
        self.helper.ask("count", PROMPT)
    }

    /// Waits until it has accepted `count` connections since its start.
    ///
    /// # Errors
    /// When that does not happen within `timeout`.
    pub fn wait_until_accepted(&mut self, count: u64, timeout: Duration) -> Result<Counts> {
        self.helper.ask(&format!("accepted {count}"), timeout)
    }

    /// Makes it hang: it goes on accepting and recording, but answers nothing any more.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn mute(&mut self) -> Result<Counts> {
        self.helper.ask("mute", PROMPT)
    }

    /// Kills it from outside with SIGKILL. Returns a time before the kill, in nanoseconds of the
    /// monotonic clock.
    ///
    /// Connections that the kernel had completed but the process had not accepted are reset with
    /// it, and its log does not know them. Where that matters, use [`Backend::crash`].
    ///
    /// # Errors
    /// When it has already ended.
    pub fn kill(mut self) -> Result<u64> {
        let before = monotonic_nanos();
        self.helper.process().signal(Signal::KILL)?;
        self.helper.process().wait(PROMPT)?;
        Ok(before)
    }

    /// Lets it crash with a complete log.
    ///
    /// It stops answering, accepts all that the kernel had queued, closes the listening socket,
    /// gives the tokens on the way a second to arrive, logs all of this, and kills itself with
    /// SIGKILL: every connection is reset as in a real crash, but there is none that it had taken
    /// and does not know.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn crash(mut self) -> Result<Crashed> {
        let crashed = self.helper.ask("crash", PROMPT)?;
        self.helper.process().wait(PROMPT)?;
        Ok(crashed)
    }

    /// The process, for its id, its signals and its end.
    pub fn process(&mut self) -> &mut Process {
        self.helper.process()
    }
}
