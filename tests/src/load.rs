//! `peer load`: an open-loop generator of short connections, each of which is accounted for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::helper::Helper;
use crate::latency::Latency;

/// How long the first connection may take to be done, and the summary to be written after the last.
const PROMPT: Duration = Duration::from_secs(15);

/// Options of `peer load`.
///
/// Every connection sends `token ID` and a payload, expects both back, half-closes, and expects the
/// end. New ones are started by the clock, however the earlier ones fare. It prints [`Running`]
/// when the first is done and
/// [`LoadSummary`] at the end.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct LoadPlan {
    /// Where to connect to.
    #[arg(long)]
    pub to: SocketAddr,
    /// New connections per second.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// For how many seconds connections are started.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// Bytes sent after the token.
    #[arg(long, default_value_t = 64)]
    pub payload: usize,
    /// Milliseconds that one connection may take in all.
    #[arg(long, default_value_t = 5_000)]
    pub timeout_millis: u64,
    /// Expect the backend's name as the first line, and count by it.
    #[arg(long)]
    pub banner: bool,
    /// File to write one line to for every connection.
    #[arg(long)]
    pub ledger: Option<PathBuf>,
}

impl LoadPlan {
    /// A load of 64-byte payloads with five seconds for each connection and no ledger.
    pub fn new(to: SocketAddr, rate: u32, seconds: u32) -> Self {
        Self { to, rate, seconds, payload: 64, timeout_millis: 5_000, banner: false, ledger: None }
    }

    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["load".into()];
        let numbers = [
            ("--to", self.to.to_string()),
            ("--rate", self.rate.to_string()),
            ("--seconds", self.seconds.to_string()),
            ("--payload", self.payload.to_string()),
            ("--timeout-millis", self.timeout_millis.to_string()),
        ];
        arguments.extend(numbers.into_iter().flat_map(|(key, value)| [key.into(), value.into()]));
        if self.banner {
            arguments.push("--banner".into());
        }
        if let Some(ledger) = &self.ledger {
            arguments.extend(["--ledger".into(), ledger.into()]);
        }
        arguments
    }
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Answered in full and ended in order.
    Ok,
    /// Nobody listened.
    Refused,
    /// Reset, while connecting or later.
    Reset,
    /// The other side ended it before all was answered.
    EofEarly,
    /// Not done within its time.
    Timeout,
    /// Other bytes came than were sent, or more.
    WrongAnswer,
    /// This machine failed the client (no port, no descriptor, …): the run says nothing about the
    /// server.
    Local,
}

/// Says that the first connection is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// What became of it.
    pub running: Fate,
}

/// The account of a whole load. Times are nanoseconds of the monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// Connections started.
    pub started: u64,
    /// Connections accounted for; a load where this is not `started` exits with an error.
    pub done: u64,
    /// How many met which fate.
    pub fates: BTreeMap<Fate, u64>,
    /// With `banner`: how many were greeted by which backend.
    pub backends: BTreeMap<String, u64>,
    /// From connecting to the whole answer, of those that got one.
    pub latency: Latency,
    /// How late a connection was started at worst, for want of processor time: what this adds is
    /// not the server's.
    pub worst_lateness_nanos: u64,
    /// When the first connection was started.
    pub started_nanos: u64,
    /// When the last one was done.
    pub ended_nanos: u64,
}

impl LoadSummary {
    /// How many met `fate`.
    pub fn count(&self, fate: Fate) -> u64 {
        self.fates.get(&fate).copied().unwrap_or_default()
    }

    /// How many did not end well.
    pub fn failed(&self) -> u64 {
        self.done - self.count(Fate::Ok)
    }
}

/// A load that is running.
#[derive(Debug)]
pub struct Load {
    helper: Helper,
    longest: Duration,
}

impl Load {
    /// Starts a load and waits until its first connection is done.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub fn start(peer: &Path, plan: &LoadPlan) -> Result<Self> {
        let timeout = Duration::from_millis(plan.timeout_millis);
        let mut helper = Helper::start(peer, plan.arguments())?;
        let Running { running: _ } = helper.answer(timeout + PROMPT)?;
        let longest = Duration::from_secs(plan.seconds.into()) + timeout + PROMPT;
        Ok(Self { helper, longest })
    }

    /// Waits for the end of the load.
    ///
    /// # Errors
    /// When the summary does not come in time or not every connection is accounted for.
    pub fn finish(mut self) -> Result<LoadSummary> {
        let summary: LoadSummary = self.helper.answer(self.longest)?;
        let status = self.helper.process().wait(PROMPT)?;
        anyhow::ensure!(status.success(), "the load ended with {status}: {summary:?}");
        Ok(summary)
    }
}
