//! Peers that send without end, and peers that read nothing: what they cost the server in memory.

use std::time::Duration;

use anyhow::Result;

use super::cost::{Cost, kib};
use super::host::Host;
use super::{Programs, Report};

mod peers;

use peers::Peers;

/// The bound of a message, and of what may wait for a peer.
const BOUND: u64 = 256 * 1024;
/// The longest line that is sent: it may be on top of what waits.
const LINE: u64 = 1024;
/// What all of it may cost besides.
const SLACK: u64 = 1024 * 1024;
/// How much each peer sends if nobody stops it.
const FLOOD: u64 = 1024 * 1024 * 1024;
/// How long until all peers are cut off. The time to send is part of it.
const CUT_OFF: Duration = Duration::from_secs(30);
/// How long a peer may take nothing, in seconds.
const SEND_TIMEOUT: u64 = 3;

/// How many peers.
#[derive(Clone, Copy, Debug)]
pub struct FloodPlan {
    /// That send without end, beside a run with one.
    pub senders: u32,
    /// That read nothing.
    pub sleepers: u32,
}

impl Default for FloodPlan {
    fn default() -> Self {
        Self { senders: 20, sleepers: 200 }
    }
}

/// Floods a server of its own for each case.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: FloodPlan) -> Result<Report> {
    let mut report = Report::new("flood");
    report.show("bound of a message, and of what waits for a peer", kib(BOUND));
    for senders in [1, plan.senders] {
        sending(programs, senders, false, &mut report)?;
    }
    sending(programs, plan.senders, true, &mut report)?;
    sleeping(programs, plan.sleepers, &mut report)?;
    Ok(report)
}

fn start(programs: &Programs) -> Result<Host> {
    let settings = format!(
        "settings = {{ message = \"{BOUND}B\", write = \"{BOUND}B\", \
         send_timeout = \"{SEND_TIMEOUT}s\" }}"
    );
    Host::start(programs, "torrent", &settings, "info")
}

/// Peers send up to a byte below the bound and wait a moment, so that all are held at once, and then
/// go on.
fn sending(programs: &Programs, senders: u32, armed: bool, report: &mut Report) -> Result<()> {
    let mut host = start(programs)?;
    let mut peers = Peers::connect(host.address(), senders)?;
    if armed {
        // From the first crash on, what a message is made of is kept a second time.
        peers::crash(host.address())?;
    }
    let mut cost = Cost::begin(host.id())?;
    peers.fill(BOUND - 1)?;
    cost.watch_for(Duration::from_secs(1))?;
    let held = cost.peak.saturating_sub(cost.before);
    let flood = peers.flood(FLOOD)?;
    cost.watch_until(CUT_OFF, || flood.is_over())?;
    let sent = flood.finish()?;
    let logged = host.wait_for_lines(&["message_too_large"], senders as usize, CUT_OFF)?;

    let who = match (senders, armed) {
        (1, _) => "1 peer that sends".to_owned(),
        (_, false) => format!("{senders} peers that send"),
        (_, true) => format!("{senders} that send while the quarantine is armed"),
    };
    let copies = if armed { 2 } else { 1 };
    let bound = copies * u64::from(senders) * BOUND + SLACK;
    report.show(&format!("{who}: memory just below the bound"), kib(held));
    cost.tell(&who, bound, report);
    report.show(&format!("{who}: sent by each before it was cut off, of 1 GB"), kib(sent));
    let all = logged == senders as usize;
    report.require(&format!("{who}: closed as message_too_large, all"), logged, all);
    let cut = sent < FLOOD;
    report.require(&format!("{who}: cut off, all"), cut, cut);
    end(host, report)
}

/// Peers ask for an endless answer, and never read.
fn sleeping(programs: &Programs, sleepers: u32, report: &mut Report) -> Result<()> {
    let mut host = start(programs)?;
    let mut peers = Peers::connect(host.address(), sleepers)?;
    let mut cost = Cost::begin(host.id())?;
    peers.ask_for_more_than_they_read()?;
    cost.watch_for(Duration::from_secs(SEND_TIMEOUT))?;
    let logged = host.wait_for_lines(&["send_timeout"], sleepers as usize, CUT_OFF)?;
    cost.look()?;
    let who = format!("{sleepers} peers that read nothing");
    cost.tell(&who, u64::from(sleepers) * (BOUND + LINE) + SLACK, report);
    let all = logged == sleepers as usize;
    report.require(&format!("{who}: closed as send_timeout, all"), logged, all);
    drop(peers);
    end(host, report)
}

fn end(host: Host, report: &mut Report) -> Result<()> {
    let code = host.stop()?;
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(())
}
