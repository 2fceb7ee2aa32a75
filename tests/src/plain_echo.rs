//! `peer plain-echo`: an echo of lines as a plain tokio program would have it, to compare with.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::backend::Listening;
use crate::helper::Helper;
use crate::process::Process;

/// How long it may take to start.
const PROMPT: Duration = Duration::from_secs(10);

/// Options of `peer plain-echo`.
///
/// Each worker is a thread with an event loop of its own and a listening socket of its own
/// (`SO_REUSEPORT`); each connection is a task that sends every line back. It prints [`Listening`]
/// when all listen.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct PlainEchoPlan {
    /// Where to listen; port 0 lets the kernel choose.
    #[arg(long)]
    pub listen: SocketAddr,
    /// Threads.
    #[arg(long, default_value = "2")]
    pub workers: NonZeroUsize,
}

impl PlainEchoPlan {
    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let options =
            [("--listen", self.listen.to_string()), ("--workers", self.workers.to_string())];
        let options = options.into_iter().flat_map(|(key, value)| [key.into(), value.into()]);
        [OsString::from("plain-echo")].into_iter().chain(options).collect()
    }
}

/// The server, running.
#[derive(Debug)]
pub struct PlainEcho {
    helper: Helper,
    address: SocketAddr,
}

impl PlainEcho {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// When it does not listen within ten seconds, with what it said.
    pub fn start(peer: &Path, plan: &PlainEchoPlan) -> Result<Self> {
        let mut helper = Helper::start(peer, plan.arguments())?;
        let Listening { listening } = helper.answer(PROMPT)?;
        Ok(Self { helper, address: listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process, for its id and its end.
    pub fn process(&mut self) -> &mut Process {
        self.helper.process()
    }
}
