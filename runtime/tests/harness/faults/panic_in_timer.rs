//! Panics when its timer fires.

use std::time::Duration;

use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Leaf, Timer};

pub(crate) struct PanicInTimer(Option<Timer>);

impl Actor for PanicInTimer {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let timer = cx.every(Duration::from_millis(1), |_, _| panic!("time is up"));
        self.0 = Some(timer);
        Ok(())
    }
}

pub(crate) fn panic_in_timer(id: &'static str) -> Leaf<PanicInTimer> {
    ChildSpec::leaf(id, || PanicInTimer(None))
}
