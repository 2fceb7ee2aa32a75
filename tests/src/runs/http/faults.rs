//! Origins fail in four ways, behind this server and behind haproxy, in turn, with equal settings and
//! the same load.
//!
//! | What | How |
//! |---|---|
//! | flapping | one of three closes its listening socket and opens it again, five times a second |
//! | outage | all three are killed, and come back after a while |
//! | errors | one of three answers 500 to everything, from one moment to the next |
//! | slowness | one of three answers in five seconds, from one moment to the next |
//!
//! Of each, no more requests are not served than behind haproxy, where as many are due, and the p99 of
//! all is at most 1.1 times its p99 and a millisecond. How long after its return an origin is checked
//! is chance: in an outage, what comes between two checks is allowed for.

use std::time::Duration;

use anyhow::Result;

use crate::crowd::{Asked, Crowd, CrowdPlan, latency};
use crate::peers::{Program, find};
use crate::runs::report::{millis, spread};
use crate::runs::{Programs, Report};

use super::mortal::Mortal;

mod front;
mod outage;
mod scenario;

use front::Front;
use outage::Outage;
use scenario::Scenario;

const ORIGINS: usize = 3;
/// From one request of a client to the next. Many clients that ask seldom: one that waits long asks
/// nothing meanwhile, and few that ask often would flatter a proxy that has them wait.
const PERIOD: Duration = Duration::from_millis(200);

/// How long, how hard.
#[derive(Clone, Copy, Debug)]
pub struct FaultPlan {
    /// Rounds of each fault behind each proxy.
    pub rounds: u32,
    /// Seconds of a round; faults begin after a quarter of it.
    pub seconds: u32,
    /// Clients that ask five times a second.
    pub clients: u32,
    /// Whether there are rounds behind haproxy as well.
    pub compared: bool,
    /// Whether times are judged, and how many requests there are at once.
    pub timed: bool,
}

impl Default for FaultPlan {
    /// Three rounds of eight seconds, at 1,200 requests a second: 200 seconds in all.
    fn default() -> Self {
        Self { rounds: 3, seconds: 8, clients: 240, compared: true, timed: true }
    }
}

/// Has origins fail.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: FaultPlan) -> Result<Report> {
    let mut report = Report::new("pool-faults");
    let haproxy = if plan.compared { find("haproxy") } else { None };
    if plan.compared && haproxy.is_none() {
        report.show("haproxy", "SKIPPED: haproxy is not installed");
    }
    for scenario in Scenario::ALL {
        let (mut ours, mut theirs) = (Round::default(), Round::default());
        for _ in 0..plan.rounds {
            ours.add(round(programs, None, scenario, plan)?);
            if let Some(haproxy) = &haproxy {
                theirs.add(round(programs, Some(haproxy), scenario, plan)?);
            }
        }
        tell(scenario, &ours, haproxy.is_some().then_some(&theirs), plan, &mut report);
    }
    Ok(report)
}

/// What was seen of one proxy under one fault.
#[derive(Default)]
struct Round {
    asked: Vec<Asked>,
    outages: Vec<Outage>,
}

impl Round {
    fn add(&mut self, other: Self) {
        self.asked.extend(other.asked);
        self.outages.extend(other.outages);
    }

    fn failed(&self) -> usize {
        self.asked.iter().filter(|asked| !asked.is_served()).count()
    }

    /// Of those not served, per cent.
    fn rate(&self) -> f64 {
        self.failed() as f64 * 100.0 / self.asked.len().max(1) as f64
    }
}

fn round(
    programs: &Programs,
    haproxy: Option<&Program>,
    scenario: Scenario,
    plan: FaultPlan,
) -> Result<Round> {
    let mut origins = Mortal::several(programs, ORIGINS, scenario.delay_millis())?;
    let front = Front::start(programs, haproxy, &origins, scenario)?;
    let to = front.address();
    let (name, clients, period) = ("get", plan.clients, PERIOD);
    let crowd = Crowd::start(CrowdPlan { to, name, clients, period, posts: false })?;
    crowd.wait_until_served(u64::from(plan.clients), Duration::from_secs(10))?;
    let acted = scenario.act(&mut origins, Duration::from_secs(plan.seconds.into()));
    let asked = crowd.finish()?;
    let outages = acted?.map(|mut outage| {
        outage.judge(&asked);
        outage
    });
    Ok(Round { asked, outages: outages.into_iter().collect() })
}

fn tell(
    scenario: Scenario,
    ours: &Round,
    theirs: Option<&Round>,
    plan: FaultPlan,
    report: &mut Report,
) {
    let name = |what: &str| format!("{scenario}: {what}");
    report.show(&name("settings beside the common ones"), scenario.settings());
    let rate = |round: &Round| {
        format!("{:.3} % ({} of {})", round.rate(), round.failed(), round.asked.len())
    };
    let times = latency(&ours.asked);
    report.show(&name("not served"), rate(ours));
    report.show(&name("times"), spread(&times));
    if let Some(theirs) = theirs {
        let their_times = latency(&theirs.asked);
        report.show(&name("not served, haproxy"), rate(theirs));
        report.show(&name("times, haproxy"), spread(&their_times));
        let most = theirs.failed() + scenario.chance(plan);
        let bound = name(&format!("not served, at most as many as behind haproxy, {most}"));
        report.require(&bound, ours.failed(), ours.failed() <= most);
        let most = their_times.p99_nanos + their_times.p99_nanos / 10 + 1_000_000;
        let bound = name(&format!("p99, at most haproxy's x 1.1 + 1 ms, {}", millis(most)));
        report.require(&bound, millis(times.p99_nanos), times.p99_nanos <= most);
    } else if scenario.costs_nothing() {
        let failed = ours.failed();
        report.require(&name("not served, none"), failed, failed == 0);
    }
    outage::tell(&ours.outages, plan.timed, report);
}
