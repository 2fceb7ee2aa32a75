//! What became of spans and of lines of the log.

use std::fmt;

use super::{Page, Source};

/// What became of spans, all since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpanTotals {
    /// Spans that were built.
    pub ended: u64,
    /// Spans that a collector or a file has taken.
    pub exported: u64,
    /// Spans that nobody got, by reason: a closed set.
    pub dropped: Vec<(&'static str, u64)>,
}

/// Asks for totals at each scrape.
pub struct Telemetry {
    spans: Box<dyn Fn() -> SpanTotals + Send + Sync>,
    lines: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Telemetry {
    /// `spans` tells what became of them, `lines` how many lines of the log were dropped; both look
    /// at counts, and wait for nobody.
    pub fn new(
        spans: impl Fn() -> SpanTotals + Send + Sync + 'static,
        lines: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { spans: Box::new(spans), lines: Box::new(lines) }
    }
}

impl Source for Telemetry {
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        let SpanTotals { ended, exported, dropped } = (self.spans)();
        page.counts("trunkline_spans_ended", "Spans that were built")?.add(&[], ended)?;
        page.counts("trunkline_spans_exported", "Spans that a collector or a file has taken")?
            .add(&[], exported)?;
        let mut family = page.counts("trunkline_spans_dropped", "Spans that nobody got")?;
        for (reason, times) in dropped {
            family.add(&[("reason", reason)], times)?;
        }
        page.counts("trunkline_log_lines_dropped", "Lines of the log that nobody read in time")?
            .add(&[], (self.lines)())
    }
}
