//! What shows the server to others crashes until it is parked, under load, and comes back.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::backend::{Backend, BackendPlan, Mode};
use crate::collector::{Collector, Mood, Speaks};
use crate::control::{Control, Event, What};
use crate::crowd::{Asked, Crowd, CrowdPlan, latency};
use crate::keepalive::{Keepalive, KeepalivePlan};
use crate::load::{Load, LoadPlan, LoadSummary};
use crate::origin::{Origin, OriginPlan};
use crate::port::ReservedPort;
use crate::trunkline::Trunkline;

use super::admin::{Admin, SPANS, Spans};
use super::report::spread;
use super::site::{ANY, ROOT, TREE, WORKERS};
use super::{Programs, Report};

/// Supervisor of them all.
const OBSERVABILITY: &str = "server/control/observability";
/// Its children, and then itself.
const VICTIMS: [&str; 4] = ["/spans", "/restarts", "/admin", ""];
/// More panics than an intensity allows within its period, also with back-offs in between.
const MOST_PANICS: usize = 60;
/// How long an actor may take to come back, also where its back-off has grown.
const BACK: Duration = Duration::from_secs(20);
/// The longest back-off of the defaults, and some.
const TRIAL: Duration = Duration::from_secs(40);
const PROMPT: Duration = Duration::from_secs(20);
/// Connections that are forwarded all the time, and make a request now and then.
const BYSTANDERS: u16 = 16;

/// How hard, and how patient.
#[derive(Clone, Copy, Debug)]
pub struct ObservabilityCrashPlan {
    /// Clients of HTTP, each with ten requests a second.
    pub clients: u32,
    /// New connections a second.
    pub rate: u32,
    /// How long connections are made around each of the victims, in seconds.
    pub seconds: u32,
    /// Whether what is parked comes back by itself, after up to 30 s. Else an operator starts it.
    pub with_trial: bool,
}

impl Default for ObservabilityCrashPlan {
    fn default() -> Self {
        Self { clients: 32, rate: 200, seconds: 10, with_trial: true }
    }
}

/// Lets each of them crash until it is parked.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: ObservabilityCrashPlan) -> Result<Report> {
    let collector = Collector::start(Speaks::Grpc)?;
    collector.become_of(Mood::Counts);
    let (admin, web, raw) = (Admin::new()?, ReservedPort::new()?, ReservedPort::new()?);
    let origin = Origin::start(&programs.peer, &OriginPlan::new(ANY))?;
    let backend = Backend::start(&programs.peer, &BackendPlan::new(ANY, Mode::Echo))?;
    let configuration = format!(
        "[server]\nworkers = {WORKERS}\n{}[log]\nlevel = \"error\"\n\
         [telemetry]\nsample_ratio = 1.0\n[telemetry.otlp]\nendpoint = \"{}\"\n\
         [listener.web]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"web\" }}]\n\
         [pool.web]\nbackends = [\"{}\"]\n\
         [listener.raw]\nbind = \"{}\"\nprotocol = \"forward\"\npool = \"raw\"\n\
         [pool.raw]\nbackends = [\"{}\"]\n",
        admin.setting(),
        collector.endpoint(),
        web.address(),
        origin.address(),
        raw.address(),
        backend.address()
    );
    let listeners = [web.address(), raw.address(), admin.address()];
    let (mut server, control) =
        Trunkline::run_with_faults(&programs.faults, &configuration, &listeners)?;
    let bystanders = KeepalivePlan::new(raw.address(), BYSTANDERS);
    let mut bystanders = Keepalive::open(&programs.peer, &bystanders)?;
    let crowd = Crowd::start(CrowdPlan {
        to: web.address(),
        name: "during",
        clients: plan.clients,
        period: Duration::from_millis(100),
        posts: false,
    })?;
    crowd.wait_until_served(u64::from(plan.clients), PROMPT)?;

    let mut report = Report::new("observability-crashes");
    let (mut made, mut echoed) = (Vec::new(), 0);
    for below in VICTIMS {
        let victim = format!("{OBSERVABILITY}{below}");
        let load = LoadPlan::new(raw.address(), plan.rate, plan.seconds);
        let load = Load::start(&programs.peer, &load)?;
        let (panics, mark) = spend(&control, &victim)?;
        report.show(&format!("{victim} parked after panics"), panics);
        echoed += bystanders.round(u64::from(BYSTANDERS) * 10, PROMPT)?.done;
        made.push(load.finish()?);
        comes_back(&control, &victim, mark, plan.with_trial)?;
    }
    // All of it is asked again: the admin API has been parked, and its supervisor.
    let last = Load::start(&programs.peer, &LoadPlan::new(raw.address(), plan.rate, 1))?;
    made.push(last.finish()?);
    let before = of_tree(&control)?;
    let mut moves = |_| Ok(admin.spans().is_ok_and(|now| now.exported > before.exported));
    let again = server.process().wait_until("spans are exported again", PROMPT, &mut moves);
    let why = again.as_ref().map_or_else(|error| format!("{error:#}"), |()| "yes".to_owned());
    report.require("spans are exported again, and the admin API says so", why, again.is_ok());
    let asked = crowd.finish_after(Duration::ZERO)?;
    tell(&asked, &made, echoed, &mut report);
    restarts(&control, &mut report)?;
    accounts(&admin, &collector, &mut report)?;
    Ok(report)
}

/// Makes `victim` panic until it is parked: how often, and the mark behind that.
fn spend(control: &Control, victim: &str) -> Result<(usize, usize)> {
    let is_of = |event: &Event, what: What| event.what == what && event.path == victim;
    let mut mark = control.mark();
    for panics in 1..=MOST_PANICS {
        control.panic(victim)?;
        let (event, behind) = control.wait_for("end of a panic", mark, BACK, |event| {
            is_of(event, What::Started) || is_of(event, What::Parked)
        })?;
        mark = behind;
        if event.what == What::Parked {
            return Ok((panics, mark));
        }
    }
    bail!("{victim} is not parked after {MOST_PANICS} panics")
}

/// Waits until it is back.
fn comes_back(control: &Control, victim: &str, mark: usize, by_itself: bool) -> Result<()> {
    if !by_itself {
        control.operate("restart", victim)?;
    }
    let is_up = |event: &Event| event.what == What::Started && event.path == victim;
    control.wait_for("return", mark, TRIAL, is_up).map(drop)
}

fn tell(asked: &[Asked], made: &[LoadSummary], echoed: u64, report: &mut Report) {
    let failed: Vec<_> = asked.iter().filter(|asked| !asked.is_served()).collect();
    report.show("requests over HTTP", asked.len());
    report.require("of these lost, none", failed.len(), failed.is_empty());
    for asked in failed.iter().take(5) {
        report.show("  one of them", format!("{}: {:?}", asked.id, asked.outcome));
    }
    report.show("their times", spread(&latency(asked)));
    let sum = |of: fn(&LoadSummary) -> u64| made.iter().map(of).sum::<u64>();
    report.show("new connections", sum(|load| load.done));
    let failed = sum(LoadSummary::failed);
    report.require("of these lost, none", failed, failed == 0);
    // A round that is not answered in full is an error.
    report.show("requests of 16 connections that stayed", echoed);
}

/// What was restarted of traffic.
fn restarts(control: &Control, report: &mut Report) -> Result<()> {
    let traffic = format!("{ROOT}/traffic");
    let tree = control.tree(TREE)?;
    let of: u64 =
        tree.iter().filter(|node| node.path.starts_with(&traffic)).map(|node| node.restarts).sum();
    report.require("restarts of traffic, none", of, of == 0);
    let parked: Vec<_> =
        tree.iter().filter(|node| node.state == "parked").map(|node| &*node.path).collect();
    report.require("parked at the end, none", parked.join(" "), parked.is_empty());
    Ok(())
}

fn of_tree(control: &Control) -> Result<Spans> {
    let spans = control.tree(TREE)?.into_iter().find(|node| node.path == SPANS);
    Spans::of(&spans.and_then(|node| node.detail).context("spans shows nothing")?)
}

fn accounts(admin: &Admin, collector: &Collector, report: &mut Report) -> Result<()> {
    let (_, spans) = admin.until("empty", PROMPT, |spans| spans.waiting == 0)?;
    let Spans { ended, exported, dropped, .. } = spans;
    report.require(
        "spans ended = exported + lost to crashes + dropped otherwise",
        format!("{ended} = {exported} + {} + {}", dropped.crashed, dropped.all() - dropped.crashed),
        spans.add_up(),
    );
    let counted = collector.counted() as u64;
    report.require("spans that came, at least as many as exported", counted, counted >= exported);
    Ok(())
}
