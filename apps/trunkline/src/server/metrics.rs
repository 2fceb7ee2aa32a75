//! What a scrape of the server shows: see `observability/METRICS.md`.

use std::sync::Arc;

use trunkline_actors::directory::Directory;
use trunkline_actors::metrics::Traffic;
use trunkline_observability::log::Guard;
use trunkline_observability::metrics::Metrics;
use trunkline_observability::metrics::process::{Build, Process};
use trunkline_observability::metrics::supervision::Supervision;
use trunkline_observability::metrics::telemetry::Telemetry;
use trunkline_observability::trace::{Counts, Exporter};
use trunkline_runtime::Runtime;

/// All metrics of a server. `directory` may be filled later.
pub(super) fn metrics(
    runtime: &Runtime,
    directory: &Arc<Directory>,
    exporter: Option<&Exporter>,
    log: &Guard,
) -> Metrics {
    let mut metrics = Metrics::default();
    metrics.register(Build { version: env!("CARGO_PKG_VERSION") });
    metrics.register(Traffic::new(Arc::clone(directory)));
    metrics.register(Supervision(runtime.clone()));
    let lines = log.watch_dropped_lines();
    metrics.register(match exporter {
        Some(exporter) => Telemetry::new(exporter.watch_counts(), lines),
        // Nobody wants any: there are none.
        None => Telemetry::new(Counts::default, lines),
    });
    metrics.register(Process);
    metrics
}

#[cfg(test)]
mod tests;
