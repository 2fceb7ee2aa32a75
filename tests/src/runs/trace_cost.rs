//! What tracing costs an HTTP request.
//!
//! | File | What it measures |
//! |---|---|
//! | `counted` | instructions in user space, under callgrind: the same from one run to the next |
//! | `timed` | processor time of the whole process, without and with tracing in turn |
//!
//! In both, spans go to a collector in another process that throws them away, over gRPC; what the
//! thread of spans does is part of the figure. Without tracing there is nothing that wants spans.

mod counted;
mod timed;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::keepalive::{Keepalive, KeepalivePlan};
use crate::origin::{Origin, OriginPlan};
use crate::port::ReservedPort;
use crate::proxied::{Layer, configuration};
use crate::receiver::Receiver;
use crate::trunkline::Trunkline;

use super::Report;
use super::site::ANY;

/// How long one round may take, and what is sent after it.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a server may take until it listens; under callgrind it is slow.
const START: Duration = Duration::from_secs(60);
/// Bytes of the body of an answer.
const BODY: u32 = 128;

/// How much of it, and what is asked of it.
#[derive(Clone, Copy, Debug)]
pub struct TraceCostPlan {
    /// Requests of each count of instructions; none if 0.
    pub counted: u64,
    /// Rounds, in each of which each way of tracing is timed once; none if 0.
    pub rounds: u32,
    /// Requests of one of them.
    pub requests: u64,
    /// Requests a second in them.
    pub rate: u32,
    /// The most that a request may cost with one in a hundred traced, in instructions: a part of what
    /// it costs without. Not judged if absent.
    pub sampled: Option<f64>,
    /// The most that it may cost with all traced, in processor time. Not judged if absent.
    pub full: Option<f64>,
}

impl Default for TraceCostPlan {
    /// 20,000 requests of each kind counted; seven rounds of 30,000 at 5,000 a second.
    fn default() -> Self {
        Self {
            counted: 20_000,
            rounds: 7,
            requests: 30_000,
            rate: 5_000,
            sampled: Some(1.03),
            full: Some(1.6),
        }
    }
}

/// Counts, and times, requests through `server` with `peer`'s clients.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(peer: &Path, server: &Path, plan: TraceCostPlan) -> Result<Report> {
    let mut report = Report::new("trace-cost");
    if plan.counted > 0 {
        counted::run(peer, server, plan, &mut report)?;
    }
    if plan.rounds > 0 {
        timed::run(peer, server, plan, &mut report)?;
    }
    Ok(report)
}

/// How much is traced: none, or this share.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tracing {
    Off,
    Of(f64),
}

impl Tracing {
    fn name(self) -> String {
        match self {
            Self::Off => "without tracing".to_owned(),
            Self::Of(ratio) => format!("{} % traced", ratio * 100.0),
        }
    }

    fn tables(self, receiver: &Receiver, queue: u64) -> String {
        match self {
            Self::Off => String::new(),
            Self::Of(ratio) => format!(
                "\n[telemetry]\nsample_ratio = {ratio:?}\n\
                 [telemetry.otlp]\nendpoint = \"{}\"\nqueue = {queue}\n",
                receiver.endpoint()
            ),
        }
    }
}

/// A server in front of an origin, and a receiver of its spans, each in its own process.
struct Traced {
    tracing: Tracing,
    receiver: Receiver,
    server: Trunkline,
    port: ReservedPort,
    _origin: Origin,
    _log: TempDir,
}

impl Traced {
    /// Starts all of them; `command` names the server, in which `queue` spans may wait.
    fn start(peer: &Path, command: Command, tracing: Tracing, queue: u64) -> Result<Self> {
        let receiver = Receiver::start(peer)?;
        let origin = Origin::start(peer, &OriginPlan::new(ANY))?;
        let (port, log) = (ReservedPort::new()?, tempfile::tempdir()?);
        let text = configuration(Layer::Http, port.address(), origin.address());
        let text = text + &tracing.tables(&receiver, queue);
        let file = log.path().join("log");
        let server = Trunkline::run_command(command, &text, &[port.address()], &file, START)?;
        Ok(Self { tracing, receiver, server, port, _origin: origin, _log: log })
    }

    fn clients(&self, peer: &Path, connections: u16, rate: Option<u32>) -> Result<Keepalive> {
        let plan = KeepalivePlan::new(self.port.address(), connections);
        let plan = KeepalivePlan { size: BODY, http: true, threads: 1, rate, ..plan };
        Keepalive::open(peer, &plan)
    }

    /// Makes requests, and waits until their spans have arrived: how many.
    fn requests(&mut self, clients: &mut Keepalive, requests: u64) -> Result<u64> {
        let before = self.receiver.counts()?.spans;
        clients.round(requests, LIMIT)?;
        Ok(self.receiver.settle(LIMIT)?.spans - before)
    }
}
