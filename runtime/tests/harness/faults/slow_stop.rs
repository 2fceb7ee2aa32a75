//! Needs a while to stop.

use std::time::Duration;

use trunkline_runtime::{Actor, ChildSpec, Context, Leaf, Stopping};

pub(crate) struct SlowStop(Duration);

impl Actor for SlowStop {
    fn stopping(&mut self, cx: &mut Context<'_, Self>) -> Stopping {
        cx.pipe(tokio::time::sleep(self.0), |_, (), cx| cx.stop());
        Stopping::Wait
    }
}

pub(crate) fn slow_stop(id: &'static str, time: Duration) -> Leaf<SlowStop> {
    ChildSpec::leaf(id, move || SlowStop(time))
}
