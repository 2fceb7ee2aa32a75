//! From a bucket of a histogram to the trace of a request in it.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use trunkline_tests::collector::Collector;
use trunkline_tests::peers::prometheus::Prometheus;
use trunkline_tests::peers::require;

use super::super::SOON;
use super::busy::Busy;

/// Whose buckets have exemplars.
const HISTOGRAMS: [&str; 3] = [
    "trunkline_request_duration_seconds_bucket",
    "trunkline_request_first_byte_seconds_bucket",
    "trunkline_connection_duration_seconds_bucket",
];

#[test]
fn the_trace_of_an_exemplar_is_at_the_collector() -> Result<()> {
    let Some(program) = require("prometheus")? else { return Ok(()) };
    let busy = Busy::start(16_384)?;
    let prometheus = Prometheus::start(&program, busy.admin())?;
    for histogram in HISTOGRAMS {
        let begun = Instant::now();
        let kept = loop {
            ensure!(begun.elapsed() < SOON, "{histogram}: none; {:?}", prometheus.scrapes());
            busy.round()?;
            let kept = prometheus.exemplars(histogram)?;
            if !kept.is_empty() {
                break kept;
            }
        };
        for exemplar in kept {
            let trace = exemplar["labels"]["trace_id"].as_str().context(exemplar.to_string())?;
            expect_trace(&busy.collector, trace)?;
        }
    }
    let metrics = busy.get("/metrics", "Accept: application/openmetrics-text\r\n")?.text();
    let exemplars = metrics.lines().filter_map(|line| line.split("# {trace_id=\"").nth(1));
    let traces: Vec<_> = exemplars.filter_map(|rest| rest.get(..32)).collect();
    ensure!(!traces.is_empty(), "{metrics}");
    for trace in traces {
        expect_trace(&busy.collector, trace)?;
    }
    busy.ends_well()
}

fn expect_trace(collector: &Collector, trace: &str) -> Result<()> {
    let id = u128::from_str_radix(trace, 16)?.to_be_bytes();
    let came = collector.wait_for(SOON, |all| all.iter().any(|of| of.span.trace_id == id));
    ensure!(came, "the collector does not know {trace}");
    Ok(())
}
