//! Goes on when it is asked to stop, and never comes to an end.

use trunkline_runtime::{Actor, ChildSpec, Context, ExitReason, Leaf, Stopping};

use crate::harness::journal::Journal;

pub(crate) struct NeverStop(Journal);

impl Actor for NeverStop {
    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        self.0.write("asked");
        Stopping::Wait
    }

    fn stopped(&mut self, _: &ExitReason) {
        self.0.write("stopped");
    }
}

pub(crate) fn never_stop(id: &'static str, journal: &Journal) -> Leaf<NeverStop> {
    let journal = journal.clone();
    ChildSpec::leaf(id, move || NeverStop(journal.clone()))
}
