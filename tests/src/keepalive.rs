//! `peer keepalive`: small requests back and forth on connections that stay.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::helper::Helper;
use crate::latency::Latency;

/// How long the connections may take to be opened.
const PROMPT: Duration = Duration::from_secs(15);

/// Options of `peer keepalive`.
///
/// It prints [`Connected`] when all connections have echoed once. With `requests` or `seconds` it
/// then makes one round, prints [`Round`] and ends. Without, it makes a round for every command `go
/// REQUESTS` on stdin and keeps the connections in between, so that what is measured around a round
/// holds neither connecting nor closing.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct KeepalivePlan {
    /// Where to connect to.
    #[arg(long)]
    pub to: SocketAddr,
    /// How many connections to use at once.
    #[arg(long, default_value_t = 64)]
    pub connections: u16,
    /// Bytes of a request and of its answer; with `http`, of the body of an answer.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub size: u32,
    /// Send lines: the last byte of a request is a line feed.
    #[arg(long)]
    pub lines: bool,
    /// Send HTTP/1.1 requests, as [`crate::origin`] answers them.
    #[arg(long, conflicts_with = "lines")]
    pub http: bool,
    /// Threads of the client: with one it takes less of the machine from what it measures.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: u16,
    /// Send so many requests a second in all, by the clock: one that no connection is free for counts
    /// from when it was due. Without it, each connection sends when it has its answer.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
    /// Make one round of this many requests and end.
    #[arg(long, conflicts_with = "seconds")]
    pub requests: Option<u64>,
    /// Make one round of this many seconds and end.
    #[arg(long)]
    pub seconds: Option<u32>,
}

impl KeepalivePlan {
    /// 64-byte requests on `connections` connections by two threads, in rounds on command.
    pub fn new(to: SocketAddr, connections: u16) -> Self {
        let (lines, http, rate, requests, seconds) = (false, false, None, None, None);
        Self { to, connections, size: 64, lines, http, threads: 2, rate, requests, seconds }
    }

    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut numbers = vec![
            ("--to", self.to.to_string()),
            ("--connections", self.connections.to_string()),
            ("--size", self.size.to_string()),
            ("--threads", self.threads.to_string()),
        ];
        numbers.extend(self.rate.map(|rate| ("--rate", rate.to_string())));
        numbers.extend(self.requests.map(|requests| ("--requests", requests.to_string())));
        numbers.extend(self.seconds.map(|seconds| ("--seconds", seconds.to_string())));
        let numbers = numbers.into_iter().flat_map(|(key, value)| [key.into(), value.into()]);
        let flags = [("--lines", self.lines), ("--http", self.http)];
        let flags = flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag.into());
        [OsString::from("keepalive")].into_iter().chain(numbers).chain(flags).collect()
    }
}

/// Says that the connections are open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// How many have echoed.
    pub connected: u64,
}

/// The account of one round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Requests sent.
    pub started: u64,
    /// Requests answered in full and rightly; a round where this is not `started` has failed.
    pub done: u64,
    /// How long the round took, in nanoseconds.
    pub took_nanos: u64,
    /// From sending to the whole answer.
    pub latency: Latency,
    /// What went wrong first.
    pub first_error: Option<String>,
}

/// Connections that wait for the next round.
#[derive(Debug)]
pub struct Keepalive {
    helper: Helper,
}

impl Keepalive {
    /// Opens the connections of `plan`, for rounds on command; its own `requests` and `seconds` are
    /// not used.
    ///
    /// # Errors
    /// When a connection cannot be opened or does not echo.
    pub fn open(peer: &Path, plan: &KeepalivePlan) -> Result<Self> {
        let plan = KeepalivePlan { requests: None, seconds: None, ..plan.clone() };
        let mut helper = Helper::start(peer, plan.arguments())?;
        let Connected { connected: _ } = helper.answer(PROMPT)?;
        Ok(Self { helper })
    }

    /// Makes one round of `requests` requests, spread over the connections as they are free.
    ///
    /// # Errors
    /// When it takes longer than `timeout` or a request is not answered rightly.
    pub fn round(&mut self, requests: u64, timeout: Duration) -> Result<Round> {
        let round: Round = self.helper.ask(&format!("go {requests}"), timeout)?;
        anyhow::ensure!(round.done == round.started && round.done == requests, "failed: {round:?}");
        Ok(round)
    }
}
