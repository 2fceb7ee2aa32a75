//! What the admin API shows of this server, and how its orders are carried out.
//!
//! | file | what |
//! |---|---|
//! | `readiness` | whether the server should get traffic |
//! | `pools` | pools and their backends, and orders to them |
//! | `connections` | connections of clients, a page at a time |

mod connections;
mod pools;
mod readiness;

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;

use tracing::Level;
use trunkline_actors::directory::Directory;
use trunkline_actors::socket::Sockets;
use trunkline_observability::admin::{
    Connections, Operations, Order, OrderError, Ordered, PoolShown,
};
use trunkline_observability::log::Levels;
use trunkline_observability::metrics::{Form, Metrics};
use trunkline_observability::trace::{Memory, SpanData, TraceId, TraceSummary};
use trunkline_runtime::Runtime;

use crate::steward::Orders;
use readiness::Listeners;

/// The server, as whoever operates it sees it.
pub(super) struct Operator {
    runtime: Runtime,
    directory: Arc<Directory>,
    orders: Arc<Orders>,
    levels: Levels,
    listeners: Listeners,
    traces: Option<Arc<Memory>>,
    metrics: Metrics,
    config: serde_json::Value,
}

/// What there is to operate.
pub(super) struct Operated<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) directory: &'a Arc<Directory>,
    pub(super) orders: &'a Arc<Orders>,
    pub(super) levels: &'a Levels,
    pub(super) sockets: &'a HashMap<String, Arc<Sockets>>,
    /// The newest, where they are kept.
    pub(super) traces: Option<&'a Arc<Memory>>,
    pub(super) metrics: Metrics,
    /// The settings in effect, without secrets.
    pub(super) config: serde_json::Value,
}

impl Operator {
    pub(super) fn new(operated: Operated<'_>) -> Self {
        let Operated { runtime, directory, orders, levels, sockets, traces, metrics, config } =
            operated;
        Self {
            runtime: runtime.clone(),
            directory: Arc::clone(directory),
            orders: Arc::clone(orders),
            levels: levels.clone(),
            listeners: Listeners::new(sockets),
            traces: traces.cloned(),
            metrics,
            config,
        }
    }
}

impl Operations for Operator {
    fn unready(&self) -> Vec<String> {
        readiness::reasons(self)
    }

    fn pools(&self) -> Vec<PoolShown> {
        pools::show(&self.directory, &self.runtime)
    }

    fn connections(&self, after: Option<&str>, limit: usize) -> Result<Connections, OrderError> {
        connections::page(&self.runtime, after, limit)
    }

    fn config(&self) -> serde_json::Value {
        self.config.clone()
    }

    fn metrics(&self, form: Form) -> String {
        self.metrics.encode_as(form)
    }

    fn traces(&self, limit: usize) -> Vec<TraceSummary> {
        self.traces.as_ref().map(|traces| traces.newest(limit)).unwrap_or_default()
    }

    fn trace(&self, id: TraceId) -> Option<Vec<SpanData>> {
        self.traces.as_ref()?.trace(id)
    }

    fn log_level(&self) -> Level {
        self.levels.get()
    }

    fn set_log_level(&self, level: Level) -> Result<(), OrderError> {
        self.levels.set(level).map_err(|error| {
            OrderError::Unavailable(error.to_string(), "start the server again".into())
        })
    }

    fn order(&self, order: Order) -> Ordered {
        match order {
            Order::Drain { pool, backend, within } => {
                pools::drain(&self.directory, pool, backend, within)
            }
            Order::Undrain { pool, backend } => pools::undrain(&self.directory, pool, backend),
            Order::Weigh { pool, backend, weight } => {
                pools::weigh(&self.directory, pool, backend, weight)
            }
            Order::Close { path } => Box::pin(ready(connections::close(&self.directory, &path))),
        }
    }
}
