//! `/pools`: what backends there are, and orders to them.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::info;

use super::super::operations::{Order, PoolShown};
use super::super::refusal::Refusal;
use super::input::Ordered;
use super::{Api, accepted};

/// The longest time for which a drain is spread: that of the configuration's longest durations.
const LONGEST: Duration = Duration::from_secs(1000 * 3600);

#[derive(Serialize)]
pub(super) struct Pools {
    pools: Vec<PoolShown>,
}

pub(super) async fn show(State(api): State<Api>) -> Json<Pools> {
    Json(Pools { pools: api.operations.pools() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drained {
    pool: String,
    backend: String,
    within: Option<String>,
}

pub(super) async fn drain(
    State(api): State<Api>,
    Ordered(Drained { pool, backend, within }): Ordered<Drained>,
) -> Result<impl IntoResponse, Refusal> {
    let address = address(&backend)?;
    let within = within.as_deref().map(duration).transpose()?.unwrap_or_default();
    api.desk.order(Order::Drain { pool: pool.clone(), backend: address, within }).await?;
    info!(pool, backend = %address, ?within, "told to drain a backend");
    Ok(accepted(json!({ "pool": pool, "backend": address })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Undrained {
    pool: String,
    backend: String,
}

pub(super) async fn undrain(
    State(api): State<Api>,
    Ordered(Undrained { pool, backend }): Ordered<Undrained>,
) -> Result<impl IntoResponse, Refusal> {
    let address = address(&backend)?;
    api.desk.order(Order::Undrain { pool: pool.clone(), backend: address }).await?;
    info!(pool, backend = %address, "told to drain a backend no longer");
    Ok(accepted(json!({ "pool": pool, "backend": address })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weighed {
    pool: String,
    backend: String,
    weight: u32,
}

pub(super) async fn weigh(
    State(api): State<Api>,
    Ordered(Weighed { pool, backend, weight }): Ordered<Weighed>,
) -> Result<impl IntoResponse, Refusal> {
    let address = address(&backend)?;
    api.desk.order(Order::Weigh { pool: pool.clone(), backend: address, weight }).await?;
    info!(pool, backend = %address, weight, "told to weigh a backend anew");
    Ok(accepted(json!({ "pool": pool, "backend": address, "weight": weight })))
}

/// What is no address is no backend of any pool.
fn address(backend: &str) -> Result<SocketAddr, Refusal> {
    backend.parse().map_err(|_| {
        Refusal::not_found(
            "there is no backend of that name",
            "name it by its IP address and port, as /pools shows it",
        )
    })
}

fn duration(text: &str) -> Result<Duration, Refusal> {
    let parsed = humantime::parse_duration(text).ok().filter(|within| *within <= LONGEST);
    parsed.ok_or_else(|| {
        Refusal::bad_request(
            "the time within which to drain is no duration of up to 1000h",
            "write a number and a unit, such as \"30s\"",
        )
    })
}
