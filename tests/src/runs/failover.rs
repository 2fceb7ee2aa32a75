//! A backend is killed and brought back, again and again, under load.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::backend::{Backend, BackendPlan, Mode};
use crate::ledger::{BackendLine, BackendLog, Verdict, read_attempts};
use crate::load::{Load, LoadPlan};
use crate::port::ReservedPort;
use crate::trunkline::{Trunkline, forwarding};

use super::pace::Pace;
use super::report::{millis, spread};
use super::site::{ANY, WORKERS};
use super::{Programs, Report};

/// How long a backend that is back may wait for its first clients: until its trial, or until two
/// probes have passed.
const BACK: Duration = Duration::from_secs(10);
/// Connections that only clients can have made in that time; probes come every two seconds.
const SERVED_AGAIN: u64 = 20;
/// Connections, at least, that the backend has accepted and not answered when it is killed.
const IN_FLIGHT: u64 = 5;

/// How long, how hard, how often.
#[derive(Clone, Copy, Debug)]
pub struct FailoverPlan {
    /// How long connections are made, in seconds.
    pub seconds: u32,
    /// New connections per second.
    pub rate: u32,
    /// How often the one backend is killed.
    pub kills: u32,
}

impl Default for FailoverPlan {
    /// Ten kills in a minute, at 500 connections a second.
    fn default() -> Self {
        Self { seconds: 60, rate: 500, kills: 10 }
    }
}

/// Kills one of two backends and brings it back, with the defaults of the server.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: FailoverPlan) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    let mortal_port = ReservedPort::new()?;
    let start = |listen, log: &Path| {
        // Without a greeting to wait for, clients say their names at once, so that the log knows
        // also those whom the backend leaves without an answer.
        let plan =
            BackendPlan { log: Some(log.to_owned()), ..BackendPlan::new(listen, Mode::Echo) };
        Backend::start(&programs.peer, &plan)
    };
    let start_mortal = || start(mortal_port.address(), &file("mortal"));
    let steady = start(ANY, &file("steady"))?;
    let mut mortal = start_mortal()?;
    let port = ReservedPort::new()?;
    let configuration = forwarding(port.address(), &[mortal.address(), steady.address()], WORKERS);
    let _server = Trunkline::run(&programs.server, &configuration, &[port.address()])?;
    let load = LoadPlan {
        ledger: Some(file("ledger")),
        ..LoadPlan::new(port.address(), plan.rate, plan.seconds)
    };
    let load = Load::start(&programs.peer, &load)?;

    let mut pace = Pace::every(Duration::from_secs(plan.seconds.into()) / plan.kills);
    let (mut kills, mut nameless, mut outages) = (Vec::new(), 0, Vec::new());
    for _ in 0..plan.kills {
        pace.wait();
        // It dies in the middle of its work: some wait for an answer that never comes.
        let accepted = mortal.mute()?.accepted;
        mortal.wait_until_accepted(accepted + IN_FLIGHT, BACK)?;
        let crashed = mortal.crash()?;
        kills.push(crashed.killed_nanos);
        nameless += crashed.nameless;
        mortal = start_mortal()?;
        let since = Instant::now();
        mortal.wait_until_accepted(SERVED_AGAIN, BACK)?;
        outages.push(since.elapsed());
    }
    let back_nanos = crate::clock::monotonic_nanos();
    let summary = load.finish()?;

    let logs =
        [BackendLog::read(&file("mortal"), kills)?, BackendLog::read(&file("steady"), Vec::new())?];
    let verdict = Verdict::of(&read_attempts(&file("ledger"))?, &logs);
    let mut report = Report::new("failover");
    report.show("connections", format!("{}, {}/s", summary.started, plan.rate));
    report.require(
        "kills, all while connections were made",
        plan.kills,
        back_nanos < summary.ended_nanos,
    );
    report.show("how they ended", format!("{:?}", summary.fates));
    report.show("failed, accepted by the backend before its kill", verdict.excused.len());
    report.show("accepted by it, but killed before they said their name", nameless);
    let unexcused = verdict.unexcused.len();
    report.require("failed otherwise, none", unexcused, unexcused == 0);
    for attempt in verdict.unexcused.iter().take(5) {
        report.show("  one of them", format!("{attempt:?}"));
    }
    let repeated = verdict.repeated.len();
    report.require("bytes sent to two backends, none", repeated, repeated == 0);
    for (name, log) in ["the one killed", "the other"].iter().zip(&logs) {
        let is_named = |line: &&BackendLine| matches!(line, BackendLine::Token { .. });
        let named = log.lines.iter().filter(is_named).count();
        report.show(&format!("connections to {name}"), named);
    }
    let longest = outages.iter().max().copied().unwrap_or_default();
    report.show("longest until a backend that is back has clients", format!("{longest:.2?}"));
    report.show("latency", spread(&summary.latency));
    report.show("a connection started late by at most", millis(summary.worst_lateness_nanos));
    Ok(report)
}
