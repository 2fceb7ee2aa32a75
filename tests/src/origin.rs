//! `peer origin`: what stands behind an HTTP proxy that is measured.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::backend::Listening;
use crate::helper::Helper;

/// How long it may take to start, and to answer a command.
const PROMPT: Duration = Duration::from_secs(10);

/// Options of `peer origin`.
///
/// One thread that answers each `GET /bytes/N HTTP/1.1` with N bytes and keeps its connections,
/// whatever a request says of that. It prints [`Listening`] when it is ready. The command `count` on
/// stdin is answered by [`OriginCounts`].
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct OriginPlan {
    /// Where to listen; port 0 lets the kernel choose.
    #[arg(long)]
    pub listen: SocketAddr,
}

impl OriginPlan {
    /// The command line that means this plan.
    pub fn arguments(&self) -> Vec<OsString> {
        vec!["origin".into(), "--listen".into(), self.listen.to_string().into()]
    }
}

/// What an origin has seen since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginCounts {
    /// Connections accepted.
    pub accepted: u64,
    /// Requests answered, or being answered.
    pub requests: u64,
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
}
