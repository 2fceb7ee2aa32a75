//! A room of which some read nothing.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::latency::Latency;

use super::host::Host;
use super::report::{millis, spread};
use super::{Programs, Report};

mod audience;

use audience::{Heard, listen};

/// How many lines may wait for a member.
const INBOX: u32 = 32;
/// How long a broadcast waits for slow members, where it does: less than from one line to the next.
const WITHIN: &str = "10ms";
/// How long what a log is waited for may take.
const PROMPT: Duration = Duration::from_secs(10);
/// What slow members may add to the p99 of the others: so many times, or so much.
const TIMES: f64 = 1.5;
const ADDED: u64 = 1_000_000;

/// How many, how often, how long.
#[derive(Clone, Copy, Debug)]
pub struct BroadcastPlan {
    /// Members that read.
    pub members: u32,
    /// Members that do not.
    pub slow: u32,
    /// Lines of 100 bytes a second.
    pub rate: u32,
    /// Seconds of each round.
    pub seconds: u32,
    /// Rounds of each policy without and with slow members, in turn.
    pub rounds: u32,
    /// Whether times are judged.
    pub timed: bool,
}

impl Default for BroadcastPlan {
    fn default() -> Self {
        Self { members: 990, slow: 10, rate: 20, seconds: 5, rounds: 4, timed: true }
    }
}

/// Broadcasts under each policy for slow members.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: BroadcastPlan) -> Result<Report> {
    let mut report = Report::new("broadcast");
    let BroadcastPlan { members, slow, rate, .. } = plan;
    report.show("members that read, that do not", format!("{members}, {slow}"));
    report.show("lines a second", rate);
    for policy in ["drop", "disconnect", "wait"] {
        let (mut without, mut with) = (Heard::default(), Heard::default());
        for _ in 0..plan.rounds {
            without.add(round(programs, policy, plan, 0, &mut report)?);
            with.add(round(programs, policy, plan, slow, &mut report)?);
        }
        tell(policy, without, with, plan, &mut report);
    }
    Ok(report)
}

/// One round on a server of its own. Something that does not have to be is added to the report.
fn round(
    programs: &Programs,
    policy: &str,
    plan: BroadcastPlan,
    slow: u32,
    report: &mut Report,
) -> Result<Heard> {
    let settings =
        format!("settings = {{ policy = \"{policy}\", within = \"{WITHIN}\", inbox = {INBOX} }}");
    let mut host = Host::start(programs, "room", &settings, "info")?;
    let (heard, audience) = listen(host.address(), plan, slow, INBOX)?;
    let left_behind = if policy == "disconnect" {
        host.wait_for_lines(&["connection closed", "disconnected"], slow as usize, PROMPT)?
    } else {
        let full = |mailbox: u64| mailbox == u64::from(INBOX);
        host.tree()?.iter().filter(|node| full(node.mailbox)).count()
    };
    drop(audience);
    if left_behind != slow as usize {
        let name = format!("{policy}: members that the others left behind, {slow}");
        report.require(&name, left_behind, false);
    }
    host.stop()?.context("the server was killed by a signal")?;
    Ok(heard)
}

fn tell(policy: &str, without: Heard, with: Heard, plan: BroadcastPlan, report: &mut Report) {
    let missing = without.missing + with.missing;
    report.require(&format!("{policy}: lines missed by who reads, none"), missing, missing == 0);
    let (without, with) = (Latency::of(without.nanos), Latency::of(with.nanos));
    report.show(&format!("{policy}: sent to received without slow members"), spread(&without));
    report.show(&format!("{policy}: sent to received with slow members"), spread(&with));
    let (before, after) = (without.p99_nanos, with.p99_nanos);
    let ratio = after as f64 / before.max(1) as f64;
    let figure = format!("{ratio:.2} times, {} more", millis(after.saturating_sub(before)));
    let name = format!("{policy}: added to their p99");
    if plan.timed {
        let within = ratio <= TIMES || after <= before + ADDED;
        report.require(&format!("{name}, at most 1.5 times or 1 ms"), figure, within);
    } else {
        report.show(&name, figure);
    }
}
