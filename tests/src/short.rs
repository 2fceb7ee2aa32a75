//! `peer short`: short connections, one after the other, with one small request each.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::helper::Helper;
use crate::keepalive::Round;

/// How long the first connection may take.
const PROMPT: Duration = Duration::from_secs(15);

/// Options of `peer short`.
///
/// Each client connects, sends a line, reads it back, half-closes, waits for the end, and begins
/// anew. It prints [`Ready`] when one connection has been made so. For every command `go
/// CONNECTIONS` on stdin it makes a [`Round`] of so many connections, whose latencies are from
/// connecting to the end. With `http` it sends a request with `Connection: close` instead of a line,
/// and leaves the end to the server.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct ShortPlan {
    /// Where to connect to.
    #[arg(long)]
    pub to: SocketAddr,
    /// How many connections there are at once.
    #[arg(long, default_value_t = 64)]
    pub clients: u16,
    /// Bytes of a line with its line feed; with `http`, of the body of an answer.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub size: u32,
    /// Send HTTP/1.1 requests, as [`crate::origin`] answers them.
    #[arg(long)]
    pub http: bool,
    /// Threads of the client: with one it takes less of the machine from what it measures.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: u16,
}

impl ShortPlan {
    /// Lines of 32 bytes by `clients` clients on two threads.
    pub fn new(to: SocketAddr, clients: u16) -> Self {
        Self { to, clients, size: 32, http: false, threads: 2 }
    }

    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let numbers = [
            ("--to", self.to.to_string()),
            ("--clients", self.clients.to_string()),
            ("--size", self.size.to_string()),
            ("--threads", self.threads.to_string()),
        ];
        let numbers = numbers.into_iter().flat_map(|(key, value)| [key.into(), value.into()]);
        let http = self.http.then(|| "--http".into());
        [OsString::from("short")].into_iter().chain(numbers).chain(http).collect()
    }
}

/// Says that a first connection has been made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// How many.
    pub ready: u64,
}

/// Clients that wait for the next round.
#[derive(Debug)]
pub struct Short {
    helper: Helper,
}

impl Short {
    /// Starts the clients of `plan`.
    ///
    /// # Errors
    /// When the first connection is not answered rightly.
    pub fn start(peer: &Path, plan: &ShortPlan) -> Result<Self> {
        let mut helper = Helper::start(peer, plan.arguments())?;
        let Ready { ready: _ } = helper.answer(PROMPT)?;
        Ok(Self { helper })
    }

    /// Makes one round of `connections`.
    ///
    /// # Errors
    /// When it takes longer than `timeout` or a connection is not answered rightly.
    pub fn round(&mut self, connections: u64, timeout: Duration) -> Result<Round> {
        let round: Round = self.helper.ask(&format!("go {connections}"), timeout)?;
        let all = round.done == round.started && round.done == connections;
        anyhow::ensure!(all, "failed: {round:?}");
        Ok(round)
    }
}
