//! `/metrics`: for Prometheus and whoever reads the same text.

use axum::extract::State;
use axum::response::IntoResponse;

use super::{Api, text};

/// Of the text (OpenMetrics 1.0, section "Overall Structure").
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn show(State(api): State<Api>) -> impl IntoResponse {
    text(KIND, api.operations.metrics())
}
