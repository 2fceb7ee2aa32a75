//! Panics in `stopping`.

use trunkline_runtime::{Actor, ChildSpec, Context, Leaf, Stopping};

pub(crate) struct PanicInStopping;

impl Actor for PanicInStopping {
    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        panic!("not yet");
    }
}

pub(crate) fn panic_in_stopping(id: &'static str) -> Leaf<PanicInStopping> {
    ChildSpec::leaf(id, || PanicInStopping)
}
