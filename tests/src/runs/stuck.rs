//! A connection blocks its worker.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::clock::monotonic_nanos;
use crate::control::{Control, Event, What};
use crate::latency::Latency;
use crate::load::{Load, LoadPlan, LoadSummary};

use super::pace::Pace;
use super::report::{millis, spread};
use super::site::{Site, TREE, is_connection};
use super::{Programs, Report};

/// New connections per second meanwhile.
const RATE: u32 = 50;
/// How long a connection may wait in the queue of the blocked worker: until the watchdog has seen
/// it, 0.7 s, and another worker accepts in its place. Well below the time that it is blocked.
const QUEUED: Duration = Duration::from_millis(1_500);
/// How soon the watchdog has to report.
const REPORTED: Duration = Duration::from_secs(1);
/// What the others may lose.
const NOTICED: Duration = Duration::from_millis(1);
/// Connections that stay, over all workers: enough that none is without.
const CLIENTS: usize = 24;
/// From one small request to the next on those of the other workers, and from one look at the tree
/// to the next.
const EVERY: Duration = Duration::from_millis(2);
const LOOK: Duration = Duration::from_millis(20);
const PROMPT: Duration = Duration::from_secs(10);

/// How long, how strictly.
#[derive(Clone, Copy, Debug)]
pub struct StuckPlan {
    /// For how many seconds connections are made, 50 each. The worker is blocked a second longer.
    pub seconds: u32,
    /// Whether it is judged what other workers lose, against the time before. Where the machine
    /// does other things as well, that says nothing.
    pub timed: bool,
}

impl Default for StuckPlan {
    /// 200 connections while a worker is blocked for five seconds.
    fn default() -> Self {
        Self { seconds: 4, timed: true }
    }
}

/// Blocks a worker while others are measured.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: StuckPlan) -> Result<Report> {
    let block = Duration::from_secs(u64::from(plan.seconds) + 1);
    // At this level the answer to SIGHUP is logged: it comes from the control plane.
    let mut site = Site::start(programs, "info", &[])?;
    let mut clients = clients(&site)?;
    let mut victim = clients.remove(0);
    let (mut others, _same): (Vec<_>, Vec<_>) =
        clients.into_iter().partition(|client| client.worker != victim.worker);
    ensure!(others.len() >= 2, "all connections are on the same worker");

    let before = measure(programs, &site, plan, &mut others)?;
    let mark = site.control.mark();
    let blocked_nanos = monotonic_nanos();
    site.control.block(&victim.path, block)?;
    site.server.process().signal(Signal::HUP)?;
    let during = measure(programs, &site, plan, &mut others)?;
    let log = site.server.process().wait_for_line("the backends of the file are in use", PROMPT)?;
    let heard_nanos = monotonic_nanos();
    let is = |what| move |event: &Event| event.what == what;
    let (stuck, mark) = site.control.wait_for("report", mark, PROMPT, is(What::WorkerStuck))?;
    let (back, mark) = site.control.wait_for("end", mark, PROMPT, is(What::WorkerBack))?;
    let stand_in = |event: &Event| event.what == What::Removed && event.path.contains("-by-");
    site.control.wait_for("end of the stand-in", mark, PROMPT, stand_in)?;
    let goes_on = victim.echo();

    let mut report = Report::new("stuck");
    let after = stuck.at_nanos.saturating_sub(blocked_nanos);
    let in_time = Duration::from_nanos(after) < REPORTED;
    report.require("reported within 1 s", millis(after), in_time);
    report.require("with its path", &stuck.path, stuck.path == victim.path);
    let whole = back.at_nanos.saturating_sub(blocked_nanos);
    report.require(
        "blocked until after all of the below",
        millis(whole),
        back.at_nanos > heard_nanos,
    );
    report.show("requests on other workers before", spread(&before.requests));
    report.show("requests on other workers meanwhile", spread(&during.requests));
    let added = during.requests.p99_nanos.saturating_sub(before.requests.p99_nanos);
    if plan.timed {
        let unnoticed = Duration::from_nanos(added) < NOTICED;
        report.require("added to their p99, below 1 ms", millis(added), unnoticed);
    }
    report.show("the tree is told before", spread(&before.tree));
    report.show("the tree is told meanwhile", spread(&during.tree));
    report.show("SIGHUP answered meanwhile", log);
    report.show("connections made before", spread(&before.made.latency));
    report.show("connections made meanwhile", spread(&during.made.latency));
    let failed = during.made.failed();
    report.require("of these failed, none", failed, failed == 0);
    let longest = during.made.latency.max_nanos;
    let in_time = Duration::from_nanos(longest) < QUEUED;
    report.require("the slowest of them below 1.5 s", millis(longest), in_time);
    report.require("the connection that blocked goes on", goes_on.is_ok(), goes_on.is_ok());
    Ok(report)
}

/// What was seen while connections were made.
struct Seen {
    made: LoadSummary,
    requests: Latency,
    tree: Latency,
}

/// Makes new connections, requests on `clients`, and looks at the tree, all at once.
fn measure(
    programs: &Programs,
    site: &Site,
    plan: StuckPlan,
    clients: &mut [Client],
) -> Result<Seen> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let requests = scope.spawn(|| until(&over, EVERY, echoes(clients)));
        let tree = scope.spawn(|| until(&over, LOOK, || look(&site.control)));
        let load = LoadPlan {
            timeout_millis: 4_500,
            ..LoadPlan::new(site.main.address(), RATE, plan.seconds)
        };
        let made = Load::start(&programs.peer, &load).and_then(Load::finish);
        over.store(true, Ordering::Relaxed);
        let joined = |seen: thread::ScopedJoinHandle<'_, Result<Vec<u64>>>| {
            let seen = seen.join().map_err(|_| anyhow::anyhow!("a client has panicked"))?;
            anyhow::Ok(Latency::of(seen?))
        };
        Ok(Seen { made: made?, requests: joined(requests)?, tree: joined(tree)? })
    })
}

/// Does something again and again until `over`; tells how long each took, in nanoseconds.
fn until(
    over: &AtomicBool,
    period: Duration,
    mut act: impl FnMut() -> Result<()>,
) -> Result<Vec<u64>> {
    let mut pace = Pace::every(period);
    let mut nanos = Vec::new();
    while !over.load(Ordering::Relaxed) {
        pace.wait();
        let began = Instant::now();
        act()?;
        nanos.push(u64::try_from(began.elapsed().as_nanos())?);
    }
    Ok(nanos)
}

fn echoes(clients: &mut [Client]) -> impl FnMut() -> Result<()> + Send {
    let mut next = 0;
    move || {
        next = (next + 1) % clients.len();
        clients[next].echo()
    }
}

fn look(control: &Control) -> Result<()> {
    let tree = control.tree(TREE)?;
    ensure!(!tree.is_empty(), "an empty tree");
    Ok(())
}

/// A connection of which it is known where the server has it.
struct Client {
    stream: TcpStream,
    path: String,
    worker: Option<u32>,
}

impl Client {
    fn echo(&mut self) -> Result<()> {
        let mut byte = [b'e'];
        self.stream.write_all(&byte)?;
        self.stream.read_exact(&mut byte).context("no echo")
    }
}

/// Opens connections one by one, so that each is the one that is new in the tree.
fn clients(site: &Site) -> Result<Vec<Client>> {
    let mut known = BTreeSet::new();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = connect(site.main.address())?;
        let mut byte = [b'e'];
        stream.write_all(&byte)?;
        stream.read_exact(&mut byte)?;
        let mut tree = site.tree()?;
        tree.retain(|node| is_connection(&node.path) && !known.contains(&node.path));
        let node = tree.pop().context("a connection is not in the tree")?;
        known.insert(node.path.clone());
        clients.push(Client { stream, path: node.path, worker: node.worker });
    }
    Ok(clients)
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PROMPT))?;
    Ok(stream)
}
