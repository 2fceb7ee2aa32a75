//! The admin API of a server in a run.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::http::answer::Answer;
use crate::port::ReservedPort;

use super::pace::Pace;

/// How long an answer may take.
const PROMPT: Duration = Duration::from_secs(10);
/// How often what tells of no change is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// The actor that exports spans.
pub(super) const SPANS: &str = "server/control/observability/spans";

/// What became of spans, as that actor shows it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Spans {
    pub(super) ended: u64,
    pub(super) waiting: u64,
    pub(super) exported: u64,
    pub(super) dropped: Dropped,
}

/// Why they were dropped.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Dropped {
    pub(super) queue_full: u64,
    pub(super) export_failed: u64,
    pub(super) crashed: u64,
    pub(super) shutdown: u64,
}

impl Dropped {
    pub(super) fn all(&self) -> u64 {
        self.queue_full + self.export_failed + self.crashed + self.shutdown
    }
}

impl Spans {
    pub(super) fn of(detail: &Value) -> Result<Self> {
        let counts = detail.get("counts").context("spans shows no counts")?;
        Ok(serde_json::from_value(counts.clone())?)
    }

    pub(super) fn add_up(&self) -> bool {
        self.ended == self.waiting + self.exported + self.dropped.all()
    }
}

/// Asks a server, over a new connection each time: what is kept of one belongs to a server that may
/// have been restarted meanwhile.
pub(super) struct Admin {
    port: ReservedPort,
}

/// An answer, and how much it was.
pub(super) struct Told {
    pub(super) answer: Answer,
    /// With head and framing.
    pub(super) bytes: usize,
    /// From connecting to the last byte.
    pub(super) took: Duration,
}

impl Admin {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { port: ReservedPort::new()? })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// For the table `server`.
    pub(super) fn setting(&self) -> String {
        format!("admin = \"{}\"\n", self.address())
    }

    /// What is answered to GET of `target`, in full.
    pub(super) fn get(&self, target: &str) -> Result<Told> {
        let began = Instant::now();
        let mut stream = TcpStream::connect_timeout(&self.address(), PROMPT)?;
        stream.set_read_timeout(Some(PROMPT))?;
        let host = self.address();
        let asked = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).with_context(|| format!("GET {target}"))?;
        let took = began.elapsed();
        let (answer, _) = Answer::read(&bytes, false, true)?.context("a part of an answer")?;
        Ok(Told { answer, bytes: bytes.len(), took })
    }

    pub(super) fn read(&self, target: &str) -> Result<Value> {
        let answer = self.get(target)?.answer;
        ensure!(answer.status == 200, "GET {target}: {answer:?}");
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// What became of spans so far.
    pub(super) fn spans(&self) -> Result<Spans> {
        let tree = self.read(&format!("/tree?under={SPANS}"))?;
        let node = tree["nodes"].get(0).context("there is no spans")?;
        Spans::of(&node["detail"])
    }

    /// Looks until they are as `wanted`; how long that took, and what they were.
    pub(super) fn until(
        &self,
        what: &str,
        patience: Duration,
        wanted: impl Fn(&Spans) -> bool,
    ) -> Result<(Duration, Spans)> {
        let (began, mut pace) = (Instant::now(), Pace::every(LOOK));
        loop {
            let spans = self.spans()?;
            if wanted(&spans) {
                return Ok((began.elapsed(), spans));
            }
            if began.elapsed() > patience {
                bail!("not {what} within {patience:?}: {spans:?}");
            }
            pace.wait();
        }
    }
}
