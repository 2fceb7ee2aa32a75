//! `peer bulk`: downloads of many bytes at once.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::helper::Helper;
use crate::keepalive::{Connected, Round};

/// How long the connections may take to be opened.
const PROMPT: Duration = Duration::from_secs(15);

/// Options of `peer bulk`.
///
/// It asks an [`crate::origin`] for bytes and throws them away. It prints [`Connected`] when each
/// connection has been answered once. For every command `go BYTES` on stdin it downloads so many, in
/// equal parts over all connections at once, and prints a [`Round`] of bytes, whose latencies are
/// those of whole parts.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct BulkPlan {
    /// Where to connect to.
    #[arg(long)]
    pub to: SocketAddr,
    /// How many connections to use at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub streams: u16,
}

impl BulkPlan {
    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        let to = ["bulk".into(), "--to".into(), self.to.to_string().into()];
        to.into_iter().chain(["--streams".into(), self.streams.to_string().into()]).collect()
    }
}

/// Connections that wait for the next download.
#[derive(Debug)]
pub struct Bulk {
    helper: Helper,
}

impl Bulk {
    /// Opens the connections of `plan`.
    ///
    /// # Errors
    /// When a connection cannot be opened or is not answered.
    pub fn open(peer: &Path, plan: &BulkPlan) -> Result<Self> {
        let mut helper = Helper::start(peer, plan.arguments())?;
        let Connected { connected: _ } = helper.answer(PROMPT)?;
        Ok(Self { helper })
    }

    /// Downloads `bytes`.
    ///
    /// # Errors
    /// When it takes longer than `timeout` or an answer is not right.
    pub fn round(&mut self, bytes: u64, timeout: Duration) -> Result<Round> {
        let round: Round = self.helper.ask(&format!("go {bytes}"), timeout)?;
        anyhow::ensure!(round.done == round.started && round.done == bytes, "failed: {round:?}");
        Ok(round)
    }
}
