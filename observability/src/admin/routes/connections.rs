//! `/connections`: those of clients.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use tracing::info;

use super::super::operations::{Connections, Order};
use super::super::refusal::Refusal;
use super::input::{Asked, Ordered, limit};
use super::{Api, accepted};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<u32>,
    after: Option<String>,
}

pub(super) async fn show(
    State(api): State<Api>,
    Asked(Page { limit: asked, after }): Asked<Page>,
) -> Result<Json<Connections>, Refusal> {
    let limit = limit(asked, 100, 1000)?;
    Ok(Json(api.operations.connections(after.as_deref(), limit)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    path: String,
}

pub(super) async fn close(
    State(api): State<Api>,
    Ordered(Named { path }): Ordered<Named>,
) -> Result<impl IntoResponse, Refusal> {
    api.desk.order(Order::Close { path: path.clone() }).await?;
    info!(path, "told to close a connection");
    Ok(accepted(json!({ "path": path })))
}
