//! `/events`: what happens in the tree, as server-sent events.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event as Sent, Sse};
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::timeout;
use trunkline_runtime::{Event, Lifecycle};

use super::super::refusal::Refusal;
use super::Api;

/// How long nothing may be said: proxies close what is silent for longer, and who has left is
/// noticed by what cannot be sent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events in a row, before the thread's other actors get their turn.
const BATCH: u32 = 64;

/// Events in order, from now on. Who reads too slowly is told how many were lost.
pub(super) async fn stream(
    State(api): State<Api>,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Refusal> {
    let place = api.streams.clone().try_acquire_owned().map_err(|_| {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "there are 16 streams of events already",
            "end one of them",
        )
    })?;
    let following = Following { events: api.runtime.events().subscribe(), row: 0, _place: place };
    Ok(Sse::new(stream::unfold(following, |mut following| async {
        let sent = following.next().await?;
        Some((Ok(sent), following))
    })))
}

struct Following {
    events: broadcast::Receiver<Event>,
    /// Events in a row, without a rest.
    row: u32,
    _place: OwnedSemaphorePermit,
}

impl Following {
    async fn next(&mut self) -> Option<Sent> {
        self.row += 1;
        if self.row >= BATCH {
            self.row = 0;
            tokio::task::yield_now().await;
        }
        match timeout(KEEP_ALIVE, self.events.recv()).await {
            Err(_) => Some(Sent::default().comment("nothing new")),
            Ok(Ok(event)) => Some(sent(event.what.name(), &data(&event))),
            Ok(Err(RecvError::Lagged(lost))) => Some(sent("lagged", &json!({ "lost": lost }))),
            Ok(Err(RecvError::Closed)) => None,
        }
    }
}

/// JSON on one line: it escapes whatever would end it.
fn sent(name: &str, data: &Value) -> Sent {
    Sent::default().event(name).data(data.to_string())
}

fn data(event: &Event) -> Value {
    let mut data = json!({
        "at_unix_ms": event.at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis),
        "path": event.node.path(),
        "generation": event.generation,
        "what": event.what.name(),
    });
    match &event.what {
        Lifecycle::Exited(reason) => {
            data["reason"] = reason.kind().into();
            data["text"] = reason.to_string().into();
        }
        Lifecycle::Restarting { after } => data["after_ms"] = millis(*after).into(),
        Lifecycle::Parked { retry } => data["retry_ms"] = millis(*retry).into(),
        Lifecycle::Escalated { child, restarts } => {
            data["child"] = child.as_str().into();
            data["restarts"] = (*restarts).into();
        }
        Lifecycle::WorkerStuck { worker, since } => {
            data["worker"] = (*worker).into();
            data["since_ms"] = millis(*since).into();
        }
        Lifecycle::WorkerBack { worker } => data["worker"] = (*worker).into(),
        Lifecycle::Started
        | Lifecycle::Removed
        | Lifecycle::Suspended
        | Lifecycle::Resumed
        | Lifecycle::Abandoned => {}
    }
    data
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
