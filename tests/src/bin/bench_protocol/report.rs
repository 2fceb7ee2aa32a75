//! The figures of all rounds, and whether they are within bounds.

use std::io::{self, Write};

use anyhow::Result;
use trunkline_tests::spread::Spread;

use crate::server::Server;
use crate::workload::Measured;

/// One of the figures of a round.
struct Figure {
    name: &'static str,
    of: fn(&Measured) -> f64,
}

const CPU: Figure = Figure { name: "CPU us/message", of: |seen| seen.messages.cpu_micros };
const IDLE: Figure = Figure { name: "B/idle connection", of: |seen| seen.idle_bytes };
const RATE: Figure = Figure { name: "connections/s", of: |seen| seen.connections.per_second };

const FIGURES: [Figure; 7] = [
    CPU,
    Figure { name: "messages/s", of: |seen| seen.messages.per_second },
    Figure { name: "message p99 us", of: |seen| seen.messages.p99_micros },
    IDLE,
    Figure { name: "CPU us/connection", of: |seen| seen.connections.cpu_micros },
    RATE,
    Figure { name: "connection p99 us", of: |seen| seen.connections.p99_micros },
];

/// What the figures must keep to.
#[derive(clap::Args)]
pub(crate) struct Bounds {
    /// Exit with 1 when a message costs more than this many times what it costs the plain server.
    #[arg(long)]
    cpu_at_most: Option<f64>,
    /// Exit with 1 when an idle connection holds more bytes.
    #[arg(long)]
    idle_at_most: Option<f64>,
    /// Exit with 1 when there are fewer connections a second than this part of the plain server's.
    #[arg(long)]
    rate_at_least: Option<f64>,
}

/// What was seen of the plain server, and in the same rounds of the other.
pub(crate) struct Seen<'a> {
    pub(crate) server: &'a Server,
    pub(crate) plain: Vec<Measured>,
    pub(crate) ours: Vec<Measured>,
}

impl Seen<'_> {
    fn plain(&self, figure: &Figure) -> Result<Spread> {
        Spread::of(self.plain.iter().map(figure.of))
    }

    fn ours(&self, figure: &Figure) -> Result<Spread> {
        Spread::of(self.ours.iter().map(figure.of))
    }

    /// Of the medians: single rounds are more at the mercy of the machine's other users.
    fn ratio(&self, figure: &Figure) -> Result<f64> {
        Ok(self.ours(figure)?.median / self.plain(figure)?.median)
    }

    /// Prints all figures; tells whether they are within `bounds`.
    pub(crate) fn report(&self, bounds: &Bounds) -> Result<bool> {
        let mut out = io::stdout().lock();
        let (name, server) = ("median (min to max)", self.server);
        writeln!(out, "{name:<20} {:>32} {server:>32} {:>24}", "plain", "ratio")?;
        for figure in &FIGURES {
            let (plain, ours) = (self.plain(figure)?.to_string(), self.ours(figure)?.to_string());
            let pairs = self.ours.iter().zip(&self.plain);
            let pairs =
                Spread::of(pairs.map(|(ours, plain)| (figure.of)(ours) / (figure.of)(plain)))?;
            let ratio =
                format!("{:.3} ({:.3} to {:.3})", self.ratio(figure)?, pairs.min, pairs.max);
            writeln!(out, "{:<20} {plain:>32} {ours:>32} {ratio:>24}", figure.name)?;
        }
        writeln!(out, "{} rounds", self.ours.len())?;
        let missed = self.missed(bounds)?;
        for line in &missed {
            writeln!(out, "missed: {line}")?;
        }
        Ok(missed.is_empty())
    }

    fn missed(&self, bounds: &Bounds) -> Result<Vec<String>> {
        let cpu = self.ratio(&CPU)?;
        let idle = self.ours(&IDLE)?.median;
        let rate = self.ratio(&RATE)?;
        let cpu_missed = bounds.cpu_at_most.filter(|most| cpu > *most);
        let idle_missed = bounds.idle_at_most.filter(|most| idle > *most);
        let rate_missed = bounds.rate_at_least.filter(|least| rate < *least);
        let cpu = cpu_missed
            .map(|most| format!("a message costs {cpu:.3} of the plain server's, bound {most}"));
        let idle =
            idle_missed.map(|most| format!("an idle connection holds {idle:.0} B, bound {most}"));
        let rate = rate_missed
            .map(|least| format!("connections a second are {rate:.3} of plain, bound {least}"));
        Ok([cpu, idle, rate].into_iter().flatten().collect())
    }
}
