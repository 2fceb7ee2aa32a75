//! What a scrape of the server shows: see `observability/METRICS.md`.

use std::sync::Arc;

use trunkline_actors::directory::Directory;
use trunkline_actors::metrics::Traffic;
use trunkline_observability::metrics::Metrics;
use trunkline_observability::metrics::process::{Build, Process};
use trunkline_observability::metrics::supervision::Supervision;
use trunkline_observability::metrics::telemetry::{SpanTotals, Telemetry};
use trunkline_runtime::Runtime;

/// All metrics of a server. `directory` may be filled later; `spans` and `lines` tell what became of
/// spans, and how many lines of the log were dropped.
pub(super) fn metrics(
    runtime: &Runtime,
    directory: &Arc<Directory>,
    spans: impl Fn() -> SpanTotals + Send + Sync + 'static,
    lines: impl Fn() -> u64 + Send + Sync + 'static,
) -> Arc<Metrics> {
    let mut metrics = Metrics::default();
    metrics.register(Build { version: env!("CARGO_PKG_VERSION") });
    metrics.register(Traffic(Arc::clone(directory)));
    metrics.register(Supervision(runtime.clone()));
    metrics.register(Telemetry::new(spans, lines));
    metrics.register(Process);
    Arc::new(metrics)
}

#[cfg(test)]
mod tests;
