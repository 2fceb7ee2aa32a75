//! What was measured of the proxies, and how they compare.

use std::collections::HashMap;
use std::fmt;

use anyhow::Result;
use trunkline_tests::sample::Sample;
use trunkline_tests::spread::Spread;

use crate::proxy::Proxy;
use crate::workload::Workload;

/// What was measured of one proxy in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    /// In [`Workload::unit`].
    pub(crate) cost: f64,
    /// Microseconds, where requests were made: of half of them no more.
    pub(crate) p50: Option<f64>,
    /// The same of 99 of 100.
    pub(crate) p99: Option<f64>,
    /// Requests, connections or GB in a second.
    pub(crate) rate: Option<f64>,
}

impl Figures {
    /// Those of requests or connections.
    pub(crate) fn of_requests(sample: Sample) -> Self {
        Self {
            cost: sample.cpu_micros,
            p50: Some(sample.p50_micros),
            p99: Some(sample.p99_micros),
            rate: Some(sample.per_second),
        }
    }

    /// Those of a download, in which a request is a byte.
    pub(crate) fn of_bytes(sample: &Sample) -> Self {
        // Microseconds a byte are as many thousands of seconds a GB.
        let (cost, rate) = (sample.cpu_micros * 1e3, Some(sample.per_second / 1e9));
        Self { cost, p50: None, p99: None, rate }
    }

    /// Those of idle connections, from all memory without and with them.
    pub(crate) fn of_idle(before: u64, after: u64, connections: u32) -> Self {
        let cost = after.saturating_sub(before) as f64 / f64::from(connections);
        Self { cost, p50: None, p99: None, rate: None }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.cost)?;
        if let Some(p99) = self.p99 {
            write!(f, ", p99 {p99:.0} us")?;
        }
        self.rate.map_or(Ok(()), |rate| write!(f, ", {rate:.2} per s"))
    }
}

/// One of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Processor time or memory.
    Cost,
    /// The median latency.
    P50,
    /// The latency that one in a hundred exceeds.
    P99,
    /// Work in a second.
    Rate,
}

impl Figure {
    fn of(self, figures: &Figures) -> Option<f64> {
        match self {
            Self::Cost => Some(figures.cost),
            Self::P50 => figures.p50,
            Self::P99 => figures.p99,
            Self::Rate => figures.rate,
        }
    }
}

/// What became of one proxy with one workload.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// One entry for each round.
    Measured(Vec<Figures>),
    /// It is not installed, or refuses to do this.
    NotMeasured(String),
    /// It failed at it.
    Failed(String),
}

/// All outcomes.
#[derive(Debug, Default)]
pub(crate) struct Results {
    outcomes: HashMap<(Workload, Proxy), Outcome>,
}

impl Results {
    /// Adds a round; one that follows a failure is not looked at.
    pub(crate) fn add(&mut self, workload: Workload, proxy: Proxy, figures: Figures) {
        let nothing = Outcome::Measured(Vec::new());
        if let Outcome::Measured(rounds) = self.outcomes.entry((workload, proxy)).or_insert(nothing)
        {
            rounds.push(figures);
        }
    }

    /// Says that there are no figures, whatever was measured before.
    pub(crate) fn spoil(&mut self, workload: Workload, proxy: Proxy, why: Outcome) {
        self.outcomes.insert((workload, proxy), why);
    }

    /// What became of it, if it was tried.
    pub(crate) fn outcome(&self, workload: Workload, proxy: Proxy) -> Option<&Outcome> {
        self.outcomes.get(&(workload, proxy))
    }

    /// Whether there is no use in another round.
    pub(crate) fn is_spoilt(&self, workload: Workload, proxy: Proxy) -> bool {
        matches!(self.outcome(workload, proxy), Some(Outcome::NotMeasured(_) | Outcome::Failed(_)))
    }

    /// Whether any proxy failed at what it had begun.
    pub(crate) fn any_failed(&self) -> bool {
        self.outcomes.values().any(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// A figure in all rounds; empty without.
    pub(crate) fn figure(&self, workload: Workload, proxy: Proxy, figure: Figure) -> Vec<f64> {
        match self.outcome(workload, proxy) {
            Some(Outcome::Measured(rounds)) => {
                rounds.iter().filter_map(|figures| figure.of(figures)).collect()
            }
            Some(Outcome::NotMeasured(_) | Outcome::Failed(_)) | None => Vec::new(),
        }
    }

    /// Trunkline's figure as a part of that of `peer`: of the medians, and the least and the greatest
    /// within a round. `None` where either has none.
    pub(crate) fn ratio(&self, workload: Workload, figure: Figure, peer: Proxy) -> Option<Spread> {
        let ours = self.figure(workload, Proxy::Trunkline, figure);
        ratio(&ours, &self.figure(workload, peer, figure)).ok()
    }

    /// Of haproxy and nginx the one whose figure has the lesser median; haproxy also as it is with
    /// connections that are kept, not with splice, which its default is without.
    pub(crate) fn better(&self, workload: Workload, figure: Figure) -> Option<Proxy> {
        let references =
            [Proxy::Haproxy, Proxy::HaproxyReuse, Proxy::Nginx].into_iter().filter_map(|proxy| {
                let median =
                    Spread::of(self.figure(workload, proxy, figure).into_iter()).ok()?.median;
                Some((proxy, median))
            });
        references.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(proxy, _)| proxy)
    }
}

fn ratio(ours: &[f64], theirs: &[f64]) -> Result<Spread> {
    let median =
        Spread::of(ours.iter().copied())?.median / Spread::of(theirs.iter().copied())?.median;
    let within = Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs))?;
    Ok(Spread { median, ..within })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_cost(cost: f64) -> Figures {
        Figures { cost, p50: None, p99: None, rate: None }
    }

    fn results(of: &[(Proxy, &[f64])]) -> Results {
        let mut results = Results::default();
        for (proxy, costs) in of {
            for cost in *costs {
                results.add(Workload::L4Idle, *proxy, of_cost(*cost));
            }
        }
        results
    }

    #[test]
    fn a_ratio_is_that_of_the_medians_and_its_spread_that_of_the_rounds() {
        let results =
            results(&[(Proxy::Trunkline, &[1.0, 2.0, 3.0]), (Proxy::Haproxy, &[4.0, 4.0, 3.0])]);
        let ratio = results.ratio(Workload::L4Idle, Figure::Cost, Proxy::Haproxy);
        assert_eq!(ratio, Some(Spread { median: 0.5, min: 0.25, max: 1.0 }));
    }

    #[test]
    fn the_better_of_the_two_is_never_haproxy_with_splice() {
        let results = results(&[
            (Proxy::Haproxy, &[3.0]),
            (Proxy::HaproxySplice, &[1.0]),
            (Proxy::Nginx, &[2.0]),
        ]);
        assert_eq!(results.better(Workload::L4Idle, Figure::Cost), Some(Proxy::Nginx));
        assert_eq!(results.better(Workload::L4Idle, Figure::P99), None);
    }

    #[test]
    fn a_failure_spoils_what_was_measured_before_and_after() {
        let mut results = results(&[(Proxy::Trunkline, &[1.0])]);
        results.spoil(Workload::L4Idle, Proxy::Trunkline, Outcome::Failed("x".to_owned()));
        results.add(Workload::L4Idle, Proxy::Trunkline, of_cost(1.0));
        assert!(results.any_failed() && results.is_spoilt(Workload::L4Idle, Proxy::Trunkline));
        assert!(results.figure(Workload::L4Idle, Proxy::Trunkline, Figure::Cost).is_empty());
    }

    #[test]
    fn idle_connections_share_what_came_with_them() {
        assert_eq!(Figures::of_idle(1_000, 11_000, 5).cost, 2_000.0);
        assert_eq!(Figures::of_idle(2, 1, 5).cost, 0.0);
    }

    #[test]
    fn a_download_is_told_by_the_gigabyte() {
        // A GB in two seconds, at half a second of processor time.
        let sample = Sample {
            requests: 1_000_000_000,
            cpu_micros: 0.0005,
            p50_micros: 0.0,
            p99_micros: 0.0,
            per_second: 5e8,
        };
        let figures = Figures::of_bytes(&sample);
        assert_eq!((figures.cost, figures.rate), (0.5, Some(0.5)));
    }
}
