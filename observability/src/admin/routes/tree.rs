//! `/tree`: the live tree, and orders to its actors.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::{info, warn};
use trunkline_runtime::{ControlError, Kind, LastExit, NodeView, Runtime, Status, Walk};

use super::super::connection::Afterwards;
use super::super::portions;
use super::super::refusal::Refusal;
use super::input::{Asked, Ordered, limit};
use super::{Api, accepted};

/// Nodes that are looked at in one turn of the thread: a few hundred microseconds.
const PORTION: usize = 256;

/// The most nodes that may be asked for.
const MOST: u32 = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    under: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn show(
    State(api): State<Api>,
    Asked(Part { under, limit: asked }): Asked<Part>,
) -> Result<impl IntoResponse, Refusal> {
    let limit = limit(asked, MOST, MOST)?;
    let walk = api.runtime.registry().walk();
    let walk = match under {
        None => walk,
        Some(path) => walk.under(&path).ok_or_else(nobody)?,
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], nodes(walk, limit)))
}

/// `{"nodes":[…],"more":…}`; whether there are more than `limit` is known at the end.
fn nodes(mut walk: Walk, limit: usize) -> Body {
    let mut left = limit;
    let mut separator = "{\"nodes\":[";
    let mut over = false;
    portions::body(move || {
        if over {
            return None;
        }
        let mut out = Vec::with_capacity(PORTION * 256);
        for visit in walk.by_ref().take(PORTION.min(left)) {
            left -= 1;
            out.extend_from_slice(separator.as_bytes());
            separator = ",";
            // To memory, and of nothing that has no JSON: it cannot fail.
            let _ = serde_json::to_writer(&mut out, &Node::from(visit.view()));
        }
        let more = walk.has_more();
        if left == 0 || !more {
            over = true;
            if separator != "," {
                out.extend_from_slice(separator.as_bytes());
            }
            out.extend_from_slice(format!("],\"more\":{more}}}").as_bytes());
        }
        Some(out)
    })
}

/// A node as the API shows it.
#[derive(Serialize)]
struct Node {
    path: String,
    kind: Kind,
    status: Status,
    /// None for the control thread.
    worker: Option<usize>,
    generation: u32,
    restarts: u32,
    since_ms: u64,
    waiting: u32,
    capacity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_exit: Option<LastExit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<serde_json::Value>,
}

impl From<NodeView> for Node {
    fn from(view: NodeView) -> Self {
        Self {
            path: view.path,
            kind: view.kind,
            status: view.state,
            worker: view.worker,
            generation: view.generation,
            restarts: view.restarts,
            since_ms: millis(view.uptime),
            waiting: view.mailbox,
            capacity: view.capacity,
            last_exit: view.last_exit,
            detail: view.detail,
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    path: String,
}

type Order = fn(&Runtime, &str) -> Result<(), ControlError>;

pub(super) async fn restart(
    State(api): State<Api>,
    Extension(afterwards): Extension<Afterwards>,
    Ordered(Named { path }): Ordered<Named>,
) -> Result<Response, Refusal> {
    order(&api, &afterwards, "restart", Runtime::restart, path)
}

pub(super) async fn kill(
    State(api): State<Api>,
    Extension(afterwards): Extension<Afterwards>,
    Ordered(Named { path }): Ordered<Named>,
) -> Result<Response, Refusal> {
    order(&api, &afterwards, "kill", Runtime::kill, path)
}

pub(super) async fn suspend(
    State(api): State<Api>,
    Extension(afterwards): Extension<Afterwards>,
    Ordered(Named { path }): Ordered<Named>,
) -> Result<Response, Refusal> {
    if is_above(&path, &api.own) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "the admin API is in that part of the tree, and could not resume it",
            "suspend a part of it that the admin API is not in",
        ));
    }
    order(&api, &afterwards, "suspend", Runtime::suspend, path)
}

pub(super) async fn resume(
    State(api): State<Api>,
    Extension(afterwards): Extension<Afterwards>,
    Ordered(Named { path }): Ordered<Named>,
) -> Result<Response, Refusal> {
    order(&api, &afterwards, "resume", Runtime::resume, path)
}

/// Has it done: at once, or once the answer has left where it would end the one who answers.
fn order(
    api: &Api,
    afterwards: &Afterwards,
    verb: &'static str,
    order: Order,
    path: String,
) -> Result<Response, Refusal> {
    info!(path, order = verb, "told through the admin API");
    let answer = accepted(json!({ "path": path, "order": verb }));
    // What is refused at once is told, as for the root, which is no part of anything.
    if !is_above(&path, &api.own) || !path.contains('/') {
        order(&api.runtime, &path)?;
        return Ok(answer.into_response());
    }
    let runtime = api.runtime.clone();
    afterwards.set(move || {
        if let Err(error) = order(&runtime, &path) {
            let error = error.to_string();
            warn!(path, order = verb, error, "what was ordered could not be done");
        }
    });
    Ok(([(header::CONNECTION, "close")], answer).into_response())
}

/// Whether what happens to `path` happens to `own`.
fn is_above(path: &str, own: &str) -> bool {
    own.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn nobody() -> Refusal {
    Refusal::not_found("there is no actor at that path", "see /tree for those that there are")
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let status = match error {
            ControlError::Unknown { .. } => StatusCode::NOT_FOUND,
            ControlError::Root { .. }
            | ControlError::NotSupported { .. }
            | ControlError::Removing { .. }
            | ControlError::Down { .. }
            | ControlError::SupervisorParked { .. }
            | ControlError::SupervisorDown { .. } => StatusCode::CONFLICT,
        };
        Self::new(status, error.to_string(), error.remedy())
    }
}
