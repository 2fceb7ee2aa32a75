//! `peer receiver`: a collector of traces that throws them away, in a process of its own, so that what
//! it costs is neither the server's nor the harness's.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::helper::Helper;
use crate::runs::pace::Pace;

/// How long it may take to start, and to answer a command.
const PROMPT: Duration = Duration::from_secs(10);
/// How often it is asked whether all has come.
const LOOK: Duration = Duration::from_millis(100);
/// Without a span for so long, nothing is on its way: the server sends what it has after a tenth of
/// a second.
const QUIET: u32 = 8;

/// Says where it listens for OTLP over gRPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiving {
    /// Its URL.
    pub endpoint: String,
}

/// What it has been sent since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Spans.
    pub spans: u64,
    /// Requests that brought them.
    pub requests: u64,
}

/// A running receiver. It answers the command `count` with [`Received`].
#[derive(Debug)]
pub struct Receiver {
    helper: Helper,
    endpoint: String,
}

impl Receiver {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// When it does not listen within ten seconds, with what it said.
    pub fn start(peer: &Path) -> Result<Self> {
        let mut helper = Helper::start(peer, ["receiver"])?;
        let Receiving { endpoint } = helper.answer(PROMPT)?;
        Ok(Self { helper, endpoint })
    }

    /// Its URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it has been sent so far.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn counts(&mut self) -> Result<Received> {
        self.helper.ask("count", PROMPT)
    }

    /// Waits until nothing more comes. There is no event for that.
    ///
    /// # Errors
    /// When spans still come after `patience`, or it does not answer.
    pub fn settle(&mut self, patience: Duration) -> Result<Received> {
        let (until, mut pace) = (Instant::now() + patience, Pace::every(LOOK));
        let (mut last, mut same) = (self.counts()?, 0);
        while same < QUIET {
            ensure!(Instant::now() < until, "spans still come after {patience:?}");
            pace.wait();
            let now = self.counts()?;
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
        Ok(last)
    }
}
