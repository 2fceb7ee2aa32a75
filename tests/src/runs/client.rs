//! The peer of a client is killed again and again.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;

use crate::port::ReservedPort;
use crate::protocols::PEER;
use crate::talkers::{Answer, Line, TalkPlan, Talked, Talkers};

use super::host::{Host, Served};
use super::pace::Pace;
use super::report::spread;
use super::{Programs, Report};

mod mortal;

use mortal::{Life, Mortal};

/// How long the peer lives, and how long it is gone.
const LIFE: Duration = Duration::from_millis(350);
const OUTAGE: Duration = Duration::from_millis(150);
/// Attempts of one client in one outage: those that rests of 10, 20, 40 and 80 ms leave room for,
/// each cut to half by its jitter, and some.
const MOST_ATTEMPTS: u64 = 12;
/// Connections that talk to each client.
const CONNECTIONS: u32 = 16;
/// How many requests a client has with its peer at once.
const IN_FLIGHT: u64 = 64;
/// The endings tell apart whose line the peer has seen.
const FAILS: &str = " once";
const REPEATS: &str = " again";

/// How often.
#[derive(Clone, Copy, Debug)]
pub struct ClientPlan {
    /// How often the peer is killed, twice a second.
    pub kills: u32,
}

impl Default for ClientPlan {
    fn default() -> Self {
        Self { kills: 100 }
    }
}

/// Kills the peer of two clients: one whose requests fail then, and one that repeats them.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: ClientPlan) -> Result<Report> {
    let port = ReservedPort::new()?;
    let mortal = Mortal::start(port.address())?;
    let served =
        ["once", "again"].map(|protocol| Served { name: protocol, protocol, settings: "" });
    let peer = port.address().to_string();
    let host = Host::start_all(programs, &served, "error", &[(PEER, &peer)])?;
    let fails = talk(&host, 0, |_| FAILS)?;
    let repeats = talk(&host, 1, |_| REPEATS)?;
    let (mut attempts, mut outages) = (0, 0);
    for kill in 0..plan.kills {
        pass(LIFE);
        // A port that refuses, and one that takes connections only to reset them: these count.
        let life = if kill % 2 == 0 { Life::Gone } else { Life::Dying };
        mortal.order(life)?;
        let before = mortal.attempts();
        pass(OUTAGE);
        if life == Life::Dying {
            outages += 1;
            attempts += mortal.attempts() - before;
        }
        mortal.order(Life::Living)?;
    }
    let (fails, repeats) = (fails.stop()?, repeats.stop()?);
    let code = host.stop()?;
    let lines = mortal.end()?;

    let mut report = Report::new("client");
    report.show("times that the peer was killed", plan.kills);
    tell("requests that fail", &fails, &mut report);
    let most = u64::from(plan.kills) * IN_FLIGHT;
    let figure = format!("{} of {most}", fails.failures);
    let some = fails.failures > 0 && fails.failures <= most;
    report.require("of these failed, some, at most 64 for each kill", figure, some);
    let doubled = twice(&lines, FAILS);
    report.require("of these seen twice by the peer, none", doubled, doubled == 0);
    tell("requests that are repeated", &repeats, &mut report);
    report.show("of these seen twice by the peer", twice(&lines, REPEATS));
    report.require("of these failed, none", repeats.failures, repeats.failures == 0);
    let most = outages * MOST_ATTEMPTS * 2;
    report.require(
        "attempts of both clients to connect in outages, at most 12 of each in each",
        format!("{attempts} in {outages} outages of 150 ms"),
        attempts <= most,
    );
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

fn talk(host: &Host, listener: usize, ending: fn(u64) -> &'static str) -> Result<Talkers> {
    Talkers::start(TalkPlan {
        to: host.address_of(listener),
        connections: CONNECTIONS,
        depth: 4,
        period: Duration::from_millis(80),
        ending,
        judge,
    })
}

fn judge(line: Line<'_>, answer: &str) -> Answer {
    match answer.strip_prefix(line.text) {
        Some("") => Answer::Ordinary(0),
        Some(" lost broken" | " lost deadline" | " lost unanswered") => Answer::Failure,
        Some(_) | None => Answer::Wrong,
    }
}

/// Lines with this ending that the peer has seen more than once.
fn twice(lines: &HashMap<String, u32>, ending: &str) -> usize {
    lines.iter().filter(|(line, times)| line.ends_with(ending) && **times > 1).count()
}

fn tell(what: &str, talked: &Talked, report: &mut Report) {
    report.show(what, talked.sent);
    let (answered, failed) = (talked.ordinary_answers(), talked.failures);
    report.require(
        "of these answered and failed, together all",
        format!("{answered} and {failed}"),
        answered + failed == talked.sent,
    );
    report.require(
        "connections lost, or answered twice or for another, none",
        talked.losses(),
        talked.lost == 0,
    );
    report.show("answers", spread(&talked.ordinary));
}

/// The time itself is what is wanted here.
fn pass(time: Duration) {
    let mut pace = Pace::every(time);
    pace.wait();
    pace.wait();
}
