//! What a run has found: figures, and whether each is within its bound.

use std::fmt;
use std::time::Duration;

use crate::latency::Latency;

/// The figures of one run. Its text is a small table with a verdict in the last line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    run: String,
    rows: Vec<Row>,
    skipped: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    name: String,
    figure: String,
    // None for a figure that has no bound.
    within: Option<bool>,
}

impl Report {
    /// The report of `run`, without figures so far.
    pub fn new(run: &str) -> Self {
        Self { run: run.to_owned(), ..Self::default() }
    }

    /// The report of a run that this machine does not allow.
    pub fn skipped(run: &str, why: String) -> Self {
        Self { skipped: Some(why), ..Self::new(run) }
    }

    /// Adds a figure that is only shown.
    pub fn show(&mut self, name: &str, figure: impl fmt::Display) {
        self.add(name, &figure, None);
    }

    /// Adds a figure that has to be `within` its bound; `name` says which.
    pub fn require(&mut self, name: &str, figure: impl fmt::Display, within: bool) {
        self.add(name, &figure, Some(within));
    }

    fn add(&mut self, name: &str, figure: &dyn fmt::Display, within: Option<bool>) {
        self.rows.push(Row { name: name.to_owned(), figure: figure.to_string(), within });
    }

    /// Whether every figure is within its bound.
    pub fn passed(&self) -> bool {
        self.missed().next().is_none()
    }

    fn missed(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.within == Some(false))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max();
        let width = width.unwrap_or_default();
        for row in &self.rows {
            let mark = match row.within {
                Some(true) => "  ok",
                Some(false) => "  MISSED",
                None => "",
            };
            writeln!(f, "{:<width$}  {}{mark}", row.name, row.figure)?;
        }
        if let Some(why) = &self.skipped {
            return write!(f, "{}: SKIPPED: {why}", self.run);
        }
        let missed: Vec<_> = self.missed().map(|row| row.name.as_str()).collect();
        if missed.is_empty() {
            write!(f, "{}: passed", self.run)
        } else {
            write!(f, "{}: MISSED: {}", self.run, missed.join("; "))
        }
    }
}

/// A time of `nanos` nanoseconds as milliseconds.
pub(super) fn millis(nanos: u64) -> String {
    format!("{:.2} ms", Duration::from_nanos(nanos).as_secs_f64() * 1e3)
}

/// The distribution in one line.
pub(super) fn spread(latency: &Latency) -> String {
    format!(
        "p50 {}, p99 {}, max {} ({} measured)",
        millis(latency.p50_nanos),
        millis(latency.p99_nanos),
        millis(latency.max_nanos),
        latency.count
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_what_was_missed_in_its_last_line() {
        let mut report = Report::new("run");
        report.show("connections", 10);
        report.require("failed, none", 0, true);
        assert!(report.passed());
        assert!(report.to_string().ends_with("run: passed"), "{report}");
        report.require("p99 below 1 ms", millis(2_500_000), false);
        assert!(!report.passed());
        let text = report.to_string();
        assert!(text.contains("p99 below 1 ms  2.50 ms  MISSED"), "{text}");
        assert!(text.ends_with("run: MISSED: p99 below 1 ms"), "{text}");
    }

    #[test]
    fn a_run_that_was_skipped_says_why() {
        let report = Report::skipped("idle", "too few descriptors".to_owned());
        assert_eq!(report.to_string(), "idle: SKIPPED: too few descriptors");
    }
}
