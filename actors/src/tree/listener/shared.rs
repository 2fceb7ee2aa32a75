//! What the actors of one listener share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use trunkline_runtime::{Detail, SupervisorHandle};

use crate::metrics::ListenerMetrics;
use crate::socket::Sockets;

use crate::tree::connection::Premises;

/// Held by the listener's actor, its acceptors and its supervisor's spec; outlives each of them.
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) premises: Arc<Premises>,
    /// The supervisors of its connections, by worker.
    pub(crate) connections: Vec<SupervisorHandle>,
    pub(crate) drain: Duration,
    pub(crate) log: bool,
    pub(crate) next_id: AtomicU64,
    pub(crate) metrics: Arc<ListenerMetrics>,
    /// Which worker accepts for which: kept here, so that a listener that crashed still knows.
    pub(super) stand_ins: Mutex<BTreeMap<usize, usize>>,
}

impl Detail for Shared {
    fn detail(&self) -> serde_json::Value {
        let (at_limit, paused) = self.metrics.hindered();
        json!({
            "address": self.sockets.local_addr().to_string(),
            "protocol": self.premises.handler.name(),
            "handler": self.premises.handler.detail(),
            "connections": self.connections.iter().map(SupervisorHandle::len).sum::<usize>(),
            "accepted": self.metrics.total(),
            "waited_at_limit": at_limit,
            "paused": paused,
        })
    }
}
