//! What a round of small requests costs a server.

use std::fmt;

use anyhow::{Result, ensure};

use crate::keepalive::Round;
use crate::procfs::{cpu_nanos, thread_names};
use crate::spread::Spread;

/// What was measured of one server in one round.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Requests of the round.
    pub requests: u64,
    /// Microseconds of processor time of the server's processes, per request.
    pub cpu_micros: f64,
    /// Microseconds from sending to the whole answer: half of the requests took no longer.
    pub p50_micros: f64,
    /// The same of 99 of 100 requests.
    pub p99_micros: f64,
    /// Requests answered in a second.
    pub per_second: f64,
}

impl Sample {
    /// Has `round` made, and reads the processor time of `processes`, which are those of one server,
    /// before and after it.
    ///
    /// # Errors
    /// Those of `round`; and when a process is gone, or starts or ends a thread meanwhile.
    pub fn take(processes: &[u32], round: impl FnOnce() -> Result<Round>) -> Result<Self> {
        let threads = || processes.iter().map(|process| thread_names(*process)).collect();
        let spent = || processes.iter().map(|process| cpu_nanos(*process)).sum();
        let (threads_before, before): (Result<Vec<_>>, Result<u64>) = (threads(), spent());
        let round = round()?;
        let spent = spent()? - before?;
        // A thread that ends takes its time with it, and the figure would flatter.
        ensure!(threads_before? == threads()?, "its threads changed while it was measured");
        Ok(Self {
            requests: round.done,
            cpu_micros: spent as f64 / round.done as f64 / 1e3,
            p50_micros: round.latency.p50_nanos as f64 / 1e3,
            p99_micros: round.latency.p99_nanos as f64 / 1e3,
            per_second: round.done as f64 / (round.took_nanos as f64 / 1e9),
        })
    }

    /// One sample of a round that was made in several parts. Its percentiles are the medians of
    /// those of the parts.
    ///
    /// # Errors
    /// If there are none.
    pub fn of_parts(parts: &[Self]) -> Result<Self> {
        let requests: u64 = parts.iter().map(|part| part.requests).sum();
        let sum = |of: fn(&Self) -> f64| -> f64 {
            parts.iter().map(|part| part.requests as f64 * of(part)).sum()
        };
        let median =
            |of: fn(&Self) -> f64| Spread::of(parts.iter().map(of)).map(|spread| spread.median);
        Ok(Self {
            requests,
            p50_micros: median(|part| part.p50_micros)?,
            p99_micros: median(|part| part.p99_micros)?,
            cpu_micros: sum(|part| part.cpu_micros) / requests as f64,
            per_second: requests as f64 / sum(|part| 1.0 / part.per_second),
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_micros, p99_micros, per_second, .. } = self;
        write!(f, "{cpu_micros:.3} CPU us, p99 {p99_micros:.0} us, {per_second:.0} requests/s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_weigh_as_much_as_they_hold() -> Result<()> {
        let part = |requests, cpu_micros, per_second, p99_micros| Sample {
            requests,
            cpu_micros,
            p50_micros: 1.0,
            p99_micros,
            per_second,
        };
        // A second at 100 requests a second, then three at 300.
        let whole = Sample::of_parts(&[part(100, 10.0, 100.0, 4.0), part(900, 20.0, 300.0, 6.0)])?;
        assert_eq!((whole.requests, whole.cpu_micros), (1000, 19.0));
        assert_eq!((whole.per_second, whole.p99_micros), (250.0, 5.0));
        Ok(())
    }

    #[test]
    fn no_parts_are_an_error() {
        assert!(Sample::of_parts(&[]).is_err());
    }
}
