//! The supervisor as a state machine: events and times in, actions out.
//!
//! It starts nothing itself and reads no clock. [`super::cell`] carries the actions out; the
//! property tests run it alone, in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use slab::Slab;

use crate::exit::ExitReason;
use crate::policy::Window;
use crate::spec::{ChildId, Flags, Kind, SpecError, Terms};

use super::action::{Action, Key, Outcome};
use super::entry::{Entry, Orphans, State};
use super::ids::Ids;
use super::order::Order;
use super::plan::{Plan, Step};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    New,
    Running,
    Stopping(Then),
    Parked { until: Instant },
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    End(Outcome),
    Park { retry: Duration },
}

/// The state machine of one supervisor. `P` is whatever the executor keeps with a child.
pub(crate) struct Core<P> {
    pub(super) id: ChildId,
    pub(super) flags: Flags,
    /// Children come and go at run time, in any number: they start without waiting for one
    /// another and stop all at once (OTP: `simple_one_for_one`).
    pub(super) dynamic: bool,
    /// Stops its children all at once: each may need its whole grace, and none needs another.
    pub(super) stops_together: bool,
    /// It, or a supervisor above, has given up: children that stop get `LAST_GRACE` at the most.
    pub(super) hurried: bool,
    /// Above the root: takes its giving up for final, and restarts it only after a panic.
    pub(super) init: bool,
    pub(crate) entries: Slab<Entry<P>>,
    pub(super) ids: Ids,
    pub(crate) order: Order,
    serial: u32,
    pub(super) live: usize,
    pub(super) window: Window,
    pub(super) phase: Phase,
    pub(crate) plan: Option<Plan>,
    pub(super) timers: BinaryHeap<Reverse<(Instant, Key)>>,
    pub(crate) actions: Vec<Action<P>>,
}

impl<P> Core<P> {
    pub(crate) fn new(id: ChildId, flags: Flags, dynamic: bool) -> Self {
        Self {
            id,
            flags,
            dynamic,
            stops_together: dynamic,
            hurried: false,
            init: false,
            entries: Slab::new(),
            ids: Ids::default(),
            order: Order::default(),
            serial: 0,
            live: 0,
            window: Window::default(),
            phase: Phase::New,
            plan: None,
            timers: BinaryHeap::new(),
            actions: Vec::new(),
        }
    }

    pub(crate) fn stop_together(&mut self) {
        self.stops_together = true;
    }

    /// Whether each child waits for the one before to be up.
    pub(super) fn starts_in_order(&self) -> bool {
        !self.dynamic
    }

    pub(crate) fn is_hurried(&self) -> bool {
        self.hurried
    }

    /// Goes down, or is down, by itself or because it was told to; not parked.
    pub(crate) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Stopping(Then::End(_)) | Phase::Ended)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    pub(crate) fn init(mut self) -> Self {
        self.init = true;
        self
    }

    pub(crate) fn flags(&self) -> &Flags {
        &self.flags
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn key_of(&self, id: &ChildId) -> Option<Key> {
        let index = self.ids.find(id, &self.entries)?;
        Some(Key { index, serial: self.entries[index as usize].serial })
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Entry<P>> {
        self.entries.get(key.index as usize).filter(|entry| entry.serial == key.serial)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Entry<P>> {
        self.entries.get_mut(key.index as usize).filter(|entry| entry.serial == key.serial)
    }

    pub(crate) fn is_new(&self) -> bool {
        self.phase == Phase::New
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Everything is up as far as it ever was: nothing waits for the first start any more.
    pub(crate) fn is_past_start(&self) -> bool {
        self.phase != Phase::New && !self.plan.as_ref().is_some_and(|plan| plan.first)
    }

    /// The moment at which [`Self::tick`] has something to do. May be early, never late.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let plan = self.plan.as_ref().and_then(Plan::deadline);
        let parked = if let Phase::Parked { until } = self.phase { Some(until) } else { None };
        let child = self.timers.peek().map(|Reverse((at, _))| *at);
        [plan, parked, child].into_iter().flatten().min()
    }

    /// Adds a child at the end of the order, and starts it if the supervisor runs.
    pub(crate) fn add(&mut self, terms: Terms, payload: P, now: Instant) -> Result<Key, SpecError> {
        terms.check()?;
        if matches!(self.phase, Phase::Stopping(Then::End(_)) | Phase::Ended) {
            return Err(SpecError::Stopping { of: self.id.clone() });
        }
        if self.ids.find(&terms.id, &self.entries).is_some() {
            return Err(SpecError::DuplicateId { id: terms.id });
        }
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let index = self.entries.insert(Entry::new(terms, payload, serial));
        let key = Key { index: u32::try_from(index).unwrap_or(u32::MAX), serial };
        self.ids.insert(key.index, &self.entries);
        self.link_last(key);
        if self.phase == Phase::Running {
            if self.plan.is_some() && !self.dynamic {
                // It comes after all that are to be started, so it waits for them.
                self.entries[index].planned = true;
                self.advance(now);
            } else {
                self.launch(key, now);
            }
        }
        Ok(key)
    }

    /// Stops a child for good and forgets it.
    pub(crate) fn remove(&mut self, key: Key, now: Instant) -> bool {
        let Some(entry) = self.get_mut(key) else {
            return false;
        };
        entry.removing = true;
        match entry.state {
            State::Starting | State::Running { .. } => self.stop(key, now),
            State::Stopping { .. } | State::Killing { .. } => {}
            State::Down | State::Resting { .. } | State::Parked { .. } => self.retire(key, now),
        }
        self.advance(now);
        true
    }

    /// Starts all children in order, as if never before: what was counted against them in a life
    /// of this supervisor that ended is forgotten. Back-offs that had grown in it would keep the
    /// next from ever spending its budget, and so failures from reaching the root.
    pub(crate) fn start(&mut self, now: Instant) {
        self.window = Window::default();
        self.hurried = false;
        for (_, entry) in &mut self.entries {
            if let Some(history) = &mut entry.history {
                history.attempts = 0;
                history.window = Window::default();
            }
        }
        self.restart_all(now);
    }

    /// The trial of a supervisor that is parked as a whole.
    pub(super) fn try_all_again(&mut self, now: Instant) {
        let intensity = self.flags.intensity;
        self.window.fill(now, intensity);
        self.restart_all(now);
    }

    fn restart_all(&mut self, now: Instant) {
        self.phase = Phase::Running;
        if self.dynamic {
            for key in self.keys() {
                if self.get(key).is_some_and(|entry| !entry.is_held()) {
                    self.launch(key, now);
                }
            }
            self.actions.push(Action::Ready);
            return;
        }
        for (_, entry) in &mut self.entries {
            entry.planned = !entry.is_held();
        }
        self.plan = Some(Plan { step: Step::Start, first: true });
        self.advance(now);
    }

    /// Begins to stop everything, in reverse start order.
    pub(crate) fn shutdown(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Ended => {}
            Phase::Stopping(then) => *then = Then::End(Outcome::Shutdown),
            Phase::New | Phase::Running | Phase::Parked { .. } => {
                self.stop_all(Then::End(Outcome::Shutdown), now);
            }
        }
    }

    /// A child's incarnation is up.
    pub(crate) fn started(&mut self, key: Key, generation: u32, now: Instant) {
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        if entry.generation == generation && entry.state == State::Starting {
            self.set_state(key, State::Running { since: now });
            self.advance(now);
        }
    }

    /// A child's incarnation has ended. `random` is uniform in `0..1`.
    pub(crate) fn exited(
        &mut self,
        key: Key,
        generation: u32,
        reason: &ExitReason,
        now: Instant,
        random: f64,
    ) {
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        if entry.generation != generation {
            return;
        }
        let left =
            entry.terms.kind == Kind::Supervisor && matches!(reason, ExitReason::Panicked(_));
        entry.orphans = if left { Orphans::Adopt } else { Orphans::None };
        match entry.state {
            State::Down | State::Resting { .. } | State::Parked { .. } => return,
            State::Stopping { .. } | State::Killing { .. } => self.down(key, reason, now, random),
            State::Starting | State::Running { .. } => {
                if self.is_expected_down(key) {
                    self.set_aside(key, now);
                } else {
                    self.failed(key, reason, now, random);
                }
            }
        }
        self.advance(now);
    }

    /// The worker of a child that is being stopped answers no more.
    pub(crate) fn worker_lost(&mut self, key: Key, now: Instant) {
        let Some(entry) = self.get(key) else { return };
        match entry.state {
            State::Stopping { .. } | State::Killing { .. } => self.abandon(key, now),
            State::Down
            | State::Resting { .. }
            | State::Starting
            | State::Running { .. }
            | State::Parked { .. } => {}
        }
    }

    /// Does what has become due by `now`.
    pub(crate) fn tick(&mut self, now: Instant) {
        while let Some(Reverse((at, key))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            let Some(entry) = self.get_mut(key) else {
                continue;
            };
            if entry.state.deadline() != Some(at) {
                continue;
            }
            let generation = entry.generation;
            match entry.state {
                State::Resting { .. } => self.launch(key, now),
                State::Parked { .. } => self.try_again(key, now),
                State::Stopping { .. } => self.kill(key, generation, now),
                State::Killing { .. } => self.abandon(key, now),
                State::Down | State::Starting | State::Running { .. } => {}
            }
        }
        if matches!(self.phase, Phase::Parked { until } if until <= now) {
            self.try_all_again(now);
        }
        self.advance(now);
    }

    pub(crate) fn launch(&mut self, key: Key, now: Instant) {
        let dynamic = self.dynamic;
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        entry.generation += 1;
        entry.orphans = Orphans::None;
        if let Some(history) = &mut entry.history {
            history.adoptions = 0;
        }
        let generation = entry.generation;
        self.set_state(key, if dynamic { State::Running { since: now } } else { State::Starting });
        self.actions.push(Action::Start { key, generation });
    }

    pub(super) fn set_state(&mut self, key: Key, state: State) {
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        let was = entry.state.is_live();
        entry.state = state;
        match (was, state.is_live()) {
            (false, true) => self.live += 1,
            (true, false) => self.live -= 1,
            (true, true) | (false, false) => {}
        }
        if let Some(at) = state.deadline() {
            self.timers.push(Reverse((at, key)));
        }
    }

    /// All keys in start order.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::with_capacity(self.entries.len());
        let mut at = self.order.first();
        while let Some(index) = at {
            let entry = &self.entries[index as usize];
            keys.push(Key { index, serial: entry.serial });
            at = entry.links.after();
        }
        keys
    }
}
