//! A pool spends its intensity: it is parked, and nobody else notices.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::control::{Event, What};
use crate::idle_clients::{IdleClients, IdlePlan};
use crate::keepalive::{Keepalive, KeepalivePlan};
use crate::load::{Load, LoadPlan};

use super::report::{millis, spread};
use super::site::{ROOT, Site};
use super::{Programs, Report};

/// Panics after which a pool that is not parked has not counted them.
const MOST_PANICS: usize = 100;
/// Connections that are tried at the parked pool.
const TRIES: u32 = 50;
/// "At once", for the client of a parked pool: connecting, being accepted, being closed.
const AT_ONCE: Duration = Duration::from_millis(100);
/// Longer than the longest back-off, which is 30 seconds.
const TRIAL: Duration = Duration::from_secs(40);
/// Connections that are open from the beginning, in each half.
const OPEN: u16 = 16;
const PROMPT: Duration = Duration::from_secs(10);

/// How hard, and how far.
#[derive(Clone, Copy, Debug)]
pub struct ParkPlan {
    /// For how many seconds the other listener is under load.
    pub seconds: u32,
    /// Its new connections per second.
    pub rate: u32,
    /// Whether to wait until the pool is tried again.
    pub with_trial: bool,
}

impl Default for ParkPlan {
    /// Fifteen seconds of 200 connections each, without the trial.
    fn default() -> Self {
        Self { seconds: 15, rate: 200, with_trial: false }
    }
}

/// Makes the children of a pool panic as often as they come back, with the defaults of the server.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: ParkPlan) -> Result<Report> {
    let site = Site::start(programs, "warn", &[])?;
    let mut forwarded =
        Keepalive::open(&programs.peer, &KeepalivePlan::new(site.main.address(), OPEN))?;
    let idle = IdlePlan::new(site.calm.address(), OPEN.into());
    let mut idle = IdleClients::open(&programs.peer, &idle, PROMPT)?;
    let load = LoadPlan::new(site.calm.address(), plan.rate, plan.seconds);
    let load = Load::start(&programs.peer, &load)?;

    let began = Instant::now();
    let pool = format!("{ROOT}/traffic/pools/main");
    let (panics, mark) = spend(&site, &pool)?;
    let parked_after = began.elapsed();
    let tree = site.tree()?;
    let state = tree.iter().find(|node| node.path == pool);
    let state = state.map_or("gone", |node| node.state.as_str()).to_owned();
    let closed: Vec<_> =
        (0..TRIES).map(|_| until_closed(site.main.address())).collect::<Result<_>>()?;
    let going_on = forwarded.round(u64::from(OPEN) * 10, PROMPT);
    let calm = load.finish()?;
    let held = idle.held()?;

    let mut report = Report::new("park");
    report.show("panics of the pool's children", panics);
    report.show("parked after", format!("{parked_after:.2?}"));
    report.require("state of the pool in the tree, parked", &state, state == "parked");
    let events = site.control.events_since(0);
    let escalated = events.iter().filter(|event| is_escalation_beyond(event, &pool));
    let escalated = escalated.count();
    report.require("escalations beyond the pool, none", escalated, escalated == 0);
    let slowest = closed.iter().max().copied().unwrap_or_default();
    report.require(
        "its clients closed at once, slowest of 50 below 100 ms",
        format!("{slowest:.2?}"),
        slowest < AT_ONCE,
    );
    report.require(
        "connections forwarded before go on",
        going_on.as_ref().map_or_else(ToString::to_string, |round| round.done.to_string()),
        going_on.is_ok(),
    );
    report.show("connections elsewhere", calm.done);
    report.require("of these failed, none", calm.failed(), calm.failed() == 0);
    report.show("their latency", spread(&calm.latency));
    let lost = held.ended + held.reset;
    report.require("idle connections elsewhere lost, none", lost, lost == 0);
    if plan.with_trial {
        trial(programs, &site, &pool, mark, &mut report)?;
    }
    Ok(report)
}

/// Whether something above `pool`, or beside it, gave up: its own children may.
fn is_escalation_beyond(event: &Event, pool: &str) -> bool {
    event.what == What::Escalated && !event.path.starts_with(pool)
}

/// Makes children of `pool` panic until it is parked; tells how often, and the mark behind that.
fn spend(site: &Site, pool: &str) -> Result<(usize, usize)> {
    let tree = site.tree()?;
    let is_child = |path: &str| {
        let below = path.strip_prefix(pool).and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|rest| !rest.contains('/'))
    };
    let children: Vec<_> =
        tree.iter().map(|node| &node.path).filter(|path| is_child(path)).collect();
    let parked = |event: &Event| event.what == What::Parked && event.path == pool;
    let mut mark = site.control.mark();
    // In turn, so that the back-off of none of them has the time to grow: it is the pool as a whole
    // that has an intensity.
    for (panics, child) in (1..=MOST_PANICS).zip(children.iter().cycle()) {
        let (event, behind) = site.panic(child, mark, parked)?;
        if parked(&event) {
            return Ok((panics, behind));
        }
        mark = behind;
    }
    bail!("{pool} is not parked after {MOST_PANICS} panics")
}

/// How long it takes until a new connection is closed by the server.
fn until_closed(address: SocketAddr) -> Result<Duration> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PROMPT))?;
    match stream.read(&mut [0]) {
        Ok(0) => Ok(began.elapsed()),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(began.elapsed()),
        Ok(_) => bail!("a parked pool has sent something"),
        Err(error) => Err(error).context("a parked pool's client was not closed"),
    }
}

/// Waits until the pool is tried again, and uses it.
fn trial(
    programs: &Programs,
    site: &Site,
    pool: &str,
    mark: usize,
    report: &mut Report,
) -> Result<()> {
    let parked = site.control.events_since(mark.saturating_sub(1));
    let parked = parked.first().map_or(0, |event| event.at_nanos);
    let is_up = |event: &Event| event.what == What::Started && event.path == pool;
    let (up, _) = site.control.wait_for("trial", mark, TRIAL, is_up)?;
    report.show("tried again after", millis(up.at_nanos.saturating_sub(parked)));
    let load = LoadPlan::new(site.main.address(), 100, 2);
    let again = Load::start(&programs.peer, &load)?.finish()?;
    let failed = again.failed();
    report.require("failed of 200 connections after that, none", failed, failed == 0);
    Ok(())
}
