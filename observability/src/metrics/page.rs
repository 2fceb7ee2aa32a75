//! Families and their samples, as a source writes them.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
pub use prometheus_client::registry::Unit;

use super::histogram::Snapshot;
use super::margin::Margin;

/// The labels of a sample. Values may be any text; names are of the program itself.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// What a scrape is written to.
pub struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
    margin: Arc<Margin>,
}

/// Samples of counters.
pub struct Counts<'a>(MetricEncoder<'a>);

/// Samples of gauges.
pub struct Gauges<'a>(MetricEncoder<'a>);

/// Histograms of durations.
pub struct Histograms<'a> {
    encoder: MetricEncoder<'a>,
    margin: Arc<Margin>,
    /// How the lines of buckets begin.
    begin: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>, margin: Arc<Margin>) -> Self {
        Self { encoder, margin }
    }

    /// Begins a family of counters: `name` is without the `_total` that its samples end with.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn counts<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Counts<'s>, fmt::Error> {
        self.encoder.encode_descriptor(name, help, None, MetricType::Counter).map(Counts)
    }

    /// Begins a family of counters of seconds, whose name `name` becomes with `_seconds`.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn seconds<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Counts<'s>, fmt::Error> {
        let unit = Some(&Unit::Seconds);
        self.encoder.encode_descriptor(name, help, unit, MetricType::Counter).map(Counts)
    }

    /// Begins a family of gauges; a unit is appended to its name.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn gauges<'s>(
        &'s mut self,
        name: &'s str,
        unit: Option<&'s Unit>,
        help: &str,
    ) -> Result<Gauges<'s>, fmt::Error> {
        self.encoder.encode_descriptor(name, help, unit, MetricType::Gauge).map(Gauges)
    }

    /// Begins a family of histograms, whose name `name` becomes with `_seconds`.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn histograms<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
    ) -> Result<Histograms<'s>, fmt::Error> {
        let begin = format!("{name}_seconds_bucket{{");
        let unit = Some(&Unit::Seconds);
        let encoder = self.encoder.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        Ok(Histograms { encoder, margin: Arc::clone(&self.margin), begin })
    }

    /// Writes the one sample of a family that says what something is.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn info(&mut self, name: &str, help: &str, labels: Labels<'_>) -> fmt::Result {
        self.encoder.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&labels)
    }
}

impl Counts<'_> {
    /// Writes a sample.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn add(&mut self, labels: Labels<'_>, value: u64) -> fmt::Result {
        if labels.is_empty() {
            return self.0.encode_counter::<NoLabelSet, _, u64>(&value, None);
        }
        self.0.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    /// Writes a sample that is no whole number.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn add_fraction(&mut self, value: f64) -> fmt::Result {
        self.0.encode_counter::<NoLabelSet, _, f64>(&value, None)
    }
}

impl Gauges<'_> {
    /// Writes a sample.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn add(&mut self, labels: Labels<'_>, value: u64) -> fmt::Result {
        if labels.is_empty() {
            return self.0.encode_gauge(&value);
        }
        self.0.encode_family(&labels)?.encode_gauge(&value)
    }

    /// Writes a sample that is no whole number.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn add_fraction(&mut self, labels: Labels<'_>, value: f64) -> fmt::Result {
        if labels.is_empty() {
            return self.0.encode_gauge(&value);
        }
        self.0.encode_family(&labels)?.encode_gauge(&value)
    }
}

impl Histograms<'_> {
    /// Writes a histogram that has values: where there may be thousands of them, most of which never
    /// will have any.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn add_if_any(&mut self, labels: Labels<'_>, snapshot: &Snapshot) -> fmt::Result {
        if snapshot.count() > 0 { self.add(labels, snapshot) } else { Ok(()) }
    }

    /// Writes a histogram.
    ///
    /// # Errors
    /// Only those of where it is written.
    pub fn add(&mut self, labels: Labels<'_>, snapshot: &Snapshot) -> fmt::Result {
        let bounds = snapshot.bounds.iter().map(|nanos| seconds(*nanos));
        let bounds = bounds.chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(snapshot.counts.iter().copied()).collect();
        self.margin.set(&self.begin, &snapshot.exemplars);
        let written = self.encoder.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
            seconds(snapshot.sum),
            snapshot.count(),
            &buckets,
            None,
        );
        self.margin.set("", &[]);
        written
    }
}

/// Nanoseconds in seconds. Not by a factor, which would make `0.1` of no bound that is written so.
#[allow(clippy::cast_precision_loss, reason = "of more than 104 days some microseconds are lost")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
