//! What can be asked for.

mod config;
mod connections;
mod events;
mod health;
mod input;
mod log;
mod metrics;
mod pools;
mod traces;
mod tree;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use tokio::sync::Semaphore;
use trunkline_runtime::Runtime;

use super::desk::Desk;
use super::guard::{Guard, guard};
use super::openapi;
use super::operations::Operations;
use super::refusal::Refusal;

/// How many streams of events there may be: the other connections are for those who ask and go.
const STREAMS: usize = 16;

/// What the routes share.
#[derive(Clone)]
pub(super) struct Api {
    runtime: Runtime,
    operations: Arc<dyn Operations>,
    pub(super) guard: Arc<Guard>,
    desk: Desk,
    streams: Arc<Semaphore>,
    /// One scrape at a time: each takes a thread of its own.
    scrapes: Arc<Semaphore>,
    /// The path of the actor that answers.
    own: Arc<str>,
}

impl Api {
    pub(super) fn new(
        runtime: Runtime,
        operations: Arc<dyn Operations>,
        guard: Arc<Guard>,
        desk: Desk,
        own: String,
    ) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS));
        let scrapes = Arc::new(Semaphore::new(1));
        Self { runtime, operations, guard, desk, streams, scrapes, own: own.into() }
    }
}

/// Every path there is.
pub(super) fn table() -> Vec<(&'static str, MethodRouter<Api>)> {
    vec![
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        ("/tree", get(tree::show)),
        ("/tree/restart", post(tree::restart)),
        ("/tree/kill", post(tree::kill)),
        ("/tree/suspend", post(tree::suspend)),
        ("/tree/resume", post(tree::resume)),
        ("/pools", get(pools::show)),
        ("/pools/drain", post(pools::drain)),
        ("/pools/undrain", post(pools::undrain)),
        ("/pools/weigh", post(pools::weigh)),
        ("/connections", get(connections::show)),
        ("/connections/close", post(connections::close)),
        ("/config", get(config::show)),
        ("/log/level", get(log::show).post(log::set)),
        ("/traces", get(traces::newest)),
        ("/traces/{trace_id}", get(traces::one)),
        ("/events", get(events::stream)),
        ("/metrics", get(metrics::show)),
        ("/openapi.json", get(openapi::show)),
    ]
}

/// All routes, behind the guards.
pub(super) fn router(api: Api) -> Router {
    table()
        .into_iter()
        .fold(Router::new(), |router, (path, route)| router.route(path, route))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(axum::middleware::from_fn_with_state(api.clone(), guard))
        .with_state(api)
}

async fn nowhere() -> Refusal {
    Refusal::not_found("there is nothing at this path", "see /openapi.json for what there is")
}

async fn not_so() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not take that method",
        "see the field Allow, and /openapi.json",
    )
}

/// What was ordered is under way.
fn accepted(said: serde_json::Value) -> (StatusCode, axum::Json<serde_json::Value>) {
    (StatusCode::ACCEPTED, axum::Json(said))
}
