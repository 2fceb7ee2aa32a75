//! Thousands of HTTP clients that have asked once and keep their connections, until the server is
//! told to stop.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use rustix::time::Timespec;

use crate::procfs::{open_descriptors, pss_bytes};
use crate::runs::report::millis;
use crate::runs::{Programs, Report};
use crate::trunkline::Trunkline;
use crate::web::body::{Body, Target};
use crate::web::client::{Client, Outcome, Request};

use super::half::{Half, configuration};

/// `server.drain`, in seconds: nobody idle waits for it.
const DRAIN: u32 = 20;
/// How long all may take to be closed, where the machine does nothing else.
const AT_ONCE: Duration = Duration::from_secs(1);
const END: Duration = Duration::from_secs(30);
/// Descriptors for other things than connections, generously.
const OTHER_DESCRIPTORS: u64 = 1_000;
/// What is asked for.
const ANSWER: u64 = 128;

/// How many.
#[derive(Clone, Copy, Debug)]
pub struct KeepalivePlan {
    /// Connections of clients at once.
    pub connections: u32,
    /// Whether all have to be closed within a second, and not just long before the time to drain is
    /// over.
    pub timed: bool,
}

impl Default for KeepalivePlan {
    fn default() -> Self {
        Self { connections: 5_000, timed: true }
    }
}

/// Holds the connections, weighs the server, and sends it SIGTERM.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: KeepalivePlan) -> Result<Report> {
    let name = "http-keepalive";
    let needed = u64::from(plan.connections) + OTHER_DESCRIPTORS;
    let limit = getrlimit(Resource::Nofile);
    if let Some(allowed) = limit.maximum.filter(|allowed| *allowed < needed) {
        let why = format!("{needed} descriptors are needed, the hard limit is {allowed}");
        return Ok(Report::skipped(name, why));
    }
    if limit.current.is_some_and(|allowed| allowed < needed) {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
            .context("cannot raise the limit of descriptors")?;
    }
    let half = Half::start("main", 1)?;
    let configuration = configuration(&[&half], DRAIN);
    let mut server = Trunkline::run(&programs.server, &configuration, &[half.address()])?;
    let id = server.process().id();
    let (bytes_before, descriptors_before) = (pss_bytes(id)?, open_descriptors(id)?);
    let mut clients = Vec::new();
    for seed in 0..plan.connections {
        let target = Target { seed: seed.into(), answer: Body::of(ANSWER, false) };
        let mut client = Client::connect(half.address())?;
        let outcome = client.ask(&Request { target, upload: None, close: false });
        ensure!(outcome == Outcome::Served, "client {seed}: {outcome:?}");
        clients.push(client);
    }
    let count = clients.len();
    let bytes = pss_bytes(id)?.saturating_sub(bytes_before);
    let descriptors = open_descriptors(id)?.saturating_sub(descriptors_before);
    let mut lost = 0;
    for client in &clients {
        lost += usize::from(client.is_over()?);
    }

    let told = Instant::now();
    server.process().signal(Signal::TERM)?;
    let closed = wait_until_closed(clients, told)?;
    let code = server.process().wait(END)?.code();
    let ended = told.elapsed();

    let mut report = Report::new(name);
    report.show("connections, after one request each", count);
    report.require("of these closed before SIGTERM, none", lost, lost == 0);
    report.show("descriptors of the server for them", descriptors);
    report.show("memory of the server for them (PSS)", format!("{} KiB", bytes / 1024));
    report.show("memory per connection (PSS)", format!("{} B", bytes / count.max(1) as u64));
    report.show("time to drain", format!("{DRAIN} s"));
    report.show("first closed after SIGTERM", shown(closed.first));
    let bound = if plan.timed { AT_ONCE } else { Duration::from_secs(u64::from(DRAIN) / 2) };
    report.require(
        &format!("last closed, within {bound:?}"),
        shown(closed.last),
        closed.last <= bound,
    );
    report.require("reset, or answered unasked, none", closed.otherwise, closed.otherwise == 0);
    report.show("process ended after", shown(ended));
    report.require("exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

struct Closed {
    first: Duration,
    last: Duration,
    /// Not by an end in order.
    otherwise: usize,
}

fn wait_until_closed(mut open: Vec<Client>, since: Instant) -> Result<Closed> {
    let mut closed = Closed { first: Duration::MAX, last: Duration::ZERO, otherwise: 0 };
    while !open.is_empty() {
        let left = END.saturating_sub(since.elapsed());
        ensure!(!left.is_zero(), "{} connections are open {END:?} after SIGTERM", open.len());
        let mut sockets: Vec<_> =
            open.iter().map(|client| PollFd::new(client.stream(), PollFlags::IN)).collect();
        poll(&mut sockets, Some(&Timespec::try_from(left)?))?;
        let spoken: Vec<_> = sockets.iter().map(|it| !it.revents().is_empty()).collect();
        let mut spoken = spoken.into_iter();
        let at = since.elapsed();
        open.retain_mut(|client| {
            if !spoken.next().unwrap_or_default() {
                return true;
            }
            closed.first = closed.first.min(at);
            closed.last = at;
            closed.otherwise += usize::from(!matches!(client.take_some(&mut [0]), Ok(0)));
            false
        });
    }
    Ok(closed)
}

fn shown(time: Duration) -> String {
    millis(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
