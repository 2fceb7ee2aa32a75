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
#[derive(Default, clap::Args)]
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
    /// Of each round: its servers took turns, so that what slowed one slowed the other as well.
    fn ratio(&self, figure: &Figure) -> Result<Spread> {
        let pairs = self.ours.iter().zip(&self.plain);
        Spread::of(pairs.map(|(ours, plain)| (figure.of)(ours) / (figure.of)(plain)))
    }

    /// Prints all figures; tells whether they are within `bounds`.
    pub(crate) fn report(&self, bounds: &Bounds) -> Result<bool> {
        let mut out = io::stdout().lock();
        let (name, server) = ("median (min to max)", self.server);
        writeln!(out, "{name:<20} {:>32} {server:>32} {:>24}", "plain", "ratio")?;
        for figure in &FIGURES {
            let spread = |seen: &[Measured]| Spread::of(seen.iter().map(figure.of));
            let (plain, ours) = (spread(&self.plain)?.to_string(), spread(&self.ours)?.to_string());
            let Spread { median, min, max } = self.ratio(figure)?;
            let ratio = format!("{median:.3} ({min:.3} to {max:.3})");
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
        let cpu = self.ratio(&CPU)?.median;
        let idle = Spread::of(self.ours.iter().map(IDLE.of))?.median;
        let rate = self.ratio(&RATE)?.median;
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

#[cfg(test)]
mod tests {
    use trunkline_tests::sample::Sample;

    use super::*;

    fn measured(cpu_micros: f64, idle_bytes: f64, per_second: f64) -> Measured {
        let sample =
            Sample { requests: 1, cpu_micros, p50_micros: 1.0, p99_micros: 1.0, per_second };
        Measured { messages: sample.clone(), idle_bytes, connections: sample }
    }

    fn seen() -> Seen<'static> {
        Seen {
            server: &Server::Plain,
            plain: vec![measured(10.0, 8_000.0, 100.0)],
            ours: vec![measured(12.0, 2_000.0, 80.0)],
        }
    }

    #[test]
    fn figures_at_their_bounds_are_within_them() -> Result<()> {
        assert_eq!(seen().missed(&Bounds::default())?, Vec::<String>::new());
        let bounds = Bounds {
            cpu_at_most: Some(1.2),
            idle_at_most: Some(2_000.0),
            rate_at_least: Some(0.8),
        };
        assert_eq!(seen().missed(&bounds)?, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn every_bound_that_is_missed_is_told() -> Result<()> {
        let bounds = Bounds {
            cpu_at_most: Some(1.1),
            idle_at_most: Some(1_999.0),
            rate_at_least: Some(0.9),
        };
        assert_eq!(seen().missed(&bounds)?.len(), 3);
        Ok(())
    }
}
