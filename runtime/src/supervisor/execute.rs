//! Carrying out what the state machine asks for.

use std::sync::Arc;

use crate::event::Lifecycle;
use crate::exit::ExitReason;
use crate::registry::Status;
use crate::registry::node::Desired;

use super::action::{Action, Key};
use super::cell::{SupervisorCell, Table};
use super::child::Child;

impl SupervisorCell {
    pub(super) fn act_on(self: &Arc<Self>, table: &mut Table, action: Action<Child>) {
        let hurried = table.core.is_hurried();
        match action {
            Action::Start { key, generation } => {
                self.run(table, key, Desired::Run(generation));
            }
            Action::StartToStop { key, generation } => {
                if hurried {
                    self.with(table, key, Child::hurry);
                }
                self.run(table, key, Desired::RunToStop(generation));
            }
            Action::Stop { key, generation } => self.with(table, key, |child| {
                if hurried {
                    child.hurry();
                }
                child.node.set_status(Status::Stopping);
                child.node.desire(Desired::Stop(generation));
            }),
            Action::Kill { key, generation } => self.with(table, key, |child| {
                if let Some(inner) = child.inner() {
                    inner.kill_all();
                }
                child.node.desire(Desired::Kill(generation));
            }),
            Action::Abandon { key, generation } => {
                self.with(table, key, |child| self.lose(child, generation));
            }
            Action::Hurry { key } => self.with(table, key, Child::hurry),
            Action::Rest { key, after } => {
                self.note(table, key, Status::Restarting, || Lifecycle::Restarting { after })
            }
            Action::ParkChild { key, retry } => {
                self.note(table, key, Status::Parked, || Lifecycle::Parked { retry });
                self.with(table, key, Child::refuse_mail);
            }
            Action::Idle { key } => self.with(table, key, |child| {
                // Where the supervisor itself ends, the one above it knows whether it comes back.
                let comes_back = table.core.get(key).is_some_and(|entry| entry.planned);
                if !comes_back && !table.core.is_ending() {
                    child.refuse_mail();
                }
                if child.node.status() != Status::Lost {
                    child.node.set_status(Status::Ended);
                }
            }),
            Action::Suspend { key } => {
                self.note(table, key, Status::Suspended, || Lifecycle::Suspended);
                self.with(table, key, Child::refuse_mail);
            }
            Action::Resume { key } => {
                self.note(table, key, Status::Waiting, || Lifecycle::Resumed);
            }
            Action::Forget { payload, lost } => {
                if let Some(generation) = lost {
                    self.lose(&payload, generation);
                }
                payload.node.desire(Desired::Gone);
                if let Some((_, runtime)) = self.home.get() {
                    runtime.registry().remove(&payload.node);
                }
                self.emit(&payload.node, payload.node.generation(), Lifecycle::Removed);
                table.discarded.push(payload);
            }
            Action::Park { retry } => {
                if let Some((Some(node), _)) = self.home.get() {
                    node.set_status(Status::Parked);
                    self.emit(node, node.generation(), Lifecycle::Parked { retry });
                }
            }
            Action::Ready => {
                table.ready = true;
                if let Some((Some(node), _)) = self.home.get()
                    && node.status() == Status::Parked
                {
                    node.set_status(Status::Running);
                    self.emit(node, node.generation(), Lifecycle::Started);
                }
            }
            Action::Escalate { child, restarts } => {
                if let Some((Some(node), runtime)) = self.home.get() {
                    let what = Lifecycle::Escalated { child: child.to_string(), restarts };
                    self.emit(node, node.generation(), what);
                    if node.parent().is_none() {
                        runtime.root_gave_up(&child);
                    }
                }
            }
            Action::Ended(outcome) => table.ended = Some(outcome),
        }
    }

    pub(super) fn run(&self, table: &mut Table, key: Key, desired: Desired) {
        let Some((_, runtime)) = self.home.get() else {
            return;
        };
        let Some(entry) = table.core.get_mut(key) else {
            return;
        };
        entry.payload.node.desire(desired);
        if let Some(launch) = entry.payload.take_launch() {
            launch.launch(&entry.payload.node, runtime);
        }
    }

    pub(super) fn with(&self, table: &Table, key: Key, f: impl FnOnce(&Child)) {
        if let Some(entry) = table.core.get(key) {
            f(&entry.payload);
        }
    }

    pub(super) fn note(
        &self,
        table: &Table,
        key: Key,
        status: Status,
        what: impl FnOnce() -> Lifecycle,
    ) {
        if let Some(entry) = table.core.get(key) {
            let node = &entry.payload.node;
            node.set_status(status);
            self.emit(node, entry.generation, what());
        }
    }

    /// Records the end of an incarnation that cannot be waited for.
    pub(super) fn lose(&self, child: &Child, generation: u32) {
        if let Some(inner) = child.inner() {
            inner.kill_all();
        }
        child.node.ended(generation, ExitReason::Killed, Status::Lost);
        let killed = Lifecycle::Exited(ExitReason::Killed);
        self.emit(&child.node, generation, killed);
        self.emit(&child.node, generation, Lifecycle::Abandoned);
    }
}
