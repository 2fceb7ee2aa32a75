//! A thousand clients that say, or take, hardly anything, beside one that behaves.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::peers::{OutsideServer, Program, find, nginx};
use crate::port::ReservedPort;
use crate::procfs::open_descriptors;
use crate::trunkline::Trunkline;

use super::report::{millis, spread};
use super::site::WORKERS;
use super::{Programs, Report};

mod attack;
mod probe;

use attack::{Attack, Kind};
use probe::Probe;

/// The tool.
const TOOL: &str = "slowhttptest";
/// How long all its connections may take to be there, and to be gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// A time that no attack outlasts: all its connections are held.
const LONG: u32 = 120;
/// A time that every attack outlasts.
const SHORT: u32 = 2;
/// The answer that is read slowly: more than all buffers on its way hold.
const LARGE: usize = 8 * 1024 * 1024;
/// Descriptors that come and go beside those of the attack.
const OTHER_DESCRIPTORS: usize = 20;

/// How many, and how long.
#[derive(Clone, Copy, Debug)]
pub struct SlowHttpPlan {
    /// Of the attack, at once.
    pub connections: u32,
    /// How long the probe measures, once without the attack and once with it.
    pub seconds: u32,
    /// Whether the probe's times are judged.
    pub timed: bool,
}

impl Default for SlowHttpPlan {
    /// 1,000 connections, 20 seconds.
    fn default() -> Self {
        Self { connections: 1_000, seconds: 20, timed: true }
    }
}

/// Attacks a server with slow heads, slow bodies and slow reading, one after the other: once where
/// it has to bear them, and once where its limits cut them off.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: SlowHttpPlan) -> Result<Report> {
    let name = "slow-http";
    let (Some(tool), Some(nginx)) = (find(TOOL), find("nginx")) else {
        return Ok(Report::skipped(name, format!("{TOOL} or nginx is not installed")));
    };
    let mut report = Report::new(name);
    report.show("connections of each attack", plan.connections);
    for kind in Kind::ALL {
        bear(programs, &tool, &nginx, kind, plan, &mut report)?;
    }
    for kind in Kind::ALL {
        cut_off(programs, &tool, &nginx, kind, plan, &mut report)?;
    }
    Ok(report)
}

/// All connections are held for as long as the probe measures.
fn bear(
    programs: &Programs,
    tool: &Program,
    nginx: &Program,
    kind: Kind,
    plan: SlowHttpPlan,
    report: &mut Report,
) -> Result<()> {
    let mut target = Target::start(programs, nginx, LONG)?;
    // Before the probe leaves connections to the origin behind, which may go at any time.
    let before = target.descriptors()?;
    let mut probe = Probe::connect(target.address())?;
    let usual = probe.measure(plan.seconds)?;
    let attack = Attack::start(tool, kind, plan.connections, target.address())?;
    let needed = plan.connections as usize * kind.descriptors();
    let all = before + needed;
    let attacked = target.wait("attacked by all", |descriptors| descriptors >= all);
    attacked.with_context(|| format!("{kind}{}", attack.last_lines()))?;
    let meanwhile = probe.measure(plan.seconds)?;
    let held = target.descriptors()?.saturating_sub(before);
    drop(attack);

    let bearing = |what: &str| format!("{kind}: {what}");
    let name = bearing(&format!("descriptors held to the end, at least {needed}"));
    report.require(&name, held, held >= needed);
    let failed = usual.failed + meanwhile.failed;
    let name = bearing("requests of the probe, failed, none");
    report.require(&name, format!("{}, {failed}", usual.made() + meanwhile.made()), failed == 0);
    compare(&bearing("kept connection"), &usual.kept, &meanwhile.kept, plan.timed, report);
    compare(&bearing("new connections"), &usual.new, &meanwhile.new, plan.timed, report);
    Ok(())
}

fn compare(
    what: &str,
    usual: &crate::latency::Latency,
    meanwhile: &crate::latency::Latency,
    timed: bool,
    report: &mut Report,
) {
    report.show(&format!("{what}, before"), spread(usual));
    report.show(&format!("{what}, meanwhile"), spread(meanwhile));
    if timed {
        let bound = 2 * usual.p99_nanos;
        let name = format!("{what}, p99 below {}", millis(bound));
        report.require(&name, millis(meanwhile.p99_nanos), meanwhile.p99_nanos < bound);
    }
}

/// The limits end all connections while the tool would go on.
fn cut_off(
    programs: &Programs,
    tool: &Program,
    nginx: &Program,
    kind: Kind,
    plan: SlowHttpPlan,
    report: &mut Report,
) -> Result<()> {
    let mut target = Target::start(programs, nginx, SHORT)?;
    let before = target.descriptors()?;
    let attack = Attack::start(tool, kind, plan.connections, target.address())?;
    let some = before + plan.connections as usize / 4;
    let attacked = target.wait("attacked", |descriptors| descriptors >= some);
    attacked.with_context(|| format!("{kind}{}", attack.last_lines()))?;
    let none = before + OTHER_DESCRIPTORS;
    let gone = target.wait("rid of the attack", |descriptors| descriptors <= none);
    let seen = target.descriptors()?.saturating_sub(before);
    drop(attack);
    let name = format!("{kind}: cut off by limits of {SHORT} s, all but descriptors of others");
    report.require(&name, seen, gone.is_ok());
    Ok(())
}

/// A server in front of nginx.
struct Target {
    server: Trunkline,
    port: ReservedPort,
    _origin: OutsideServer,
}

impl Target {
    fn start(programs: &Programs, nginx: &Program, limit: u32) -> Result<Self> {
        let files = [(probe::SMALL, &[b'x'; 100][..]), (attack::LARGE, &vec![b'x'; LARGE])];
        // Bodies are for an origin that waits for their ends, longer than any attack lasts.
        let settings = "dav_methods PUT; client_body_timeout 300s; send_timeout 300s;";
        let origin = nginx::start_site(nginx, &files, settings)?;
        let port = ReservedPort::new()?;
        let configuration = format!(
            "[server]\nworkers = {WORKERS}\n\
             [listener.main]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"main\" }}]\n\
             [listener.main.http]\nhead = \"{limit}s\"\nbody = \"{limit}s\"\n\
             [pool.main]\nbackends = [\"{}\"]\n",
            port.address(),
            origin.address()
        );
        let server = Trunkline::run(&programs.server, &configuration, &[port.address()])?;
        Ok(Self { server, port, _origin: origin })
    }

    fn address(&self) -> SocketAddr {
        self.port.address()
    }

    fn descriptors(&mut self) -> Result<usize> {
        open_descriptors(self.server.process().id())
    }

    /// Waits for a number of descriptors.
    fn wait(&mut self, what: &str, holds: impl Fn(usize) -> bool) -> Result<()> {
        let seen = |id| open_descriptors(id).map(&holds);
        self.server.process().wait_until(what, PATIENCE, seen)
    }
}
