//! The whole tree of a server with thousands of connections is asked for again and again.

use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use rustix::process::{Resource, getrlimit};
use serde_json::Value;

use crate::backend::{Backend, BackendPlan, Mode};
use crate::idle_clients::{IdleClients, IdlePlan};
use crate::keepalive::{Keepalive, KeepalivePlan};
use crate::latency::Latency;
use crate::origin::{Origin, OriginPlan};
use crate::port::ReservedPort;
use crate::spread::Spread;
use crate::trunkline::Trunkline;

use super::admin::{Admin, Told};
use super::pace::Pace;
use super::report::{millis, spread};
use super::site::{ANY, WORKERS, is_connection};
use super::{Programs, Report};

/// How long all connections may take to be opened.
const OPEN: Duration = Duration::from_secs(120);
const PROMPT: Duration = Duration::from_secs(30);
/// Descriptors that the server needs for other things than connections, generously.
const OTHER_DESCRIPTORS: u64 = 1_000;
/// From one question for the tree to the next.
const EVERY: Duration = Duration::from_millis(300);
const CLIENTS: u16 = 16;
/// Requests a second beside it.
const RATE: u32 = 500;
/// Bytes of the body of an answer.
const BODY: u32 = 128;
/// How long an answer may take.
const SLOWEST: Duration = Duration::from_millis(50);
/// What requests elsewhere may take longer.
const NOTICED: u64 = 1_000_000;

/// How many connections, and how often.
#[derive(Clone, Copy, Debug)]
pub struct TreePlan {
    /// Connections of clients at once.
    pub connections: u32,
    /// Turns without and with questions.
    pub turns: u32,
    /// Questions of a turn.
    pub trees: u32,
    /// Whether times are judged.
    pub timed: bool,
}

impl Default for TreePlan {
    /// 8,000 connections; five turns of ten questions.
    fn default() -> Self {
        Self { connections: 8_000, turns: 5, trees: 10, timed: true }
    }
}

/// Holds the connections, and asks.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: TreePlan) -> Result<Report> {
    let count = u64::from(plan.connections);
    let needed = 2 * count + OTHER_DESCRIPTORS;
    // The server raises its own soft limit.
    let allowed = getrlimit(Resource::Nofile).maximum;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        let why = format!("{needed} descriptors are needed, the hard limit is {allowed}");
        return Ok(Report::skipped("tree", why));
    }
    let backend = Backend::start(&programs.peer, &BackendPlan::new(ANY, Mode::Echo))?;
    let origin = Origin::start(&programs.peer, &OriginPlan::new(ANY))?;
    let (idle, web, admin) = (ReservedPort::new()?, ReservedPort::new()?, Admin::new()?);
    let configuration = format!(
        "[server]\nworkers = {WORKERS}\n{}[log]\nlevel = \"error\"\n\
         [listener.idle]\nbind = \"{}\"\nprotocol = \"forward\"\npool = \"idle\"\n\
         [pool.idle]\nbackends = [\"{}\"]\n\
         [listener.web]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"web\" }}]\n\
         [pool.web]\nbackends = [\"{}\"]\n",
        admin.setting(),
        idle.address(),
        backend.address(),
        web.address(),
        origin.address()
    );
    let listeners = [idle.address(), web.address(), admin.address()];
    let _server = Trunkline::run(&programs.server, &configuration, &listeners)?;
    let plan_of_idle = IdlePlan::new(idle.address(), plan.connections);
    let mut held = IdleClients::open(&programs.peer, &plan_of_idle, OPEN)?;
    let ready = held.opened().ready;
    ensure!(ready == count, "not all connections were opened: {:?}", held.opened());
    let requests = KeepalivePlan::new(web.address(), CLIENTS);
    let requests =
        KeepalivePlan { size: BODY, http: true, threads: 1, rate: Some(RATE), ..requests };
    let mut clients = Keepalive::open(&programs.peer, &requests)?;

    let (mut without, mut with, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.turns {
        without.push(turn(&mut clients, plan.trees, || Ok(()))?);
        with.push(turn(&mut clients, plan.trees, || {
            told.push(admin.get("/tree")?);
            Ok(())
        })?);
    }

    let mut report = Report::new("tree");
    report.show("idle connections", ready);
    tell(&told, count, plan, &mut report)?;
    let p99 = |turns: &[Latency]| {
        Spread::of(turns.iter().map(|turn| turn.p99_nanos as f64)).map(|it| it.median as u64)
    };
    let (before, after) = (p99(&without)?, p99(&with)?);
    report.show("requests elsewhere, median of p99, without and with it", {
        format!("{}, {}", millis(before), millis(after))
    });
    if plan.timed {
        let added = after.saturating_sub(before);
        report.require("added to their p99, at most 1 ms", millis(added), added <= NOTICED);
    }
    let lost = held.held()?;
    let lost = lost.ended + lost.reset;
    report.require("idle connections lost, none", lost, lost == 0);
    Ok(report)
}

/// Requests at their rate for as long as `act` is done so often.
fn turn(
    clients: &mut Keepalive,
    times: u32,
    mut act: impl FnMut() -> Result<()>,
) -> Result<Latency> {
    let requests = u64::from(RATE) * u64::try_from((EVERY * times).as_millis())? / 1000;
    thread::scope(|scope| {
        let round = scope.spawn(|| clients.round(requests.max(1), PROMPT));
        let mut pace = Pace::every(EVERY);
        for _ in 0..times {
            pace.wait();
            act()?;
        }
        let round = round.join().map_err(|_| anyhow!("a client has panicked"))??;
        Ok(round.latency)
    })
}

fn tell(told: &[Told], connections: u64, plan: TreePlan, report: &mut Report) -> Result<()> {
    report.show("answers to /tree", told.len());
    let mut whole = 0;
    let mut orphans = 0;
    for Told { answer, .. } in told {
        let tree: Value = serde_json::from_slice(&answer.body)?;
        let nodes = tree["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let paths: Vec<_> = nodes.iter().filter_map(|node| node["path"].as_str()).collect();
        let found = paths.iter().filter(|path| is_connection(path)).count() as u64;
        whole += usize::from(answer.status == 200 && found >= connections);
        let mut known = std::collections::HashSet::new();
        for path in paths {
            let parent = path.rsplit_once('/').map(|(parent, _)| parent);
            orphans += usize::from(parent.is_some_and(|parent| !known.contains(parent)));
            known.insert(path);
        }
    }
    report.require("of these with every connection, all", whole, whole == told.len());
    report.require("nodes before their parents, or without, none", orphans, orphans == 0);
    let bytes = told.iter().map(|told| told.bytes).max().unwrap_or_default();
    report.show("bytes of an answer", bytes);
    report.show("bytes of a connection in it", bytes as u64 / connections.max(1));
    let times: Vec<_> = told.iter().map(|told| told.took).collect();
    let nanos =
        times.iter().map(|time| u64::try_from(time.as_nanos())).collect::<Result<_, _>>()?;
    let latency = Latency::of(nanos);
    if plan.timed {
        let slowest = Duration::from_nanos(latency.max_nanos);
        let name = format!("whole answer, within {SLOWEST:?}");
        report.require(&name, spread(&latency), slowest <= SLOWEST);
    } else {
        report.show("whole answer", spread(&latency));
    }
    Ok(())
}
