//! `/config`: the settings in effect.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Api;

pub(super) async fn show(State(api): State<Api>) -> Json<Value> {
    Json(json!({ "config": api.operations.config() }))
}
