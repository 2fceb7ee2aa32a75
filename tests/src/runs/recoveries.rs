//! Handlers of protocols panic all the time, on all connections at once.

use std::time::Duration;

use anyhow::Result;

use crate::procfs::allocated_bytes;
use crate::protocols::{CRASHED, PANIC};
use crate::talkers::{Answer, Line, TalkPlan, Talked, Talkers};

use super::host::Host;
use super::pace::Pace;
use super::report::spread;
use super::{Programs, Report};

/// More crashes than there will be on any connection, and no line twice: neither the limit of crashes
/// nor the quarantine is what this is about.
const SETTINGS: &str = "settings = { crashes = 1000000, threshold = 3, period = \"10m\" }";
/// Every tenth line crashes its handler.
const EVERY: u64 = 10;
/// How many lines the odd connections send at once.
const DEPTH: u32 = 8;
/// How long after the start memory is taken for the level that it is to keep.
const WARM: u32 = 5;

/// How long, on how many connections.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryPlan {
    /// For how many seconds all talk.
    pub seconds: u32,
    /// How many talk at once.
    pub connections: u32,
    /// How often each sends, in milliseconds.
    pub period_millis: u64,
}

impl Default for RecoveryPlan {
    /// 1,000 connections for 30 s: about 4,500 lines a second, of which 450 crash their handler.
    fn default() -> Self {
        Self { seconds: 30, connections: 1000, period_millis: 1000 }
    }
}

/// Talks to handlers that panic over every tenth line.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: RecoveryPlan) -> Result<Report> {
    let mut host = Host::start(programs, "fragile", SETTINGS, "error")?;
    let id = host.id();
    let talkers = Talkers::start(TalkPlan {
        to: host.address(),
        connections: plan.connections,
        depth: DEPTH,
        period: Duration::from_millis(plan.period_millis),
        ending: |number| if number % EVERY == EVERY - 1 { PANIC } else { "" },
        judge,
    })?;
    let mut pace = Pace::every(Duration::from_secs(1));
    let mut memory = Vec::new();
    pace.wait();
    for _ in 0..plan.seconds {
        pace.wait();
        memory.push(allocated_bytes(id)?);
    }
    let talked = talkers.stop()?;
    let code = host.stop()?;

    let mut report = Report::new("recoveries");
    report.show("connections, the odd ones pipelined", plan.connections);
    tell(&talked, &mut report);
    let warm = (WARM.min(plan.seconds / 2).max(1) - 1) as usize;
    let (before, after) = (memory[warm], memory[memory.len() - 1]);
    let bound = before + before / 10 + 2 * 1024 * 1024;
    let figure = format!("{} and {} KiB", before / 1024, after / 1024);
    let name = format!(
        "memory (PSS, without files) after {} s and at the end, at most 10 % + 2 MB more",
        warm + 1
    );
    report.require(&name, figure, after <= bound);
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

fn judge(line: Line<'_>, answer: &str) -> Answer {
    match answer {
        CRASHED if line.ending == PANIC => Answer::Failure,
        _ if answer == line.text && line.ending != PANIC => Answer::Ordinary(0),
        _ => Answer::Wrong,
    }
}

fn tell(talked: &Talked, report: &mut Report) {
    let answered = talked.ordinary_answers();
    report.show("lines sent", talked.sent);
    report.require("crashes, more than none", talked.failures, talked.failures > 0);
    report.require(
        "connections lost, or with a line lost, reordered or answered for another, none",
        talked.losses(),
        talked.lost == 0,
    );
    let all = answered + talked.failures;
    report.require("lines answered, as many as sent", all, all == talked.sent);
    report.show("crash to the answer that owns up to it", spread(&talked.failing));
    report.show("ordinary answers", spread(&talked.ordinary));
}
