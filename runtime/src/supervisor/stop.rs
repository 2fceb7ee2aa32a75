//! Stopping: one child, a group in reverse start order, or all; and what is left of it.

use std::time::{Duration, Instant};

use crate::exit::ExitReason;
use crate::policy::Restart;
use crate::spec::Shutdown;

use super::action::{Action, Key};
use super::core::{Core, Phase, Then};
use super::entry::{Entry, Orphans, Parking, State};
use super::operation::Wish;

/// The longest grace of a child whose supervisor, or one above it, has given up: nothing good comes
/// of waiting longer, and what it serves is refused meanwhile.
pub(crate) const LAST_GRACE: Duration = Duration::from_millis(500);

/// How long a killed child has to say that it is gone. One that yields at all does so in
/// microseconds; one that does not has blocked its worker.
pub(crate) const KILL_ANSWER: Duration = Duration::from_millis(200);

/// How often in a row a supervisor that panics may come back to stop its children in good order;
/// after that they are killed.
const ADOPTIONS: u32 = 16;

impl<P> Core<P> {
    /// As [`Self::retire`]; but the children that a crashed supervisor left wait for their turn.
    pub(super) fn set_aside(&mut self, key: Key, now: Instant) {
        let in_order = !self.stops_together;
        match self.get_mut(key) {
            Some(entry) if in_order && entry.orphans != Orphans::None => {
                entry.orphans = Orphans::Stop;
                self.set_state(key, State::Down);
            }
            Some(_) | None => self.retire(key, now),
        }
    }

    /// A child is down and its supervisor does not restart it now: forgets it where nothing will
    /// want it again, or does what an operator wished.
    pub(super) fn retire(&mut self, key: Key, now: Instant) {
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut entry.orphans, Orphans::None) != Orphans::None {
            // Its children live on without it: it comes back only to stop them.
            entry.generation += 1;
            let generation = entry.generation;
            let adoptions = &mut entry.history.get_or_insert_default().adoptions;
            *adoptions += 1;
            if *adoptions < ADOPTIONS {
                self.set_state(key, State::Stopping { deadline: None });
                self.actions.push(Action::StartToStop { key, generation });
                return;
            }
            self.actions.push(Action::Kill { key, generation });
        }
        let running = self.is_running();
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        if entry.is_forgotten_when_down() {
            return self.forget(key, None);
        }
        let wish = std::mem::take(&mut entry.wish);
        let again = wish == Wish::Again && running && !entry.planned;
        match entry.take_parking() {
            _ if wish == Wish::Hold => {
                entry.wish = wish;
                entry.planned = false;
                self.set_state(key, State::Down);
                self.actions.push(Action::Suspend { key });
            }
            Some(_) if again => self.try_again(key, now),
            None if again => self.launch(key, now),
            Some(Parking { until, retry }) => {
                self.set_state(key, State::Parked { until });
                self.actions.push(Action::ParkChild { key, retry });
            }
            None => {
                self.set_state(key, State::Down);
                self.actions.push(Action::Idle { key });
            }
        }
    }

    pub(super) fn stop_all(&mut self, then: Then, now: Instant) {
        self.plan = None;
        self.phase = Phase::Stopping(then);
        let together = self.stops_together;
        for key in self.keys() {
            let Some(entry) = self.get_mut(key) else {
                continue;
            };
            entry.planned = false;
            entry.take_parking();
            match entry.state {
                State::Resting { .. } | State::Parked { .. } => self.set_aside(key, now),
                State::Starting | State::Running { .. } if together => self.stop(key, now),
                State::Starting
                | State::Running { .. }
                | State::Down
                | State::Stopping { .. }
                | State::Killing { .. } => {}
            }
        }
        self.advance(now);
    }

    /// Carries plans and shutdown on as far as they go without waiting.
    pub(crate) fn advance(&mut self, now: Instant) {
        if let Phase::Stopping(_) = self.phase {
            if self.stops_together {
                if self.live > 0 {
                    return;
                }
            } else if self.stop_last(|_| true, now) {
                return;
            }
            let Phase::Stopping(then) = std::mem::replace(&mut self.phase, Phase::Ended) else {
                return;
            };
            match then {
                Then::End(outcome) => self.actions.push(Action::Ended(outcome)),
                Then::Park { retry } => {
                    self.phase = Phase::Parked { until: now + retry };
                    self.actions.push(Action::Park { retry });
                }
            }
        } else if self.phase == Phase::Running {
            self.advance_plan(now);
        }
    }

    /// Stops the last living child of those that `of` selects; false when none lives.
    pub(crate) fn stop_last(&mut self, of: impl Fn(&Entry<P>) -> bool, now: Instant) -> bool {
        let mut at = self.order.last();
        while let Some(index) = at {
            let entry = &self.entries[index as usize];
            at = entry.links.before();
            if !of(entry) {
                continue;
            }
            let key = Key { index, serial: entry.serial };
            match entry.state {
                State::Starting | State::Running { .. } => {
                    self.stop(key, now);
                    return true;
                }
                State::Stopping { .. } | State::Killing { .. } => return true,
                State::Down if entry.orphans == Orphans::Stop => {
                    self.retire(key, now);
                    if self.get(key).is_some_and(|entry| entry.state.is_live()) {
                        return true;
                    }
                }
                State::Down | State::Resting { .. } | State::Parked { .. } => {}
            }
        }
        false
    }

    pub(super) fn stop(&mut self, key: Key, now: Instant) {
        let hurried = self.hurried;
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        let generation = entry.generation;
        let deadline = match entry.terms.shutdown {
            Shutdown::Kill => return self.kill(key, generation, now),
            Shutdown::Grace(grace) if hurried => Some(now + grace.min(LAST_GRACE)),
            Shutdown::Grace(grace) => Some(now + grace),
            Shutdown::Infinity => None,
        };
        self.set_state(key, State::Stopping { deadline });
        self.actions.push(Action::Stop { key, generation });
    }

    /// It, or one above, has given up: what stops, from here on or already, stops soon.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.hurried = true;
        for key in self.keys() {
            match self.get(key).map(|entry| entry.state) {
                Some(State::Stopping { deadline: Some(at) }) => {
                    let deadline = Some(at.min(now + LAST_GRACE));
                    self.set_state(key, State::Stopping { deadline });
                }
                Some(State::Stopping { deadline: None }) => {
                    self.actions.push(Action::Hurry { key });
                }
                Some(
                    State::Down
                    | State::Resting { .. }
                    | State::Starting
                    | State::Running { .. }
                    | State::Killing { .. }
                    | State::Parked { .. },
                )
                | None => {}
            }
        }
    }

    pub(super) fn kill(&mut self, key: Key, generation: u32, now: Instant) {
        self.set_state(key, State::Killing { deadline: now + KILL_ANSWER });
        self.actions.push(Action::Kill { key, generation });
    }

    pub(super) fn abandon(&mut self, key: Key, now: Instant) {
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        let generation = entry.generation;
        // Whatever the lost incarnation may still say is stale from here on.
        entry.generation += 1;
        entry.orphans = Orphans::None;
        if entry.is_forgotten_when_down() {
            self.forget(key, Some(generation));
        } else {
            self.actions.push(Action::Abandon { key, generation });
            // Its thread is blocked, so it rests as long as it may.
            self.down(key, &ExitReason::Killed, now, 1.0);
        }
        self.advance(now);
    }

    /// Drops an entry, live or not.
    pub(super) fn forget(&mut self, key: Key, lost: Option<u32>) {
        if self.get(key).is_none() {
            return;
        }
        self.set_state(key, State::Down);
        self.unlink(key);
        let entry = self.entries.remove(key.index as usize);
        self.ids.remove(&entry.terms.id, key.index);
        self.actions.push(Action::Forget { payload: entry.payload, lost });
    }

    /// Ends all children at once, without waiting for any, and is as good as ended itself.
    pub(crate) fn kill_all(&mut self) {
        for key in self.keys() {
            let Some(entry) = self.get_mut(key) else {
                continue;
            };
            let generation = entry.generation;
            let temporary = entry.terms.restart == Restart::Temporary;
            let suspends = entry.wish == Wish::Hold && !entry.is_held();
            if entry.wish != Wish::Hold {
                entry.wish = Wish::None;
            }
            entry.planned = false;
            entry.orphans = Orphans::None;
            // Also those that are down: a supervisor may be down with children that live.
            self.actions.push(Action::Kill { key, generation });
            if temporary {
                self.forget(key, None);
            } else {
                self.set_state(key, State::Down);
            }
            if suspends {
                self.actions.push(Action::Suspend { key });
            }
        }
        self.plan = None;
        self.phase = Phase::Ended;
    }

    /// Forgets everything: the last act after [`Action::Ended`].
    pub(crate) fn dismantle(&mut self) {
        for key in self.keys() {
            self.forget(key, None);
        }
        self.phase = Phase::Ended;
    }
}
