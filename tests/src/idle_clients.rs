//! `peer idle-clients`: thousands of connections that are held open.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::helper::Helper;

/// How long an answer may take.
const PROMPT: Duration = Duration::from_secs(10);

/// Options of `peer idle-clients`.
///
/// Every connection is proved by a small echo, or by an HTTP request, before it counts. It prints [`Opened`] when all have
/// been tried. Commands on stdin: `count` is answered by [`Held`]; `closed N` by [`Held`] as soon
/// as N were closed by the other side; `close` closes the rest, is answered by [`Held`] as it was
/// before, and ends it.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct IdlePlan {
    /// Where to connect to.
    #[arg(long)]
    pub to: SocketAddr,
    /// How many connections to hold.
    #[arg(long)]
    pub connections: u32,
    /// How many may be connecting at once.
    #[arg(long, default_value_t = 64)]
    pub at_once: u16,
    /// Milliseconds that connecting and the echo may take for one connection.
    #[arg(long, default_value_t = 10_000)]
    pub timeout_millis: u64,
    /// Prove connections by an HTTP/1.1 request, as [`crate::origin`] answers it.
    #[arg(long)]
    pub http: bool,
}

impl IdlePlan {
    /// 64 connecting at once, ten seconds for each.
    pub fn new(to: SocketAddr, connections: u32) -> Self {
        Self { to, connections, at_once: 64, timeout_millis: 10_000, http: false }
    }

    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let numbers = [
            ("--to", self.to.to_string()),
            ("--connections", self.connections.to_string()),
            ("--at-once", self.at_once.to_string()),
            ("--timeout-millis", self.timeout_millis.to_string()),
        ];
        let numbers = numbers.into_iter().flat_map(|(key, value)| [key.into(), value.into()]);
        let http = self.http.then(|| "--http".into());
        [OsString::from("idle-clients")].into_iter().chain(numbers).chain(http).collect()
    }
}

/// Says how many connections are open and proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Connections that have echoed.
    pub ready: u64,
    /// Connections that have not.
    pub failed: u64,
    /// Why the first of them failed.
    pub first_error: Option<String>,
}

/// What became of the connections that were ready. Times are nanoseconds of the monotonic clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Still open.
    pub open: u64,
    /// Closed in order by the other side.
    pub ended: u64,
    /// Reset, or failed otherwise.
    pub reset: u64,
    /// Bytes received that nobody asked for.
    pub unasked_bytes: u64,
    /// When the last one became ready.
    pub ready_nanos: u64,
    /// When the other side first closed one.
    pub first_closed_nanos: Option<u64>,
    /// When the other side last closed one.
    pub last_closed_nanos: Option<u64>,
}

/// Connections that are being held.
#[derive(Debug)]
pub struct IdleClients {
    helper: Helper,
    opened: Opened,
}

impl IdleClients {
    /// Opens the connections; waits at most `timeout` until all have been tried.
    ///
    /// # Errors
    /// When the time passes, or the machine allows too few descriptors. Connections that failed are
    /// no error here: see
    /// [`IdleClients::opened`].
    pub fn open(peer: &Path, plan: &IdlePlan, timeout: Duration) -> Result<Self> {
        let mut helper = Helper::start(peer, plan.arguments())?;
        let opened = helper.answer(timeout)?;
        Ok(Self { helper, opened })
    }

    /// How many were opened.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// What became of them so far.
    ///
    /// # Errors
    /// When the helper does not answer.
    pub fn held(&mut self) -> Result<Held> {
        self.helper.ask("count", PROMPT)
    }

    /// Waits until the other side has closed `count` of them, in whatever way.
    ///
    /// # Errors
    /// When that does not happen within `timeout`.
    pub fn wait_until_closed(&mut self, count: u64, timeout: Duration) -> Result<Held> {
        self.helper.ask(&format!("closed {count}"), timeout)
    }

    /// Closes those that are still open; tells how things stood before.
    ///
    /// # Errors
    /// When the helper does not answer or does not end.
    pub fn close(mut self) -> Result<Held> {
        let held = self.helper.ask("close", PROMPT)?;
        self.helper.process().wait(PROMPT)?;
        Ok(held)
    }
}
