//! Processor time of a request.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::runs::Report;
use crate::sample::Sample;
use crate::spread::Spread;

use super::{LIMIT, TraceCostPlan, Traced, Tracing};

const CLIENTS: u16 = 64;
/// The default.
const QUEUE: u64 = 16_384;
/// What is done before it is timed, as a part of a round.
const WARM_UP: u64 = 4;
/// Spans that may be missing: without them a figure would flatter.
const MISSING: f64 = 0.01;

/// One of the servers that take turns.
struct Timed {
    traced: Traced,
    micros: Vec<f64>,
    p99: Vec<f64>,
    spans: u64,
}

impl Timed {
    fn start(peer: &Path, server: &Path, tracing: Tracing) -> Result<Self> {
        let traced = Traced::start(peer, Command::new(server), tracing, QUEUE)?;
        Ok(Self { traced, micros: Vec::new(), p99: Vec::new(), spans: 0 })
    }

    fn round(&mut self, peer: &Path, plan: TraceCostPlan) -> Result<()> {
        // New ones in each round: a connection that waits for its turn may wait too long.
        let mut clients = self.traced.clients(peer, CLIENTS, Some(plan.rate))?;
        self.traced.requests(&mut clients, plan.requests.div_ceil(WARM_UP))?;
        let Traced { receiver, server, .. } = &mut self.traced;
        let before = receiver.counts()?.spans;
        // The time that the thread of spans takes afterwards is that of these requests.
        let sample = Sample::take(&[server.process().id()], || {
            let round = clients.round(plan.requests, LIMIT)?;
            self.spans += receiver.settle(LIMIT)?.spans - before;
            Ok(round)
        })?;
        self.micros.push(sample.cpu_micros);
        self.p99.push(sample.p99_micros);
        Ok(())
    }
}

pub(super) fn run(
    peer: &Path,
    server: &Path,
    plan: TraceCostPlan,
    report: &mut Report,
) -> Result<()> {
    let start = |tracing| Timed::start(peer, server, tracing);
    let mut all = [Tracing::Off, Tracing::Of(0.01), Tracing::Of(1.0)].map(start);
    for round in 0..plan.rounds as usize {
        for turn in 0..all.len() {
            // Each goes first in its turn.
            let place = (round + turn) % all.len();
            match &mut all[place] {
                Ok(timed) => timed.round(peer, plan)?,
                Err(error) => anyhow::bail!("{error:#}"),
            }
        }
    }
    let requests = u64::from(plan.rounds) * plan.requests;
    let mut off: Option<Spread> = None;
    for timed in all {
        let Timed { traced, micros, p99, spans, .. } = timed?;
        let spread = Spread::of(micros.into_iter())?;
        let first = *off.get_or_insert(spread);
        let ratio = spread.median / first.median;
        let name = format!("CPU us of a request, {}", traced.tracing.name());
        let each = spans as f64 / requests as f64;
        let p99 = Spread::of(p99.into_iter()).context("no round")?.median;
        let figure =
            format!("{spread}, {ratio:.3} of that without, {each:.2} spans, p99 {p99:.0} us");
        match plan.full.filter(|_| traced.tracing == Tracing::Of(1.0)) {
            Some(bound) => {
                report.require(&format!("{name}, at most {bound}"), figure, ratio <= bound);
            }
            None => report.show(&name, figure),
        }
        if traced.tracing == Tracing::Of(1.0) {
            // As many for each, whatever a request has.
            let whole = each.round();
            let missing = format!("spans that arrived, of {whole} for each request");
            let arrived = each / whole.max(1.0);
            report.require(&missing, format!("{arrived:.4}"), (arrived - 1.0).abs() <= MISSING);
        }
    }
    Ok(())
}
