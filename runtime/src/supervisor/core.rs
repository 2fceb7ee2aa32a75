//! The supervisor as a state machine: events and times in, actions out.
//!
//! It starts nothing itself and reads no clock. [`super::cell`] carries the actions out; the
//! property tests run it alone, in virtual time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::exit::ExitReason;
use crate::policy::{Restart, RestartDecision, Strategy, Window};
use crate::spec::{ChildId, Flags, Kind, OnSpent, Shutdown, SpecError, Terms};

use super::order::{Links, Order};
use super::plan::{Plan, Step};

/// How long a killed child has to say that it is gone. One that yields at all does so in
/// microseconds; one that does not has blocked its worker.
pub(crate) const KILL_ANSWER: Duration = Duration::from_millis(200);

/// How often in a row a supervisor that panics may come back to stop its children in good order;
/// after that they are killed.
const ADOPTIONS: u32 = 16;

/// Names an entry; never valid again once the entry is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

/// What the executor has to do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action<P> {
    /// Run incarnation `generation`.
    Start { key: Key, generation: u32 },
    /// Run incarnation `generation` only so that it can stop the children it finds.
    StartToStop { key: Key, generation: u32 },
    /// Ask incarnation `generation` to stop.
    Stop { key: Key, generation: u32 },
    /// End incarnation `generation` without its help.
    Kill { key: Key, generation: u32 },
    /// Incarnation `generation` did not even answer its kill: record it as killed, its worker as
    /// lost.
    Abandon { key: Key, generation: u32 },
    /// A failed child will be restarted after a rest.
    Rest { key: Key, after: Duration },
    /// A failed child stays down until a trial; what its incarnation left behind has to go.
    ParkChild { key: Key, retry: Duration },
    /// The child stays down, or waits for its turn.
    Idle { key: Key },
    /// The entry is gone; `lost` is the incarnation that did not answer its kill, if one did not.
    Forget { payload: P, lost: Option<u32> },
    /// The whole supervisor rests until a trial.
    Park { retry: Duration },
    /// The supervisor gives up because of this child: its other children are being stopped.
    Escalate { child: ChildId, restarts: u32 },
    /// All children of the first start are up.
    Ready,
    /// All children are down, and stay so.
    Ended(Outcome),
}

/// How a supervisor's life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was asked to stop.
    Shutdown,
    /// `child` needed one restart more than the intensity allows.
    Spent { child: ChildId, restarts: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Down,
    Resting { until: Instant },
    Starting,
    Running { since: Instant },
    Stopping { deadline: Option<Instant> },
    Killing { deadline: Instant },
    Parked { until: Instant },
}

impl State {
    pub(crate) fn is_live(self) -> bool {
        match self {
            Self::Down | Self::Resting { .. } | Self::Parked { .. } => false,
            Self::Starting
            | Self::Running { .. }
            | Self::Stopping { .. }
            | Self::Killing { .. } => true,
        }
    }

    pub(super) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Resting { until } | Self::Parked { until } => Some(until),
            Self::Stopping { deadline } => deadline,
            Self::Killing { deadline } => Some(deadline),
            Self::Down | Self::Starting | Self::Running { .. } => None,
        }
    }
}

/// What becomes of the children of a supervisor that panicked: they live on without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orphans {
    /// There are none.
    None,
    /// Its next incarnation takes them over.
    Adopt,
    /// It comes back only to stop them, when it is its turn to be stopped.
    Stop,
}

pub(crate) struct Entry<P> {
    pub(crate) terms: Terms,
    pub(crate) payload: P,
    pub(crate) state: State,
    pub(crate) generation: u32,
    /// Restarts in a row, for the back-off.
    attempts: u32,
    /// Part of the plan that is being carried out.
    pub(crate) planned: bool,
    /// To be forgotten when it is down.
    removing: bool,
    pub(crate) orphans: Orphans,
    window: Window,
    pub(crate) serial: u32,
    pub(crate) links: Links,
}

impl<P> Entry<P> {
    fn is_forgotten_when_down(&self) -> bool {
        self.removing || self.terms.restart == Restart::Temporary
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    Stopping(Then),
    Parked { until: Instant },
    Ended,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Then {
    End(Outcome),
    Park { retry: Duration },
}

/// The state machine of one supervisor. `P` is whatever the executor keeps with a child.
pub(crate) struct Core<P> {
    id: ChildId,
    flags: Flags,
    /// Children come and go at run time, in any number: they start without waiting for one
    /// another and stop all at once (OTP: `simple_one_for_one`).
    dynamic: bool,
    /// Stops its children all at once: each may need its whole grace, and none needs another.
    stops_together: bool,
    /// Above the root: takes its giving up for final, and restarts it only after a panic.
    init: bool,
    pub(crate) entries: Slab<Entry<P>>,
    ids: HashMap<ChildId, Key>,
    pub(crate) order: Order,
    serial: u32,
    pub(super) live: usize,
    window: Window,
    phase: Phase,
    pub(crate) plan: Option<Plan>,
    timers: BinaryHeap<Reverse<(Instant, Key)>>,
    pub(crate) actions: Vec<Action<P>>,
}

impl<P> Core<P> {
    pub(crate) fn new(id: ChildId, flags: Flags, dynamic: bool) -> Self {
        Self {
            id,
            flags,
            dynamic,
            stops_together: dynamic,
            init: false,
            entries: Slab::new(),
            ids: HashMap::new(),
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
        self.ids.get(id).copied()
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Entry<P>> {
        self.entries
            .get(key.index as usize)
            .filter(|entry| entry.serial == key.serial)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Entry<P>> {
        self.entries
            .get_mut(key.index as usize)
            .filter(|entry| entry.serial == key.serial)
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
        let parked = if let Phase::Parked { until } = self.phase {
            Some(until)
        } else {
            None
        };
        let child = self.timers.peek().map(|Reverse((at, _))| *at);
        [plan, parked, child].into_iter().flatten().min()
    }

    /// Adds a child at the end of the order, and starts it if the supervisor runs.
    pub(crate) fn add(&mut self, terms: Terms, payload: P, now: Instant) -> Result<Key, SpecError> {
        terms.check()?;
        if matches!(self.phase, Phase::Stopping(Then::End(_)) | Phase::Ended) {
            return Err(SpecError::Stopping {
                of: self.id.clone(),
            });
        }
        if self.ids.contains_key(&terms.id) {
            return Err(SpecError::DuplicateId { id: terms.id });
        }
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let id = terms.id.clone();
        let index = self.entries.insert(Entry {
            terms,
            payload,
            state: State::Down,
            generation: 0,
            attempts: 0,
            planned: false,
            removing: false,
            orphans: Orphans::None,
            window: Window::default(),
            serial,
            links: Links::default(),
        });
        let key = Key {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            serial,
        };
        self.ids.insert(id, key);
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
            State::Down | State::Resting { .. } | State::Parked { .. } => self.retire(key),
        }
        self.advance(now);
        true
    }

    /// Starts all children in order, as if never before: what was counted against them in a life
    /// of this supervisor that ended is forgotten. Back-offs that had grown in it would keep the
    /// next from ever spending its budget, and so failures from reaching the root.
    pub(crate) fn start(&mut self, now: Instant) {
        self.window = Window::default();
        for (_, entry) in &mut self.entries {
            entry.attempts = 0;
            entry.window = Window::default();
        }
        self.restart_all(now);
    }

    fn restart_all(&mut self, now: Instant) {
        self.phase = Phase::Running;
        if self.dynamic {
            for key in self.keys() {
                self.launch(key, now);
            }
            self.actions.push(Action::Ready);
            return;
        }
        for (_, entry) in &mut self.entries {
            entry.planned = true;
        }
        self.plan = Some(Plan {
            step: Step::Start,
            first: true,
        });
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
            State::Stopping { .. } | State::Killing { .. } => self.retire(key),
            State::Starting | State::Running { .. } => {
                let expected = entry.removing
                    || matches!(self.phase, Phase::Stopping(_))
                    || self.is_awaited_down(key);
                if expected {
                    self.set_aside(key);
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
        // One with a grace is given up when that is over.
        if entry.state == (State::Stopping { deadline: None }) {
            self.abandon(key, now);
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
                State::Parked { .. } => {
                    let intensity = self.flags.intensity;
                    if let Some(entry) = self.get_mut(key) {
                        entry.window.fill(now, intensity);
                    }
                    self.launch(key, now);
                }
                State::Stopping { .. } => self.kill(key, generation, now),
                State::Killing { .. } => self.abandon(key, now),
                State::Down | State::Starting | State::Running { .. } => {}
            }
        }
        if matches!(self.phase, Phase::Parked { until } if until <= now) {
            let intensity = self.flags.intensity;
            self.window.fill(now, intensity);
            self.restart_all(now);
        }
        self.advance(now);
    }

    /// What to do about an exit that nobody asked for.
    fn decide(
        &mut self,
        key: Key,
        reason: &ExitReason,
        now: Instant,
        random: f64,
    ) -> RestartDecision {
        let Flags {
            intensity,
            backoff,
            on_spent,
            ..
        } = self.flags;
        let shared = &mut self.window;
        let Some(entry) = self.entries.get_mut(key.index as usize) else {
            return RestartDecision::Never;
        };
        if self.init && matches!(reason, ExitReason::Failed(_) | ExitReason::Killed) {
            return RestartDecision::BudgetSpent { restarts: 0 };
        }
        if !entry.terms.restart.wants_restart(reason) {
            return match entry.terms.restart {
                Restart::Temporary => RestartDecision::Never,
                Restart::Transient | Restart::Permanent => RestartDecision::Done,
            };
        }
        if let State::Running { since } = entry.state
            && now.saturating_duration_since(since) >= backoff.healthy
        {
            entry.attempts = 0;
        }
        let window = match on_spent {
            OnSpent::ParkChild => &mut entry.window,
            OnSpent::Escalate | OnSpent::Park => shared,
        };
        if !window.record(now, intensity) {
            // All that the period may hold; this one would have been one more.
            let restarts = intensity.restarts;
            return RestartDecision::BudgetSpent { restarts };
        }
        let after = backoff.delay(entry.attempts, random);
        entry.attempts = entry.attempts.saturating_add(1);
        RestartDecision::Restart { after }
    }

    fn failed(&mut self, key: Key, reason: &ExitReason, now: Instant, random: f64) {
        match self.decide(key, reason, now, random) {
            RestartDecision::Never => self.retire(key),
            RestartDecision::Done => {
                self.retire(key);
                if let Some(entry) = self.get_mut(key) {
                    entry.planned = false;
                }
            }
            RestartDecision::Restart { after } => {
                self.actions.push(Action::Rest { key, after });
                // A supervisor that panicked comes back to children that live: nobody else is
                // restarted because of it, whatever the strategy.
                let adopts = self
                    .get(key)
                    .is_some_and(|entry| entry.orphans == Orphans::Adopt);
                if adopts || self.flags.strategy == Strategy::OneForOne {
                    self.set_state(key, State::Resting { until: now + after });
                } else {
                    self.set_state(key, State::Down);
                    self.widen(key, now + after);
                }
            }
            RestartDecision::BudgetSpent { restarts } => self.spent(key, restarts, now, random),
        }
    }

    fn spent(&mut self, key: Key, restarts: u32, now: Instant, random: f64) {
        let retry = self.flags.backoff.longest(random);
        match self.flags.on_spent {
            OnSpent::Escalate => {
                let Some(entry) = self.get(key) else { return };
                let child = entry.terms.id.clone();
                self.actions.push(Action::Escalate {
                    child: child.clone(),
                    restarts,
                });
                self.set_aside(key);
                self.stop_all(Then::End(Outcome::Spent { child, restarts }), now);
            }
            OnSpent::Park => {
                self.set_aside(key);
                self.stop_all(Then::Park { retry }, now);
            }
            OnSpent::ParkChild => {
                self.actions.push(Action::ParkChild { key, retry });
                self.set_state(key, State::Parked { until: now + retry });
                if let Some(entry) = self.get_mut(key) {
                    entry.orphans = Orphans::None;
                    entry.planned = false;
                }
            }
        }
    }

    /// As [`Self::retire`]; but the children that a crashed supervisor left wait for their turn.
    pub(super) fn set_aside(&mut self, key: Key) {
        let in_order = !self.stops_together;
        match self.get_mut(key) {
            Some(entry) if in_order && entry.orphans != Orphans::None => {
                entry.orphans = Orphans::Stop;
                self.set_state(key, State::Down);
            }
            Some(_) | None => self.retire(key),
        }
    }

    /// A child is down and is not to be restarted now: forgets it where nothing will want it again.
    fn retire(&mut self, key: Key) {
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut entry.orphans, Orphans::None) != Orphans::None {
            // Its children live on without it: it comes back only to stop them.
            entry.generation += 1;
            entry.attempts = entry.attempts.saturating_add(1);
            let generation = entry.generation;
            if entry.attempts < ADOPTIONS {
                self.set_state(key, State::Stopping { deadline: None });
                self.actions.push(Action::StartToStop { key, generation });
                return;
            }
            self.actions.push(Action::Kill { key, generation });
        }
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        if entry.is_forgotten_when_down() {
            self.forget(key, None);
        } else {
            self.set_state(key, State::Down);
            self.actions.push(Action::Idle { key });
        }
    }

    fn stop_all(&mut self, then: Then, now: Instant) {
        self.plan = None;
        self.phase = Phase::Stopping(then);
        let together = self.stops_together;
        for key in self.keys() {
            let Some(entry) = self.get_mut(key) else {
                continue;
            };
            entry.planned = false;
            match entry.state {
                State::Resting { .. } | State::Parked { .. } => self.set_aside(key),
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
            let key = Key {
                index,
                serial: entry.serial,
            };
            match entry.state {
                State::Starting | State::Running { .. } => {
                    self.stop(key, now);
                    return true;
                }
                State::Stopping { .. } | State::Killing { .. } => return true,
                State::Down if entry.orphans == Orphans::Stop => {
                    self.retire(key);
                    if self.get(key).is_some_and(|entry| entry.state.is_live()) {
                        return true;
                    }
                }
                State::Down | State::Resting { .. } | State::Parked { .. } => {}
            }
        }
        false
    }

    pub(crate) fn launch(&mut self, key: Key, now: Instant) {
        let dynamic = self.dynamic;
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        entry.generation += 1;
        entry.orphans = Orphans::None;
        let generation = entry.generation;
        self.set_state(
            key,
            if dynamic {
                State::Running { since: now }
            } else {
                State::Starting
            },
        );
        self.actions.push(Action::Start { key, generation });
    }

    fn stop(&mut self, key: Key, now: Instant) {
        let Some(entry) = self.get_mut(key) else {
            return;
        };
        let generation = entry.generation;
        let deadline = match entry.terms.shutdown {
            Shutdown::Kill => return self.kill(key, generation, now),
            Shutdown::Grace(grace) => Some(now + grace),
            Shutdown::Infinity => None,
        };
        self.set_state(key, State::Stopping { deadline });
        self.actions.push(Action::Stop { key, generation });
    }

    fn kill(&mut self, key: Key, generation: u32, now: Instant) {
        self.set_state(
            key,
            State::Killing {
                deadline: now + KILL_ANSWER,
            },
        );
        self.actions.push(Action::Kill { key, generation });
    }

    fn abandon(&mut self, key: Key, now: Instant) {
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
            self.retire(key);
        }
        self.advance(now);
    }

    fn set_state(&mut self, key: Key, state: State) {
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

    /// Drops an entry, live or not.
    fn forget(&mut self, key: Key, lost: Option<u32>) {
        if self.get(key).is_none() {
            return;
        }
        self.set_state(key, State::Down);
        self.unlink(key);
        let entry = self.entries.remove(key.index as usize);
        self.ids.remove(&entry.terms.id);
        self.actions.push(Action::Forget {
            payload: entry.payload,
            lost,
        });
    }

    /// Ends all children at once, without waiting for any, and is as good as ended itself.
    pub(crate) fn kill_all(&mut self) {
        for key in self.keys() {
            let Some(entry) = self.get_mut(key) else {
                continue;
            };
            let generation = entry.generation;
            entry.planned = false;
            entry.orphans = Orphans::None;
            // Also those that are down: a supervisor may be down with children that live.
            self.actions.push(Action::Kill { key, generation });
            if self
                .get(key)
                .is_some_and(|entry| entry.terms.restart == Restart::Temporary)
            {
                self.forget(key, None);
            } else {
                self.set_state(key, State::Down);
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

    /// All keys in start order.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::with_capacity(self.entries.len());
        let mut at = self.order.first();
        while let Some(index) = at {
            let entry = &self.entries[index as usize];
            keys.push(Key {
                index,
                serial: entry.serial,
            });
            at = entry.links.after();
        }
        keys
    }
}
