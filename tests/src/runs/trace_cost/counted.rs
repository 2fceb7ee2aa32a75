//! Instructions of a request.

use std::path::Path;

use anyhow::Result;

use crate::instructions::Callgrind;
use crate::runs::Report;

use super::{TraceCostPlan, Traced, Tracing};

/// Connections of clients: callgrind runs one thread at a time, so there is always one that waits,
/// and how many are served per turn hardly changes.
const CLIENTS: u16 = 16;
/// Enough for all: nothing is dropped, though callgrind slows the thread of spans down.
const QUEUE: u64 = 1_000_000;
/// What is done before it is counted, as a part of that.
const WARM_UP: u64 = 10;

pub(super) fn run(
    peer: &Path,
    server: &Path,
    plan: TraceCostPlan,
    report: &mut Report,
) -> Result<()> {
    let Some(callgrind) = Callgrind::find()? else {
        report.require("instructions: valgrind is installed", "no", plan.sampled.is_none());
        return Ok(());
    };
    let mut off = 0.0;
    for tracing in [Tracing::Off, Tracing::Of(0.0), Tracing::Of(0.01), Tracing::Of(1.0)] {
        let mut traced = Traced::start(peer, callgrind.command(server), tracing, QUEUE)?;
        let mut clients = traced.clients(peer, CLIENTS, None)?;
        traced.requests(&mut clients, plan.counted.div_ceil(WARM_UP))?;
        let id = traced.server.process().id();
        callgrind.begin(id)?;
        let spans = traced.requests(&mut clients, plan.counted)?;
        let each = callgrind.end(id)? as f64 / plan.counted as f64;
        if tracing == Tracing::Off {
            off = each;
        }
        let name = format!("instructions of a request, {}", tracing.name());
        let spans = spans as f64 / plan.counted as f64;
        let figure = format!("{each:.0}, {:.3} of that without, {spans:.2} spans", each / off);
        match plan.sampled.filter(|_| tracing == Tracing::Of(0.01)) {
            Some(bound) => {
                report.require(&format!("{name}, at most {bound}"), figure, each <= bound * off);
            }
            None => report.show(&name, figure),
        }
        if tracing == Tracing::Of(1.0) {
            // As many for each, or what was lost would make the figure look better than it is.
            let name = "instructions: spans of a request arrive, all";
            report.require(name, format!("{spans:.3}"), spans > 0.0 && spans.fract() == 0.0);
        }
    }
    Ok(())
}
