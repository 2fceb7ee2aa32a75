//! What became of spans and of lines of the log.

use std::fmt;

use super::{Page, Source};
use crate::trace::{Counts, Dropped};

/// Asks for totals at each scrape.
pub struct Telemetry {
    spans: Box<dyn Fn() -> Counts + Send + Sync>,
    lines: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Telemetry {
    /// `spans` tells what became of them, `lines` how many lines of the log were dropped; both look
    /// at counts, and wait for nobody.
    pub fn new(
        spans: impl Fn() -> Counts + Send + Sync + 'static,
        lines: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { spans: Box::new(spans), lines: Box::new(lines) }
    }
}

impl Source for Telemetry {
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        let Counts { ended, waiting, exported, dropped, unwritten } = (self.spans)();
        page.counts("trunkline_spans_ended", "Spans that were handed in")?.add(&[], ended)?;
        page.gauges("trunkline_spans_waiting", None, "Spans that wait to be built or sent")?
            .add(&[], waiting)?;
        page.counts(
            "trunkline_spans_exported",
            "Spans that were taken, or kept where nobody is to",
        )?
        .add(&[], exported)?;
        let mut family = page.counts("trunkline_spans_dropped", "Spans that nobody got")?;
        let Dropped { queue_full, export_failed, crashed, shutdown } = dropped;
        for (reason, times) in [
            ("queue_full", queue_full),
            ("export_failed", export_failed),
            ("crashed", crashed),
            ("shutdown", shutdown),
        ] {
            family.add(&[("reason", reason)], times)?;
        }
        page.counts("trunkline_spans_unwritten", "Spans that are not in the file")?
            .add(&[], unwritten)?;
        page.counts("trunkline_log_lines_dropped", "Lines of the log that nobody read in time")?
            .add(&[], (self.lines)())
    }
}
