//! The collector of traces is up, gone, slow, broken and back, while every request is traced.
//!
//! Two servers have the same clients in turn, one with tracing and one without, so that each
//! part of the run is compared with what the machine did at that time.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::collector::{Collector, Mood, Speaks};
use crate::keepalive::{Keepalive, KeepalivePlan, Round};
use crate::origin::{Origin, OriginPlan};
use crate::port::ReservedPort;
use crate::procfs::allocated_bytes;
use crate::spread::Spread;
use crate::trunkline::Trunkline;

use super::admin::{Admin, Spans};
use super::report::millis;
use super::site::{ANY, WORKERS};
use super::{Programs, Report};

const CLIENTS: u16 = 32;
/// Bytes of the body of an answer.
const BODY: u32 = 128;
/// What tracing may add to a request: a part of what it takes without.
const ADDED: f64 = 0.05;
/// How long a collector that is back may wait for spans.
const BACK: Duration = Duration::from_secs(10);
/// More than what is allocated may grow, from when the queue is full to the end of the outage.
const GROWTH: u64 = 4 << 20;
const PROMPT: Duration = Duration::from_secs(30);
/// How long a slow collector takes for an answer.
const SLOW: Duration = Duration::from_secs(10);

/// How long, and how much.
#[derive(Clone, Copy, Debug)]
pub struct CollectorPlan {
    /// Requests a second.
    pub rate: u32,
    /// How long each of the two servers has them before it is the other's turn, in seconds.
    pub slice: u32,
    /// Turns of each server in each part; twice as many while the collector is gone.
    pub turns: u32,
    /// Whether times are judged.
    pub timed: bool,
}

impl Default for CollectorPlan {
    /// 2,000 a second in turns of five seconds, six each.
    fn default() -> Self {
        Self { rate: 2_000, slice: 5, turns: 6, timed: true }
    }
}

/// Runs all parts.
///
/// # Errors
/// When something could not be done, a request that was not served among it; what was done badly is
/// in the report.
pub fn run(programs: &Programs, plan: CollectorPlan) -> Result<Report> {
    let collector = Collector::start(Speaks::Grpc)?;
    collector.become_of(Mood::Counts);
    let admin = Admin::new()?;
    let traced = format!(
        "[telemetry]\nsample_ratio = 1.0\n[telemetry.otlp]\nendpoint = \"{}\"\n",
        collector.endpoint()
    );
    let mut off = Side::start(programs, plan.rate, "", "")?;
    let mut on = Side::start(programs, plan.rate, &admin.setting(), &traced)?;
    let mut report = Report::new("collector");
    // The first requests bring into memory what all others use.
    for side in [&mut off, &mut on] {
        side.turn(plan.rate, plan.slice)?;
    }
    let parts = [
        ("up", Mood::Counts, 1),
        ("gone", Mood::Refuses, 2),
        ("slow", Mood::Slow(SLOW), 1),
        ("resetting", Mood::Resets, 1),
        ("up again", Mood::Counts, 1),
    ];
    let mut seen = Vec::new();
    for (name, mood, times) in parts {
        let before = admin.spans()?;
        collector.become_of(mood);
        let changed = Instant::now();
        let back = (name == "up again").then(|| {
            let exported = |spans: &Spans| spans.exported > before.exported;
            admin.until("exported", BACK * 3, exported).map(|_| changed.elapsed())
        });
        if let Some(back) = back.transpose()? {
            report.require("spans arrive again, within 10 s", format!("{back:.2?}"), back <= BACK);
        }
        let mut part = Part::new(name);
        for turn in 0..plan.turns * times {
            let mut sides = [(&mut off, false), (&mut on, true)];
            if turn % 2 == 1 {
                sides.reverse();
            }
            for (side, is_on) in sides {
                part.add(is_on, &side.turn(plan.rate, plan.slice)?);
            }
            part.memory.push(on.allocated()?);
        }
        part.spans = Difference::of(before, admin.spans()?);
        seen.push(part);
    }
    judge(&seen, plan, &mut report)?;
    let end = admin.until("empty", PROMPT, |spans| spans.waiting == 0);
    let (_, spans) = end.context("spans wait though the collector takes them")?;
    let Spans { ended, exported, dropped, .. } = spans;
    let name = "spans ended = exported + dropped";
    let figure = format!("{ended} = {exported} + {}", dropped.all());
    report.require(name, figure, spans.add_up());
    let counted = collector.counted() as u64;
    report.require("spans that came, at least as many as exported", counted, counted >= exported);
    Ok(report)
}

/// A server with its clients.
struct Side {
    clients: Keepalive,
    server: Trunkline,
    _origin: Origin,
    _port: ReservedPort,
}

impl Side {
    fn start(programs: &Programs, rate: u32, server: &str, further: &str) -> Result<Self> {
        let peer: &PathBuf = &programs.peer;
        let (origin, port) = (Origin::start(peer, &OriginPlan::new(ANY))?, ReservedPort::new()?);
        let configuration = format!(
            "[server]\nworkers = {WORKERS}\n{server}[log]\nlevel = \"error\"\n{further}\
             [listener.main]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"main\" }}]\n\
             http = {{ requests = 1_000_000 }}\n\
             [pool.main]\nbackends = [\"{}\"]\n",
            port.address(),
            origin.address()
        );
        let server = Trunkline::run(&programs.server, &configuration, &[port.address()])?;
        let clients = KeepalivePlan::new(port.address(), CLIENTS);
        let clients =
            KeepalivePlan { size: BODY, http: true, threads: 1, rate: Some(rate), ..clients };
        let clients = Keepalive::open(peer, &clients)?;
        Ok(Self { clients, server, _origin: origin, _port: port })
    }

    /// Has requests for some seconds. All of them are served, or it is an error.
    fn turn(&mut self, rate: u32, seconds: u32) -> Result<Round> {
        let limit = Duration::from_secs(seconds.into()) + PROMPT;
        self.clients.round(u64::from(rate) * u64::from(seconds), limit)
    }

    fn allocated(&mut self) -> Result<u64> {
        allocated_bytes(self.server.process().id())
    }
}

/// What the spans of a part have become.
struct Difference {
    ended: u64,
    exported: u64,
    dropped: u64,
}

impl Difference {
    fn of(before: Spans, after: Spans) -> Self {
        Self {
            ended: after.ended - before.ended,
            exported: after.exported - before.exported,
            dropped: after.dropped.all() - before.dropped.all(),
        }
    }
}

/// One part: percentiles of the turns without and with tracing, in microseconds.
struct Part {
    name: &'static str,
    p50: [Vec<f64>; 2],
    p99: [Vec<f64>; 2],
    /// Of the server with tracing, after each turn.
    memory: Vec<u64>,
    spans: Difference,
}

impl Part {
    fn new(name: &'static str) -> Self {
        let spans = Difference { ended: 0, exported: 0, dropped: 0 };
        Self { name, p50: <_>::default(), p99: <_>::default(), memory: Vec::new(), spans }
    }

    fn add(&mut self, is_on: bool, round: &Round) {
        let micros = |nanos: u64| nanos as f64 / 1e3;
        self.p50[usize::from(is_on)].push(micros(round.latency.p50_nanos));
        self.p99[usize::from(is_on)].push(micros(round.latency.p99_nanos));
    }
}

fn judge(parts: &[Part], plan: CollectorPlan, report: &mut Report) -> Result<()> {
    for (what, of) in
        [("p50", (|part| &part.p50) as fn(&Part) -> &[Vec<f64>; 2]), ("p99", |part| &part.p99)]
    {
        let medians = |which: usize| {
            parts.iter().map(move |part| Ok(Spread::of(of(part)[which].iter().copied())?.median))
        };
        let (off, on): (Result<Vec<f64>>, Result<Vec<f64>>) =
            (medians(0).collect(), medians(1).collect());
        let (off, on) = (off?, on?);
        // What the same figure of the same server differs by from part to part, is not tracing's.
        let all = Spread::of(off.iter().copied())?;
        let noise = if what == "p99" { all.max - all.min } else { 0.0 };
        if what == "p99" {
            report.show("p99 differs between parts, without tracing, by", format!("{noise:.0} us"));
        }
        for (part, (off, on)) in parts.iter().zip(off.into_iter().zip(on)) {
            let figure = format!("{off:.0}, {on:.0} us ({:+.1} %)", (on / off - 1.0) * 100.0);
            let name = format!("collector {}: {what} without, with tracing", part.name);
            if plan.timed {
                let within = on <= off * (1.0 + ADDED) + noise;
                report.require(&format!("{name}, at most 5 % more"), figure, within);
            } else {
                report.show(&name, figure);
            }
        }
    }
    for Part { name, spans: Difference { ended, exported, dropped }, .. } in parts {
        let figure = format!("{ended}, {exported}, {dropped}");
        let name_of = format!("collector {name}: spans ended, exported, dropped");
        match *name {
            "gone" => report.require(&format!("{name_of}, some"), figure, *dropped > 0),
            "up" => report.require(&format!("{name_of}, none"), figure, *dropped == 0),
            _ => report.show(&name_of, figure),
        }
    }
    let gone = parts.iter().find(|part| part.name == "gone").context("no such part")?;
    // The queue is full within the first turn; a quarter of the part is a minute of a whole run.
    let early = gone.memory.len() / 4;
    let full = gone.memory.get(early).copied().unwrap_or_default();
    let most = gone.memory.iter().skip(early).copied().max().unwrap_or_default();
    let up = parts.first().and_then(|part| part.memory.last()).copied().unwrap_or_default();
    let mib = |bytes: u64| format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20));
    report.show("memory (PSS, without files) while it is up", mib(up));
    report.show("memory once it is gone and the queue is full", mib(full));
    let growth = most.saturating_sub(full);
    let name = format!("growth from then on, at most {}", mib(GROWTH));
    report.require(&name, mib(growth), growth <= GROWTH);
    report.show("slowest request in all that, by medians of p99", {
        let worst = parts.iter().flat_map(|part| &part.p99[1]).copied().fold(0.0, f64::max);
        millis((worst * 1e3) as u64)
    });
    Ok(())
}
