//! `pools/NAME/ADDRESS/backend`: reports what becomes of a backend.

use std::sync::Arc;

use serde_json::json;
use tracing::{info, warn};
use trunkline_runtime::{Actor, Context, Detail, Failure, Handles, Message, Reply};

use crate::backend::Backend;
use crate::backend::health::{Standing, Transition};
use crate::probe::ProbeFailure;

/// The backend's health has changed.
#[derive(Debug)]
pub struct Changed {
    /// How.
    pub transition: Transition,
    /// What was wrong with the last probe, where a probe changed it for the worse.
    pub cause: Option<ProbeFailure>,
}

impl Message for Changed {
    type Answer = ();
}

/// The actor of one backend. Health and leases are in the cell, which outlives it.
#[derive(Debug)]
pub struct BackendActor {
    pub(crate) pool: Arc<str>,
    pub(crate) backend: Arc<Backend>,
}

impl Actor for BackendActor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::new(Shown(Arc::clone(&self.backend))));
        Ok(())
    }
}

impl Handles<Changed> for BackendActor {
    fn handle(&mut self, changed: Changed, _: Reply<()>, _: &mut Context<'_, Self>) {
        let (pool, backend) = (&*self.pool, self.backend.name());
        match changed.transition {
            Transition::WentDown { reason, failures, retry_at } => {
                let reason = reason.name();
                let cause = changed.cause.map(ProbeFailure::name);
                let status = changed.cause.and_then(ProbeFailure::status);
                let now = tokio::time::Instant::now();
                let retry_in = retry_at.map(|at| at.saturating_duration_since(now));
                let retry_in = retry_in.map(tracing::field::debug);
                warn!(pool, backend, reason, cause, status, failures, retry_in, "backend is out");
            }
            Transition::Ejected { reason, until } => {
                let reason = reason.name();
                let out_for = until.saturating_duration_since(tokio::time::Instant::now());
                warn!(pool, backend, reason, ?out_for, "backend is ejected");
            }
            Transition::Readmitted => info!(pool, backend, "backend is no longer ejected"),
            Transition::CameUp { reason, down_for } => {
                let reason = reason.name();
                info!(pool, backend, reason, ?down_for, "backend is back");
            }
        }
    }
}

#[derive(Debug)]
struct Shown(Arc<Backend>);

impl Detail for Shown {
    fn detail(&self) -> serde_json::Value {
        let totals = self.0.totals();
        let health = match self.0.standing() {
            Standing::Up => "up",
            Standing::Shaky => "shaky",
            Standing::Down { .. } | Standing::Unfit => "down",
            Standing::OnTrial => "on_trial",
        };
        json!({
            "health": health,
            "in_flight": self.0.in_flight(),
            "leases": totals.leases,
            "connected": totals.connected,
            "failed": totals.failed,
        })
    }
}
