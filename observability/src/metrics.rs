//! Metrics in the text of OpenMetrics, with exemplars, or in the plain one before it: what Prometheus
//! scrapes.
//!
//! Counts live where they are made: in the cells of listeners, routes, pools and backends, written by
//! the workers with relaxed atomics. Nothing is looked up by a label on the way of a request. At a
//! scrape each [`Source`] reads its cells and writes its families to the [`Page`]; so a series ends
//! with what it is about, and names and labels are bounded by the file and by closed sets.
//!
//! | file | what |
//! |---|---|
//! | [`histogram`] | a histogram that workers write side by side, and its merged [`Snapshot`] |
//! | [`counters`] | a closed set of counters, likewise |
//! | [`sharded`] | one copy of something for each thread |
//! | [`exemplar`] | a trace for a bucket |
//! | [`page`] | families and their samples, as sources write them |
//! | [`Form`] | which of the two texts somebody is sent |
//! | `plain` | the one without exemplars, made of the other |
//! | `margin` | exemplars behind the lines that the library writes |
//! | [`process`] | the process, from `/proc` |
//! | [`supervision`] | restarts, parked children, how late threads were |
//! | [`telemetry`] | what became of spans and of lines of the log |
//!
//! Every metric with its unit, labels and meaning is in `observability/METRICS.md`.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use margin::{Exemplars, Lines, Margin};

pub use counters::Counters;
pub use exemplar::{Exemplar, TraceId};
pub use form::Form;
pub use histogram::{Histogram, LATENCY, LIFETIME, Scale, Snapshot};
pub use page::{Counts, Gauges, Histograms, Page, Unit};

pub mod counters;
pub mod exemplar;
mod form;
pub mod histogram;
mod margin;
pub mod page;
mod plain;
pub mod process;
pub mod sharded;
pub mod supervision;
pub mod telemetry;

/// Something that has metrics to show.
pub trait Source: Send + Sync + 'static {
    /// Writes all its families, each with all its samples. Called at each scrape, from any thread:
    /// it reads atomics, and asks nobody.
    ///
    /// # Errors
    /// Those of `page`.
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result;
}

/// All sources of a process.
#[derive(Default)]
pub struct Metrics {
    registry: Registry,
    margin: Arc<Margin>,
    /// One scrape at a time: the margin is that of the page being written.
    scrape: Mutex<()>,
}

impl Metrics {
    /// Shows one more source from now on. No two may have families of the same name.
    pub fn register(&mut self, source: impl Source) {
        let margin = Arc::clone(&self.margin);
        self.registry.register_collector(Box::new(Collected { source, margin }));
    }

    /// The text of all metrics, to be sent as what `form` says. Takes as long as there are series:
    /// some microseconds each.
    #[must_use]
    pub fn encode_as(&self, form: Form) -> String {
        match form {
            Form::OpenMetrics => self.encode(),
            Form::Plain => plain::of(&self.written(Exemplars::Out)),
        }
    }

    /// The same as OpenMetrics.
    #[must_use]
    pub fn encode(&self) -> String {
        self.written(Exemplars::In)
    }

    fn written(&self, exemplars: Exemplars) -> String {
        let _alone = self.scrape.lock();
        let mut lines = Lines::new(&self.margin, exemplars);
        match encode(&mut lines, &self.registry) {
            Ok(()) => lines.into_text(),
            // Writing to a string does not fail, and sources pass on what the page says. Without its
            // end the text is refused by whoever reads it, as it should be.
            Err(fmt::Error) => {
                tracing::error!("the text of the metrics is not whole");
                lines.into_text()
            }
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A source as the library asks for it.
struct Collected<S> {
    source: S,
    margin: Arc<Margin>,
}

impl<S> fmt::Debug for Collected<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<S>())
    }
}

impl<S: Source> Collector for Collected<S> {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.source.measure(&mut Page::new(encoder, Arc::clone(&self.margin)))
    }
}

#[cfg(test)]
mod tests;
