//! Never starts, and says why.

use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Leaf};

pub(crate) struct FailOnStart;

impl Actor for FailOnStart {
    fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        Err(Failure::new("nothing here to start with"))
    }
}

pub(crate) fn fail_on_start(id: &'static str) -> Leaf<FailOnStart> {
    ChildSpec::leaf(id, || FailOnStart)
}
