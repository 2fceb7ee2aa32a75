//! `/log/level`: what is logged.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::super::refusal::Refusal;
use super::Api;
use super::input::Ordered;

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    level: Level,
}

/// By the names that the configuration has for them.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Trace,
        }
    }
}

impl From<Level> for tracing::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

pub(super) async fn show(State(api): State<Api>) -> Json<Shown> {
    Json(Shown { level: api.operations.log_level().into() })
}

pub(super) async fn set(
    State(api): State<Api>,
    Ordered(Shown { level }): Ordered<Shown>,
) -> Result<Json<Shown>, Refusal> {
    let wanted = tracing::Level::from(level);
    info!(level = %wanted, "told to log from this level on");
    api.operations.set_log_level(wanted)?;
    Ok(Json(Shown { level }))
}
