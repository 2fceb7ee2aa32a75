//! Starting, and restarting several children together: stop in reverse, rest, start forward.

use std::time::Instant;

use super::action::{Action, Key};
use super::core::Core;
use super::entry::{Orphans, State};

/// What is being done about the children that are marked as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) step: Step,
    /// The first start of all: [`Action::Ready`] follows.
    pub(crate) first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Those that live are stopped, one by one, in reverse start order.
    Stop { rest_until: Instant },
    /// The back-off of the child that failed last.
    Rest { until: Instant },
    /// One by one, each when the one before is up.
    Start,
}

impl Plan {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::Rest { until } => Some(until),
            Step::Stop { .. } | Step::Start => None,
        }
    }
}

impl<P> Core<P> {
    /// Whether the plan waits for this child to go down, so that its end is no failure.
    pub(super) fn is_awaited_down(&self, key: Key) -> bool {
        let stopping = match self.plan.as_ref().map(|plan| plan.step) {
            Some(Step::Stop { .. } | Step::Rest { .. }) => true,
            Some(Step::Start) | None => false,
        };
        stopping && self.get(key).is_some_and(|entry| entry.planned)
    }

    /// Makes the failure of `key` part of the plan: a pending plan grows, and is never replaced.
    pub(super) fn widen(&mut self, key: Key, rest_until: Instant, now: Instant) {
        let keys = self.keys();
        let failed = keys.iter().position(|other| *other == key).unwrap_or(0);
        let affected = self.flags().strategy.affected(failed, keys.len());
        for other in &keys[affected] {
            if let Some(entry) = self.get_mut(*other) {
                entry.planned = !entry.is_held();
                if *other != key && entry.orphans == Orphans::Adopt {
                    // It was to come back to the children that it left; now these go down as well.
                    self.set_aside(*other, now);
                }
            }
        }
        let (first, rest_until) = match self.plan.take() {
            Some(Plan {
                step: Step::Stop { rest_until: other } | Step::Rest { until: other },
                first,
            }) => (first, rest_until.max(other)),
            Some(Plan { step: Step::Start, first }) => (first, rest_until),
            None => (false, rest_until),
        };
        self.plan = Some(Plan { step: Step::Stop { rest_until }, first });
    }

    pub(super) fn advance_plan(&mut self, now: Instant) {
        while let Some(Plan { step, first }) = self.plan.clone() {
            let next = match step {
                Step::Stop { rest_until } => {
                    if self.stop_last(|entry| entry.planned, now) {
                        return;
                    }
                    Step::Rest { until: rest_until }
                }
                Step::Rest { until } if until > now => return,
                Step::Rest { .. } => Step::Start,
                Step::Start => {
                    if self.start_next(now) {
                        return;
                    }
                    self.plan = None;
                    if first {
                        self.actions.push(Action::Ready);
                    }
                    return;
                }
            };
            self.plan = Some(Plan { step: next, first });
        }
    }

    /// Starts the first planned child that is not up; false when all are.
    fn start_next(&mut self, now: Instant) -> bool {
        let mut at = self.order.first();
        while let Some(index) = at {
            let entry = &mut self.entries[index as usize];
            at = entry.links.after();
            if !entry.planned {
                continue;
            }
            match entry.state {
                State::Running { .. } => entry.planned = false,
                State::Down => {
                    let serial = entry.serial;
                    self.launch(Key { index, serial }, now);
                    if self.starts_in_order() {
                        return true;
                    }
                    self.entries[index as usize].planned = false;
                }
                State::Starting
                | State::Resting { .. }
                | State::Stopping { .. }
                | State::Killing { .. }
                | State::Parked { .. } => return true,
            }
        }
        false
    }
}
