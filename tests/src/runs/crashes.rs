//! Every kind of actor, and each of their supervisors, panics under load.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::backend::Backend;
use crate::control::Node;
use crate::idle_clients::{Held, IdleClients, IdlePlan};
use crate::keepalive::{Keepalive, KeepalivePlan};
use crate::latency::Latency;
use crate::load::{Fate, Load, LoadPlan, LoadSummary};
use crate::procfs::open_descriptors;
use crate::protocols::CRASHED;
use crate::talkers::{Answer, TalkPlan, Talked, Talkers};

use super::report::{millis, spread};
use super::site::{Site, TREE, is_connection, is_protocol};
use super::{Programs, Report};

pub(super) mod injector;
pub(super) mod seen;
pub(super) mod targets;

use injector::{Injection, inject};
use seen::Seen;
use targets::Targets;

/// The variable by which the server is given other intensities and back-offs.
pub(super) const SUPERVISION: &str = "TRUNKLINE_FAULTS_SUPERVISION";
/// Restarts, and in milliseconds period, shortest and longest back-off, healthy uptime: more
/// restarts than there are panics; the shortest back-off is that of the defaults, and every crash
/// counts as the first, as it would where each is days after the one before.
pub(super) const NEVER_SPENT: &str = "10000,60000,2,20,200";
/// Connections forwarded before the faults that no fault is meant for.
const BYSTANDERS: u16 = 16;
/// The same, but idle, beside those that are to crash.
const SPARE: u32 = 50;
/// Connections of a protocol, which talk all the time. Even: every other one crashes over a message.
const TALKERS: u32 = 8;
/// How often each of them says something.
const TALK: Duration = Duration::from_millis(50);
/// How long the server may take until all is as before.
const SETTLED: Duration = Duration::from_secs(15);
const PROMPT: Duration = Duration::from_secs(20);

/// How long, how hard, how often.
#[derive(Clone, Copy, Debug)]
pub struct CrashPlan {
    /// How long connections are made and actors crash, in seconds.
    pub seconds: u32,
    /// New connections per second where the faults are.
    pub rate: u32,
    /// New connections per second elsewhere.
    pub calm_rate: u32,
    /// Panics of each kind of actor and of each kind of supervisor.
    pub panics_of_each: u32,
    /// Whether times are judged, against a run of the same length without faults. Where the
    /// machine does other things as well, they say nothing.
    pub timed: bool,
}

impl Default for CrashPlan {
    /// 1,071 panics in a minute, 63 of each of 17 kinds, at 500 connections a second.
    fn default() -> Self {
        Self { seconds: 60, rate: 500, calm_rate: 200, panics_of_each: 63, timed: true }
    }
}

/// Makes actors panic, with intensities that none of them spends.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: CrashPlan) -> Result<Report> {
    let without = plan.timed.then(|| under_load(programs, plan, false)).transpose()?;
    let with = under_load(programs, plan, true)?;
    let mut report = Report::new("crashes");
    report.show("intensities and back-offs of all supervisors", NEVER_SPENT);
    with.seen.tell(&mut report);
    with.tell(&mut report);
    let p99 = with.seen.recovery.p99_nanos;
    if let Some(without) = without {
        let in_time = p99 < 50_000_000;
        report.require(
            "panic to served again, p99 below 50 ms",
            spread(&with.seen.recovery),
            in_time,
        );
        report.show("latency elsewhere without faults", spread(&without.calm.latency));
        report.show("latency elsewhere with faults", spread(&with.calm.latency));
        let p99 = |latency: &Latency| latency.p99_nanos;
        let added = p99(&with.calm.latency).saturating_sub(p99(&without.calm.latency));
        report.require("added to their p99, below 1 ms", millis(added), added < 1_000_000);
        report.show("latency at the faults without them", spread(&without.main.latency));
    } else {
        report.show("panic to served again", spread(&with.seen.recovery));
    }
    report.show("latency at the faults", spread(&with.main.latency));
    Ok(report)
}

/// What became of one run.
struct Outcome {
    main: LoadSummary,
    calm: LoadSummary,
    held: Held,
    bystanders: Result<u64>,
    talked: Talked,
    panics_of_connections: u64,
    panics_of_protocols: u64,
    seen: Seen,
    changed: Vec<String>,
    descriptors: (usize, usize),
    code: Option<i32>,
}

fn under_load(programs: &Programs, plan: CrashPlan, faults: bool) -> Result<Outcome> {
    let mut site = Site::start_with_protocol(programs, "warn", &[(SUPERVISION, NEVER_SPENT)])?;
    let id = site.server.process().id();
    let shape = shape(&site.tree()?);
    // Probes come and go: the least of a few looks is without them.
    let least = |_| open_descriptors(id);
    let looks: Vec<_> = (0..20).map(least).collect::<Result<_>>()?;
    let descriptors = looks.into_iter().min().context("no look")?;

    let idle = IdlePlan::new(site.main.address(), plan.panics_of_each + SPARE);
    let idle = IdleClients::open(&programs.peer, &idle, PROMPT)?;
    let talkers = talk(&site)?;
    let control = &site.control;
    site.server.process().wait_until("all protocols are there", PROMPT, |_| {
        let tree = control.tree(TREE)?;
        Ok(tree.iter().filter(|node| is_protocol(&node.path)).count() == TALKERS as usize)
    })?;
    let tree = site.tree()?;
    let addresses: Vec<_> = site.main.backends.iter().map(Backend::address).collect();
    let targets = Targets::of(&tree, &addresses)?;
    let bystanders = KeepalivePlan::new(site.main.address(), BYSTANDERS);
    let mut bystanders = Keepalive::open(&programs.peer, &bystanders)?;
    let start =
        |address, rate| Load::start(&programs.peer, &LoadPlan::new(address, rate, plan.seconds));
    let main = start(site.main.address(), plan.rate)?;
    let calm = start(site.calm.address(), plan.calm_rate)?;
    let mark = site.control.mark();
    let injections: Vec<Injection> = if faults {
        let mut connections = targets.connections.iter().cloned();
        let connection = || connections.next().context("too few connections to crash");
        inject(&site.control, &targets.lasting, connection, plan.panics_of_each, plan.seconds)?
    } else {
        Vec::new()
    };
    let (main, calm) = (main.finish()?, calm.finish()?);
    let seen = Seen::of(&site.control.events_since(mark), &injections);
    let panics_of_connections =
        injections.iter().filter(|it| is_connection(&it.path)).count() as u64;
    let panics_of_protocols = injections.iter().filter(|it| is_protocol(&it.path)).count() as u64;
    let talked = talkers.stop()?;
    let bystanders_left = bystanders.round(u64::from(BYSTANDERS) * 10, PROMPT);
    let held = idle.close()?;
    drop(bystanders);

    let mut left = descriptors;
    // Where that does not come, the report tells how many are left.
    let _late = site.server.process().wait_until("as before", SETTLED, |id| {
        left = open_descriptors(id)?;
        Ok(left <= descriptors)
    });
    let after = self::shape(&site.tree()?);
    let changed = shape.symmetric_difference(&after).cloned().collect();
    site.server.process().signal(Signal::TERM)?;
    let code = site.server.process().wait(PROMPT)?.code();
    Ok(Outcome {
        main,
        calm,
        held,
        bystanders: bystanders_left.map(|round| round.done),
        talked,
        panics_of_connections,
        panics_of_protocols,
        seen,
        changed,
        descriptors: (descriptors, left),
        code,
    })
}

/// Connections of a protocol, whose lines may be answered as lost.
fn talk(site: &Site) -> Result<Talkers> {
    Talkers::start(TalkPlan {
        to: site.talk()?,
        connections: TALKERS,
        depth: 4,
        period: TALK,
        ending: |_| "",
        judge: |line, answer| match answer {
            CRASHED => Answer::Failure,
            _ if answer == line.text => Answer::Ordinary(0),
            _ => Answer::Wrong,
        },
    })
}

/// The tree without connections: path, kind, worker and state of every actor.
pub(super) fn shape(tree: &[Node]) -> BTreeSet<String> {
    let lasting = tree.iter().filter(|node| !is_connection(&node.path) && !is_protocol(&node.path));
    lasting
        .map(|node| {
            let worker = node.worker.map(|worker| format!(" on w{worker}"));
            let worker = worker.unwrap_or_default();
            format!("{} ({}, {}{worker})", node.path, node.kind, node.state)
        })
        .collect()
}

impl Outcome {
    fn tell(&self, report: &mut Report) {
        let lost = self.held.ended + self.held.reset;
        let failed = self.main.failed() + lost;
        report.show("connections made at the faults", self.main.done);
        report.show("how they ended", format!("{:?}", self.main.fates));
        report.show("idle connections that ended", lost);
        report.require(
            "failed at all, at most as many as panics in connections",
            format!("{failed} of {}", self.panics_of_connections),
            failed <= self.panics_of_connections,
        );
        let refused = self.main.count(Fate::Refused) + self.calm.count(Fate::Refused);
        report.require("refused, none", refused, refused == 0);
        let bystanders = &self.bystanders;
        report.require(
            "connections forwarded before go on, all of 16",
            bystanders.as_ref().map_or_else(ToString::to_string, |done| format!("{done} requests")),
            bystanders.is_ok(),
        );
        let talked = &self.talked;
        report.show("lines of a protocol", talked.sent);
        report.require(
            "its connections lost, or answered for another, none of 8",
            talked.losses(),
            talked.lost == 0,
        );
        report.require(
            "lines answered as crashed, at most as many as panics in protocols",
            format!("{} of {}", talked.failures, self.panics_of_protocols),
            talked.failures <= self.panics_of_protocols,
        );
        report.show("connections elsewhere", self.calm.done);
        let failed = self.calm.failed();
        report.require("of these failed, none", failed, failed == 0);
        let changed = self.changed.join(", ");
        report.require(
            "the tree afterwards, as before",
            format!("[{changed}]"),
            changed.is_empty(),
        );
        let (before, after) = self.descriptors;
        report.require(
            "descriptors before and after, none more",
            format!("{before}, {after}"),
            after <= before,
        );
        report.require("then exit code 0", format!("{:?}", self.code), self.code == Some(0));
    }
}
