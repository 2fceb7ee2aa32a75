//! Actors that a protocol's messages are balanced over panic all the time.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::control::What;
use crate::protocols::{DEADLINE, MEMBERS, SILENCE};
use crate::talkers::{Answer, Line, TalkPlan, Talkers};

use super::host::Host;
use super::pace::Pace;
use super::report::{millis, spread};
use super::site::ROOT;
use super::{Programs, Report};

/// How many lines the odd connections send at once.
const DEPTH: u32 = 8;
/// One line in so many is never answered by whoever gets it.
const SILENT: u64 = 997;
/// How far the share of a member may be from the mean.
const TOLERANCE: f64 = 0.05;
/// What an answer may take beyond the deadline: the rounding of deadlines, and the lines before it.
const LATE: Duration = Duration::from_millis(100);
/// How long a member may take to be back.
const BACK: Duration = Duration::from_secs(10);

/// How long, how hard, how often.
#[derive(Clone, Copy, Debug)]
pub struct DispatchPlan {
    /// For how many seconds lines are sent.
    pub seconds: u32,
    /// Connections; each sends 4.5 lines every 82 ms in the mean.
    pub connections: u32,
    /// Panics of members, in turn; half of them over a message.
    pub crashes: u32,
    /// Whether times are judged.
    pub timed: bool,
}

impl Default for DispatchPlan {
    /// 10,000 lines a second.
    fn default() -> Self {
        Self { seconds: 30, connections: 200, crashes: 100, timed: true }
    }
}

/// Sends lines while members panic.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: DispatchPlan) -> Result<Report> {
    let host = Host::start(programs, "counter", "", "error")?;
    let talkers = Talkers::start(TalkPlan {
        to: host.address(),
        connections: plan.connections,
        depth: DEPTH,
        period: Duration::from_millis(82),
        ending: |number| if number % SILENT == SILENT - 1 { SILENCE } else { "" },
        judge,
    })?;
    let mark = host.control.mark();
    let at_message = crash(&host, plan)?;
    let talked = talkers.stop()?;
    let seen = host.control.events_since(mark);
    let ours = |path: &str| path.starts_with(&team());
    let panicked = |reason: &Option<String>| reason.as_deref() == Some("panicked");
    let seen = seen.iter().filter(|it| it.what == What::Exited && ours(&it.path));
    let seen = seen.filter(|event| panicked(&event.reason)).count();
    let path = format!("{}/counters", team());
    let detail = host.tree()?.into_iter().find(|node| node.path == path);
    let detail = detail.and_then(|node| node.detail).context("the dispatcher tells nothing")?;
    let code = host.stop()?;

    let mut report = Report::new("dispatch");
    report.show("lines sent", talked.sent);
    report.show("a second", talked.sent / u64::from(plan.seconds));
    report.require("panics of members, all seen", seen, seen == plan.crashes as usize);
    let (delivered, failed) = (talked.ordinary_answers(), talked.failures);
    report.require(
        "delivered and failed, together as many as sent",
        format!("{delivered} and {failed}"),
        delivered + failed == talked.sent,
    );
    let told = (detail["delivered"].as_u64(), detail["failed"].as_u64());
    let same = told == (Some(delivered), Some(failed));
    let figure = format!("{} and {}", detail["delivered"], detail["failed"]);
    report.require("as the dispatcher tells it", figure, same);
    let lost = talked.lost == 0;
    report.require("connections lost, or answered for another, none", talked.losses(), lost);
    report.show("lines that no member answers", talked.marked);
    let most = talked.marked + u64::from(at_message);
    let name = "failed, at most these and one for each panic over a message";
    if plan.timed {
        report.require(name, format!("{failed} of {most}"), failed <= most);
    } else {
        report.show(name, format!("{failed} of {most}"));
    }
    let mean = delivered as f64 / MEMBERS as f64;
    let off = |count: &u64| (*count as f64 / mean - 1.0).abs();
    let off = talked.answered.iter().map(off).fold(0.0, f64::max);
    let even = talked.answered.len() == MEMBERS && off <= TOLERANCE;
    let figure = format!("{:.2} %", off * 100.0);
    report.require("share of a member, at most 5 % from the mean", figure, even);
    report.show("ordinary answers", spread(&talked.ordinary));
    report.show("failures", spread(&talked.failing));
    let slowest = talked.failing.max_nanos.max(talked.ordinary.max_nanos);
    let name = "slowest answer of all, within 100 ms and 100 more for the lines before it";
    if plan.timed {
        let kept = Duration::from_nanos(slowest) <= DEADLINE + LATE;
        report.require(name, millis(slowest), kept);
    } else {
        report.show(name, millis(slowest));
    }
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

fn team() -> String {
    format!("{ROOT}/app/team")
}

/// Makes members panic in turn; how many of the panics were over a message.
fn crash(host: &Host, plan: DispatchPlan) -> Result<u32> {
    // A little faster than need be: the last of them is to be back before the lines end.
    let mut pace =
        Pace::every(Duration::from_secs(plan.seconds.into()).mul_f64(0.95) / plan.crashes);
    let mut at_message = 0;
    for number in 0..plan.crashes {
        pace.wait();
        let path = format!("{}/m{}", team(), number as usize % MEMBERS);
        let mark = host.control.mark();
        if number % 2 == 0 {
            at_message += 1;
            host.control.panic_message(&path)?;
        } else {
            host.control.panic(&path)?;
        }
        host.control.wait_for("restart", mark, BACK, |event| {
            event.what == What::Started && event.path == path
        })?;
    }
    Ok(at_message)
}

fn judge(line: Line<'_>, answer: &str) -> Answer {
    let Some(rest) = answer.strip_prefix(line.text) else { return Answer::Wrong };
    match rest.strip_prefix(" of ").map(str::parse) {
        Some(Ok(member)) if line.ending.is_empty() && member < MEMBERS => Answer::Ordinary(member),
        Some(_) => Answer::Wrong,
        None if matches!(rest, " lost crashed" | " lost deadline") => Answer::Failure,
        None => Answer::Wrong,
    }
}
