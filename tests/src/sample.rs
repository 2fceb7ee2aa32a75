//! What a round of small requests costs a server.

use std::fmt;

use anyhow::{Result, ensure};

use crate::keepalive::Round;
use crate::procfs::{cpu_nanos, thread_names};

/// What was measured of one server in one round.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Requests of the round.
    pub requests: u64,
    /// Microseconds of processor time of the server's process, per request.
    pub cpu_micros: f64,
    /// Microseconds from sending to the whole answer: half of the requests took no longer.
    pub p50_micros: f64,
    /// The same of 99 of 100 requests.
    pub p99_micros: f64,
    /// Requests answered in a second.
    pub per_second: f64,
}

impl Sample {
    /// Has `round` made, and reads the processor time of `process` before and after it.
    ///
    /// # Errors
    /// Those of `round`; and when the process is gone, or starts or ends a thread meanwhile.
    pub fn take(process: u32, round: impl FnOnce() -> Result<Round>) -> Result<Self> {
        let threads = thread_names(process)?;
        let before = cpu_nanos(process)?;
        let round = round()?;
        let spent = cpu_nanos(process)? - before;
        // A thread that ends takes its time with it, and the figure would flatter.
        ensure!(threads == thread_names(process)?, "its threads changed while it was measured");
        Ok(Self {
            requests: round.done,
            cpu_micros: spent as f64 / round.done as f64 / 1e3,
            p50_micros: round.latency.p50_nanos as f64 / 1e3,
            p99_micros: round.latency.p99_nanos as f64 / 1e3,
            per_second: round.done as f64 / (round.took_nanos as f64 / 1e9),
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_micros, p99_micros, per_second, .. } = self;
        write!(f, "{cpu_micros:.3} CPU us, p99 {p99_micros:.0} us, {per_second:.0} requests/s")
    }
}
