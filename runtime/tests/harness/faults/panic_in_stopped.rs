//! Panics in `stopped`.

use trunkline_runtime::{Actor, ChildSpec, ExitReason, Leaf};

pub(crate) struct PanicInStopped;

impl Actor for PanicInStopped {
    fn stopped(&mut self, _: &ExitReason) {
        panic!("no farewell");
    }
}

pub(crate) fn panic_in_stopped(id: &'static str) -> Leaf<PanicInStopped> {
    ChildSpec::leaf(id, || PanicInStopped)
}
