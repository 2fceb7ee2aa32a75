//! `/healthz` and `/readyz`: for whoever restarts the process, and whoever sends it traffic.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Api;

/// The control thread turns.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

pub(super) async fn ready(State(api): State<Api>) -> (StatusCode, Json<Value>) {
    let reasons = api.operations.unready();
    if reasons.is_empty() {
        return (StatusCode::OK, Json(json!({ "ready": true })));
    }
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "reasons": reasons })))
}
