//! Blocks its thread until it is let go.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use trunkline_runtime::{Actor, ChildSpec, Context, Handles, Leaf, Message, Reply, Stopping};

/// What holds the thread; opened once, also by being dropped.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let mut open = self.0.0.lock();
        while !*open {
            self.0.1.wait(&mut open);
        }
    }
}

/// Opens the gate at the end of a test, however that ends: threads that hang outlive it otherwise.
pub(crate) struct Opened(pub(crate) Gate);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.open();
    }
}

pub(crate) struct Hang {
    gate: Gate,
    when_stopping: bool,
}

impl Actor for Hang {
    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        if self.when_stopping {
            self.gate.wait();
        }
        Stopping::Done
    }
}

/// Hang now.
#[derive(Debug)]
pub(crate) struct HangNow;

impl Message for HangNow {
    type Answer = ();
}

impl Handles<HangNow> for Hang {
    fn handle(&mut self, _: HangNow, reply: Reply<()>, _: &mut Context<'_, Self>) {
        self.gate.wait();
        reply.send(());
    }
}

/// Hangs when it is told to.
pub(crate) fn hang(id: &'static str, gate: &Gate) -> Leaf<Hang> {
    build(id, gate, false)
}

/// Hangs when it is asked to stop.
pub(crate) fn hang_when_stopping(id: &'static str, gate: &Gate) -> Leaf<Hang> {
    build(id, gate, true)
}

fn build(id: &'static str, gate: &Gate, when_stopping: bool) -> Leaf<Hang> {
    let gate = gate.clone();
    ChildSpec::leaf(id, move || Hang { gate: gate.clone(), when_stopping })
}
