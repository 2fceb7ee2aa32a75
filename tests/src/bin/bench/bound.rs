//! A bound on how Trunkline compares.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

use crate::figures::{Figure, Results};
use crate::proxy::Proxy;
use crate::workload::Workload;

/// `WORKLOAD[.p99][/PEER]=RATIO`: Trunkline's cost, or its p99, as a part of that of haproxy or nginx;
/// of the better of the two where none is named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bound {
    workload: Workload,
    figure: Figure,
    peer: Option<Proxy>,
    most: f64,
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, most) = text.split_once('=').ok_or("write WORKLOAD[.p99][/PEER]=RATIO")?;
        let (what, peer) = match what.split_once('/') {
            Some((what, peer)) => (what, Some(Proxy::from_str(peer, false)?)),
            None => (what, None),
        };
        let (workload, figure) = match what.strip_suffix(".p99") {
            Some(workload) => (workload, Figure::P99),
            None => (what, Figure::Cost),
        };
        let workload = Workload::from_str(workload, false)?;
        let most: f64 = most.parse().map_err(|error| format!("{most:?}: {error}"))?;
        if !(most.is_finite() && most > 0.0) {
            return Err(format!("{most} is no ratio: write one above 0"));
        }
        if peer == Some(Proxy::Trunkline) {
            return Err("trunkline is what is compared: name haproxy or nginx".to_owned());
        }
        Ok(Self { workload, figure, peer, most })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.workload)?;
        if self.figure == Figure::P99 {
            f.write_str(".p99")?;
        }
        if let Some(peer) = self.peer {
            write!(f, "/{peer}")?;
        }
        write!(f, "={}", self.most)
    }
}

impl Bound {
    /// Why it is missed, if it is: also where there is nothing to compare.
    pub(crate) fn missed(&self, results: &Results) -> Option<String> {
        let peer = self.peer.or_else(|| results.better(self.workload, self.figure));
        match peer.and_then(|peer| results.ratio(self.workload, self.figure, peer)) {
            Some(ratio) if ratio.median <= self.most => None,
            Some(ratio) => Some(format!("{self}: missed with {:.3}", ratio.median)),
            None => Some(format!("{self}: missed, as it was not measured")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figures;

    fn measured(ours: f64, haproxy: f64, nginx: f64) -> Results {
        let mut results = Results::default();
        for (proxy, cost) in
            [(Proxy::Trunkline, ours), (Proxy::Haproxy, haproxy), (Proxy::Nginx, nginx)]
        {
            let figures = Figures { cost, p50: None, p99: None, rate: None };
            results.add(Workload::HttpKeepalive, proxy, figures);
        }
        results
    }

    fn missed(bound: &str, results: &Results) -> Result<bool, String> {
        Ok(bound.parse::<Bound>()?.missed(results).is_some())
    }

    #[test]
    fn a_bound_without_a_peer_is_on_the_better_of_the_two() -> Result<(), String> {
        let results = measured(9.0, 10.0, 12.0);
        assert!(!missed("http-keepalive=0.9", &results)?);
        assert!(missed("http-keepalive=0.89", &results)?);
        assert!(!missed("http-keepalive/nginx=0.75", &results)?);
        Ok(())
    }

    #[test]
    fn a_bound_on_what_was_not_measured_is_missed() -> Result<(), String> {
        let results = measured(1.0, 10.0, 10.0);
        for bound in ["http-keepalive.p99=9", "l4-idle=9", "http-keepalive/haproxy-splice=9"] {
            assert!(missed(bound, &results)?, "{bound}");
        }
        Ok(())
    }

    #[test]
    fn a_bound_is_written_as_it_was_read() -> Result<(), String> {
        for text in ["l4-bulk-8=0.5", "l4-connections.p99/haproxy=1.1"] {
            assert_eq!(text.parse::<Bound>()?.to_string(), text);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_bound_is_refused() {
        for text in [
            "l4-idle",
            "l5-idle=1",
            "l4-idle=x",
            "l4-idle=0",
            "l4-idle=NaN",
            "l4-idle/apache=1",
            "l4-idle/trunkline=1",
            "l4-idle.p50=1",
        ] {
            assert!(text.parse::<Bound>().is_err(), "{text}");
        }
    }
}
