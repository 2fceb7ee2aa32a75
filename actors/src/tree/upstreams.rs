//! `upstreams/wN`: the connections of a worker to backends: those that wait for their next request,
//! and those that are tied to a connection of a listener.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use trunkline_runtime::{
    Actor, Address, ChildSpec, Context, Detail, Failure, Handles, Message, Placement, Reply,
    Stopping, Timer,
};

use crate::backend::BackendId;
use crate::directory::Directory;
use crate::kept::{self, Counts};
use crate::tenants::{self, Tenant};

/// How often connections are looked at that have waited too long, were closed by their backend, or
/// lead to one that is no member any more or drains.
const SWEEP: Duration = Duration::from_secs(1);

/// Sees to it that none waits for ever. The connections are in a cell of the thread: a crash loses
/// none.
#[derive(Debug)]
pub(crate) struct Upstreams {
    directory: Arc<Directory>,
    sweep: Option<Timer>,
}

/// Asks which connections of the worker's listeners are bound to a backend.
#[derive(Debug)]
pub(crate) struct WhoUses(pub(crate) BackendId);

impl Message for WhoUses {
    type Answer = Vec<Tenant>;
}

impl Actor for Upstreams {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::new(Shown(kept::counts())));
        self.sweep = Some(cx.every(SWEEP, |state: &mut Self, _| {
            kept::sweep(Instant::now(), |backend| state.directory.keeps(backend));
        }));
        Ok(())
    }

    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        kept::clear();
        Stopping::Done
    }
}

impl Handles<WhoUses> for Upstreams {
    fn handle(
        &mut self,
        WhoUses(backend): WhoUses,
        reply: Reply<Vec<Tenant>>,
        _: &mut Context<'_, Self>,
    ) {
        reply.send(tenants::of(backend));
    }
}

pub(crate) fn spec(
    placement: Placement,
    directory: &Arc<Directory>,
) -> (ChildSpec, Address<Upstreams>) {
    let directory = Arc::clone(directory);
    let actor = move || Upstreams { directory: Arc::clone(&directory), sweep: None };
    ChildSpec::leaf(placement.id(), actor).on(placement).build()
}

#[derive(Debug)]
struct Shown(Arc<Counts>);

impl Detail for Shown {
    fn detail(&self) -> serde_json::Value {
        json!({
            "idle": self.0.idle.load(Relaxed),
            "reused": self.0.reused.load(Relaxed),
            "ended": self.0.ended.load(Relaxed),
        })
    }
}
