//! What operators do to the children of a world, and that it comes to rest afterwards.

use std::time::Duration;

use crate::policy::Restart;
use crate::supervisor::entry::State;
use crate::supervisor::operation::Operation;

use super::Step;
use super::model::Phase;
use super::world::World;

/// Longer than all that a world may wait for.
const LONG: Duration = Duration::from_secs(60);

impl World {
    pub(super) fn operate(&mut self, child: usize, operation: Operation) {
        let model = &self.children[child];
        let (key, live) = (model.key, model.phase != Phase::Down);
        let (known, removed) = (!model.forgotten, model.removed);
        let temporary = model.nature.restart == Restart::Temporary;
        let rests = self.core.get(key).is_some_and(|entry| {
            matches!(entry.state, State::Resting { .. } | State::Parked { .. })
        });
        let done = self.core.operate(key, operation, self.now);
        let startable = !removed && self.core.is_running();
        match operation {
            Operation::Kill => assert_eq!(done.is_ok(), known && live),
            Operation::Suspend => assert_eq!(done.is_ok(), known && !removed && !temporary),
            Operation::Restart => assert_eq!(done.is_ok(), known && startable && !temporary),
            Operation::Resume => assert!(done.is_ok() || !known || !startable),
        }
        let model = &mut self.children[child];
        if done.is_ok() {
            model.operated = true;
            match operation {
                Operation::Restart | Operation::Resume => model.done = false,
                Operation::Kill | Operation::Suspend => {}
            }
            if rests && operation == Operation::Restart {
                model.rest_until = None;
            }
        }
    }

    /// Lets everybody obey and everything that is due happen, and checks that whoever is not held
    /// down is up then.
    pub(super) fn come_to_rest(&mut self) {
        for _ in 0..1_000 {
            let mut moved = false;
            for child in 0..self.children.len() {
                moved |= self.gives_way(child);
                if self.children[child].phase == Phase::Starting {
                    self.take(Step::Up(child));
                    moved = true;
                }
            }
            if moved {
                continue;
            }
            match self.core.next_deadline() {
                Some(at) => self.pass(at.max(self.now)),
                None => break,
            }
        }
        self.pass(self.now + LONG);
        if self.stopping {
            return;
        }
        for child in self.children.iter().filter(|child| !child.forgotten) {
            // A transient one may have ended as it should.
            let may_be_down = child.held || child.nature.restart == Restart::Transient;
            assert!(child.phase == Phase::Up || may_be_down, "{:?}", child.nature);
        }
    }
}
