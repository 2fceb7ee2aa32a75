//! Thousands of proxied connections that do nothing, until the server is told to stop.

use std::time::Duration;

use anyhow::Result;
use rustix::process::{Resource, Signal, getrlimit};

use crate::backend::{Backend, BackendPlan, Mode};
use crate::clock::monotonic_nanos;
use crate::idle_clients::{IdleClients, IdlePlan};
use crate::port::ReservedPort;
use crate::procfs::{open_descriptors, pss_bytes};
use crate::trunkline::{Trunkline, forwarding};

use super::report::millis;
use super::site::{ANY, WORKERS};
use super::{Programs, Report};

/// How long all connections may take to be opened.
const OPEN: Duration = Duration::from_secs(120);
/// What the server may need besides where the machine does other things as well.
const CLOSING: Duration = Duration::from_secs(1);
/// Descriptors that the server needs for other things than connections, generously.
const OTHER_DESCRIPTORS: u64 = 1_000;

/// How many, and how long they have.
#[derive(Clone, Copy, Debug)]
pub struct IdleRunPlan {
    /// Connections of clients at once; each is two descriptors of the server.
    pub connections: u32,
    /// `server.drain`, in seconds.
    pub drain_seconds: u32,
    /// Whether all have to be closed within that, and not a second later.
    pub timed: bool,
}

impl Default for IdleRunPlan {
    /// 8,000 connections and ten seconds.
    fn default() -> Self {
        Self { connections: 8_000, drain_seconds: 10, timed: true }
    }
}

/// Holds the connections, weighs the server, and sends it SIGTERM.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: IdleRunPlan) -> Result<Report> {
    let name = "idle";
    let count = u64::from(plan.connections);
    let needed = 2 * count + OTHER_DESCRIPTORS;
    // The server raises its own soft limit.
    let allowed = getrlimit(Resource::Nofile).maximum;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < needed) {
        let why = format!("{needed} descriptors are needed, the hard limit is {allowed}");
        return Ok(Report::skipped(name, why));
    }
    let mut backend = Backend::start(&programs.peer, &BackendPlan::new(ANY, Mode::Echo))?;
    let port = ReservedPort::new()?;
    let drain = Duration::from_secs(plan.drain_seconds.into());
    let configuration = forwarding(port.address(), &[backend.address()], WORKERS).replacen(
        "[server]\n",
        &format!("[server]\ndrain = \"{}s\"\n", plan.drain_seconds),
        1,
    );
    let mut server = Trunkline::run(&programs.server, &configuration, &[port.address()])?;
    let id = server.process().id();
    let (bytes_before, descriptors_before) = (pss_bytes(id)?, open_descriptors(id)?);
    let idle = IdlePlan::new(port.address(), plan.connections);
    let mut clients = IdleClients::open(&programs.peer, &idle, OPEN)?;
    let opened = clients.opened().clone();
    let bytes = pss_bytes(id)?.saturating_sub(bytes_before);
    let descriptors = open_descriptors(id)?.saturating_sub(descriptors_before);
    let through = backend.counts()?.open;

    let told_nanos = monotonic_nanos();
    server.process().signal(Signal::TERM)?;
    let held = clients.wait_until_closed(opened.ready, drain + CLOSING * 5)?;
    let status = server.process().wait(CLOSING * 5)?;
    let ended_nanos = monotonic_nanos() - told_nanos;

    let mut report = Report::new(name);
    report.require("idle connections at once", opened.ready, opened.ready == count);
    if let Some(error) = opened.first_error {
        report.show("the first that failed", error);
    }
    report.require("of these open at the backend", through, through >= count);
    report.show("descriptors of the server for them", descriptors);
    report.show("memory of the server for them (PSS)", format!("{} KiB", bytes / 1024));
    report.show("memory per connection (PSS)", format!("{} B", bytes / opened.ready.max(1)));
    report.show("time to drain", format!("{drain:?}"));
    let since = |at: Option<u64>| at.map_or(0, |at| at.saturating_sub(told_nanos));
    report.show("first closed after SIGTERM", millis(since(held.first_closed_nanos)));
    let last = since(held.last_closed_nanos);
    let bound = if plan.timed { drain } else { drain + CLOSING };
    let in_time = held.open == 0 && Duration::from_nanos(last) <= bound;
    report.require(&format!("last closed, within {bound:?}"), millis(last), in_time);
    report.show("closed in order, reset", format!("{}, {}", held.ended, held.reset));
    report.show("process ended after", millis(ended_nanos));
    let code = status.code();
    report.require("exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}
