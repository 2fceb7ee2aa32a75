//! Is not ready before it is told to be.

use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Handles, Leaf, Message, Reply};

pub(crate) struct NeverReady;

impl Actor for NeverReady {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.defer_ready();
        Ok(())
    }
}

/// Be ready after all.
#[derive(Debug)]
pub(crate) struct BeReady;

impl Message for BeReady {
    type Answer = ();
}

impl Handles<BeReady> for NeverReady {
    fn handle(&mut self, _: BeReady, reply: Reply<()>, cx: &mut Context<'_, Self>) {
        cx.ready();
        reply.send(());
    }
}

pub(crate) fn never_ready(id: &'static str) -> Leaf<NeverReady> {
    ChildSpec::leaf(id, || NeverReady)
}
