//! `upstreams/wN`: the connections of a worker that wait for their next request to a backend.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use trunkline_runtime::{Actor, ChildSpec, Context, Detail, Failure, Placement, Stopping, Timer};

use crate::kept::{self, Counts};

/// How often connections are looked at that have waited too long or were closed by their backend.
const SWEEP: Duration = Duration::from_secs(1);

/// Sees to it that none waits for ever. The connections are in a cell of the thread: a crash loses
/// none.
#[derive(Debug, Default)]
struct Upstreams {
    sweep: Option<Timer>,
}

impl Actor for Upstreams {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::new(Shown(kept::counts())));
        self.sweep = Some(cx.every(SWEEP, |_, _| kept::sweep(Instant::now())));
        Ok(())
    }

    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        kept::clear();
        Stopping::Done
    }
}

pub(crate) fn spec(placement: Placement) -> ChildSpec {
    ChildSpec::leaf(placement.id(), Upstreams::default).on(placement).into()
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
