//! The supervisor as an actor: it drives its table, and has nothing else to lose.

use std::sync::Arc;

use crate::actor::{Actor, Stopping};
use crate::context::Context;
use crate::exit::Failure;

use super::action::Outcome;
use super::cell::SupervisorCell;

/// Carries out what the table of its children asks for. Built anew after a crash, it takes over
/// the children that live: a crash of a supervisor stops nobody.
pub(crate) struct Supervisor {
    cell: Arc<SupervisorCell>,
}

impl Supervisor {
    pub(crate) fn new(cell: Arc<SupervisorCell>) -> Self {
        Self { cell }
    }
}

impl Actor for Supervisor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.defer_ready();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let mut ready = Some(ready);
        // Here and not in the driver's first poll: a request to stop may come before that.
        self.cell.enter(cx.is_stopping());
        let driver = Arc::clone(&self.cell).drive(move || {
            // Only an incarnation that has ended is not there to hear it.
            let _ = ready.take().map(|ready| ready.send(()));
        });
        cx.pipe(is_ready, |_, heard, cx| {
            if heard.is_ok() {
                cx.ready();
            }
        });
        cx.pipe(driver, |_, outcome, cx| match outcome {
            Outcome::Shutdown => cx.stop(),
            Outcome::Spent { child, restarts } => cx.fail(Failure::new(format!(
                "{child} needed more than the {restarts} restarts that its intensity allows"
            ))),
        });
        Ok(())
    }

    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        self.cell.shutdown();
        Stopping::Wait
    }
}
