//! A model of the children of one supervisor, which checks every action that it asks for.

use std::time::{Duration, Instant};

use crate::exit::ExitReason;
use crate::policy::{Intensity, Restart, Strategy};
use crate::spec::{Flags, Kind, OnSpent, Shutdown, Terms};
use crate::supervisor::action::{Action, Key};
use crate::supervisor::core::Core;
use crate::supervisor::entry::State;
use crate::supervisor::stop::KILL_ANSWER;

use super::model::{Model, Phase};
use super::{Nature, Step};

/// A supervisor's state machine, and what became of the children that it speaks of.
pub(super) struct World {
    pub(super) core: Core<usize>,
    flags: Flags,
    dynamic: bool,
    pub(super) now: Instant,
    random: fastrand::Rng,
    /// In start order.
    pub(super) children: Vec<Model>,
    restarts: Vec<Instant>,
    /// It stops everything: asked to, or by its own decision.
    pub(super) stopping: bool,
    /// Everything was started more than once, which ends what a child's own policy says.
    trials: u32,
    pub(super) ended: u32,
}

impl World {
    pub(super) fn new(flags: Flags, dynamic: bool, natures: &[Nature]) -> Self {
        let mut world = Self {
            core: Core::new("supervisor".into(), flags, dynamic),
            flags,
            dynamic,
            now: Instant::now(),
            random: fastrand::Rng::with_seed(7),
            children: Vec::new(),
            restarts: Vec::new(),
            stopping: false,
            trials: 0,
            ended: 0,
        };
        for nature in natures {
            world.add(*nature);
        }
        world.core.start(world.now);
        world.carry_out();
        world
    }

    fn add(&mut self, nature: Nature) {
        let number = self.children.len();
        let terms = Terms {
            id: (number as u64).into(),
            kind: nature.kind,
            restart: nature.restart,
            shutdown: nature.shutdown,
        };
        let Ok(key) = self.core.add(terms, number, self.now) else {
            assert!(self.stopping, "only a supervisor that stops refuses");
            return;
        };
        self.children.push(Model::new(key, nature));
        self.carry_out();
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Add(nature) => self.add(nature),
            Step::Pass(time) => self.pass(self.now + time),
            Step::Remove(child) => self.with(child, |world, child| {
                let known = !world.children[child].forgotten;
                world.children[child].removed = true;
                let found = world.core.remove(world.children[child].key, world.now);
                assert_eq!(found, known);
            }),
            Step::Up(child) => self.with(child, |world, child| {
                let model = &mut world.children[child];
                let heard = model.phase != Phase::Down;
                if model.phase == Phase::Starting {
                    model.phase = Phase::Up;
                    model.ever_up = true;
                }
                if heard {
                    world.core.started(model.key, model.generation, world.now);
                }
            }),
            Step::Exit(child, reason) => self.with(child, |world, child| {
                if world.children[child].phase != Phase::Down {
                    world.exit(child, &reason);
                }
            }),
            Step::Obey(child) => self.with(child, |world, child| {
                world.obey(child);
            }),
            Step::Stale(child, reason) => self.with(child, |world, child| {
                let Model { key, generation, .. } = world.children[child];
                for stale in 0..generation {
                    let random = world.random.f64();
                    world.core.started(key, stale, world.now);
                    world.core.exited(key, stale, &reason, world.now, random);
                }
                assert!(world.core.actions.is_empty(), "what is stale has no effect");
            }),
            Step::WorkerLost(child) => self.with(child, |world, child| {
                let key = world.children[child].key;
                world.core.worker_lost(key, world.now);
            }),
            Step::Operate(child, operation) => {
                self.with(child, |world, child| world.operate(child, operation));
            }
            Step::Unpark => {
                self.core.unpark(self.now);
                self.carry_out();
            }
        }
    }

    fn with(&mut self, child: usize, f: impl FnOnce(&mut Self, usize)) {
        if !self.children.is_empty() {
            let child = child % self.children.len();
            f(self, child);
            self.carry_out();
        }
    }

    fn exit(&mut self, child: usize, reason: &ExitReason) {
        let strategy = self.flags.strategy;
        let model = &mut self.children[child];
        let by_itself = matches!(model.phase, Phase::Starting | Phase::Up);
        model.phase = Phase::Down;
        model.done = by_itself
            && strategy == Strategy::OneForOne
            && model.nature.restart == Restart::Transient
            && !reason.is_abnormal();
        let random = self.random.f64();
        self.core.exited(model.key, model.generation, reason, self.now, random);
    }

    /// Whether the child had something to obey, and did.
    fn obey(&mut self, child: usize) -> bool {
        let model = &self.children[child];
        let reason = match model.phase {
            Phase::Stopping if model.nature.polite => ExitReason::Shutdown,
            Phase::Killed if model.nature.mortal => ExitReason::Killed,
            Phase::Down | Phase::Starting | Phase::Up | Phase::Stopping | Phase::Killed => {
                return false;
            }
        };
        self.exit(child, &reason);
        true
    }

    pub(super) fn pass(&mut self, until: Instant) {
        while let Some(at) = self.core.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.core.tick(self.now);
            self.carry_out();
            let next = self.core.next_deadline();
            assert!(next.is_none_or(|next| next > self.now), "it would spin");
        }
        self.now = until;
    }

    /// Does what the core asks for, and checks that it may ask for it.
    pub(super) fn carry_out(&mut self) {
        for action in std::mem::take(&mut self.core.actions) {
            self.act(action);
        }
        self.check();
    }

    fn child(&mut self, key: Key) -> &mut Model {
        let child = self.children.iter_mut().find(|child| child.key == key);
        child.expect("the core names children that it has")
    }

    fn act(&mut self, action: Action<usize>) {
        let (now, dynamic) = (self.now, self.dynamic);
        match action {
            Action::Start { key, generation } => {
                self.may_start(key);
                let child = self.child(key);
                assert_eq!(child.phase, Phase::Down, "two incarnations at once");
                assert!(generation > child.generation, "generations grow");
                child.generation = generation;
                child.rest_until = None;
                child.done = false;
                child.parked = false;
                child.operated = false;
                child.ever_up |= dynamic;
                child.phase = if dynamic { Phase::Up } else { Phase::Starting };
            }
            Action::StartToStop { key, generation } => {
                self.may_stop(key);
                let child = self.child(key);
                assert_eq!(child.nature.kind, Kind::Supervisor);
                assert_eq!(child.phase, Phase::Down, "two incarnations at once");
                assert!(generation > child.generation, "generations grow");
                child.generation = generation;
                child.phase = Phase::Stopping;
                // What follows is the restart of the group, which has a rest of its own.
                child.rest_until = None;
            }
            Action::Stop { key, generation } => {
                self.may_stop(key);
                let child = self.child(key);
                assert_eq!(child.generation, generation);
                assert!(matches!(child.phase, Phase::Starting | Phase::Up));
                child.phase = Phase::Stopping;
            }
            Action::Kill { key, generation } => {
                let child = self.child(key);
                if child.phase != Phase::Down {
                    assert_eq!(child.generation, generation);
                    child.phase = Phase::Killed;
                }
            }
            Action::Abandon { key, generation } => {
                let child = self.child(key);
                assert_eq!(child.generation, generation);
                assert!(matches!(child.phase, Phase::Stopping | Phase::Killed));
                child.phase = Phase::Down;
            }
            Action::Hurry { key } => assert_eq!(self.child(key).phase, Phase::Stopping),
            Action::Rest { key, after } => self.rest(key, after),
            Action::ParkChild { key, .. } => self.child(key).parked = true,
            Action::Idle { key } => assert_eq!(self.child(key).phase, Phase::Down),
            Action::Suspend { key } => {
                let child = self.child(key);
                // Also while a kill that has no time to wait is on its way.
                assert!(matches!(child.phase, Phase::Down | Phase::Killed));
                assert!(!child.held, "suspended twice");
                child.held = true;
                child.rest_until = None;
                child.parked = false;
            }
            Action::Resume { key } => {
                let child = self.child(key);
                assert!(child.held, "only who is suspended is resumed");
                child.held = false;
            }
            Action::Forget { payload, lost } => {
                let child = &mut self.children[payload];
                assert!(!child.forgotten, "forgotten twice");
                assert!(child.removed || child.nature.restart == Restart::Temporary);
                assert!(child.phase == Phase::Down || lost == Some(child.generation));
                child.phase = Phase::Down;
                child.forgotten = true;
            }
            Action::Park { .. } => {
                self.trials += 1;
                // The rest until the trial takes the place of each child's own.
                for child in &mut self.children {
                    child.rest_until = None;
                }
                self.assert_all_down();
            }
            Action::Escalate { .. } => self.stopping = true,
            Action::Ready => {}
            Action::Ended(_) => {
                self.ended += 1;
                self.assert_all_down();
            }
        }
        // A plan may fill the window anew; what counts is what happened.
        let period = self.flags.intensity.period;
        self.restarts.retain(|at| now.saturating_duration_since(*at) <= period);
    }

    fn rest(&mut self, key: Key, after: Duration) {
        let Flags { intensity: Intensity { restarts, period }, backoff, on_spent, .. } = self.flags;
        let now = self.now;
        assert!(after >= backoff.min / 2 && after <= backoff.max, "{after:?}");
        let child = self.child(key);
        assert_eq!(child.phase, Phase::Down, "only who is down rests");
        assert_ne!(child.nature.restart, Restart::Temporary);
        child.rest_until = Some(now + after);
        let window = match on_spent {
            OnSpent::ParkChild => &mut child.restarts,
            OnSpent::Escalate | OnSpent::Park => &mut self.restarts,
        };
        window.push(now);
        let in_period = |at: &&Instant| now.saturating_duration_since(**at) <= period;
        let count = window.iter().filter(in_period).count();
        assert!(count <= restarts as usize, "{count} restarts in a period");
    }

    fn may_start(&mut self, key: Key) {
        assert!(!self.stopping, "nothing starts while all is stopped");
        let now = self.now;
        let first = self.child(key).generation == 0;
        let child = self.child(key);
        assert!(!child.removed, "a removed child is started again");
        assert!(!child.held, "a suspended child is started");
        assert!(child.rest_until.is_none_or(|until| until <= now), "it has not rested");
        if !first {
            assert_ne!(child.nature.restart, Restart::Temporary);
            let done = child.done;
            assert!(!done || self.trials > 0, "started against its policy");
        }
        if self.dynamic {
            return;
        }
        let before = self.children.iter().take_while(|child| child.key != key);
        for other in before.filter(|other| !other.forgotten) {
            if first {
                let settled =
                    other.ever_up || other.parked || other.done || other.removed || other.held;
                // One that was added to a supervisor at rest waits for nobody.
                let added = other.generation > 0;
                assert!(settled || added, "started before the one before was");
            } else if self.flags.strategy == Strategy::OneForAll && self.trials == 0 {
                let waits = other.phase == Phase::Down && other.rest_until.is_some();
                let adopts = other.nature.kind == Kind::Supervisor;
                assert!(!waits || adopts, "started before one that waits");
            }
        }
    }

    /// Whatever is stopped together is stopped from the end.
    fn may_stop(&mut self, key: Key) {
        // One that is to be parked stops what it left, and nobody else with it.
        let parks = self.flags.on_spent == OnSpent::ParkChild && !self.stopping;
        let child = self.child(key);
        let asked = child.removed || child.operated;
        let alone = parks || asked || child.nature.restart == Restart::Temporary;
        if self.dynamic || alone {
            return;
        }
        let after = self.children.iter().skip_while(|child| child.key != key);
        for other in after.skip(1) {
            assert_eq!(other.phase, Phase::Down, "stopped before one after it");
        }
    }

    fn assert_all_down(&self) {
        let live = self.children.iter().find(|child| child.phase != Phase::Down);
        assert!(live.is_none(), "a child outlives its supervisor's work");
    }

    /// What holds after every event.
    fn check(&self) {
        let live = self.children.iter().filter(|child| child.phase != Phase::Down);
        assert_eq!(self.core.live, live.count(), "the count of the living");
        let known = self.children.iter().filter(|child| !child.forgotten);
        assert_eq!(self.core.len(), known.count(), "the count of the known");
        let next = self.core.next_deadline();
        for child in self.children.iter().filter(|child| !child.forgotten) {
            let entry = self.core.get(child.key).expect("it is not forgotten");
            assert_eq!(entry.state.is_live(), child.phase != Phase::Down);
            let due = entry.state.deadline();
            assert!(due.is_none_or(|due| next.is_some_and(|next| next <= due)));
            if let State::Resting { .. } | State::Parked { .. } = entry.state {
                assert!(!child.removed, "a removed child waits for a start");
            }
            assert_eq!(entry.is_held(), child.held, "suspended is who is shown as suspended");
        }
        assert!(self.ended <= 1, "one life has one end");
    }

    /// Stops everything; how long that took.
    pub(super) fn shut_down(&mut self) -> Duration {
        let before = self.now;
        self.stopping = true;
        self.core.shutdown(self.now);
        self.carry_out();
        // Each round a child answers or a deadline passes, some of which are moot by now.
        for _ in 0..1_000 {
            while (0..self.children.len()).any(|child| self.gives_way(child)) {}
            if self.ended > 0 {
                return self.now - before;
            }
            if let Some(at) = self.core.next_deadline() {
                self.pass(at.max(self.now));
            }
        }
        panic!("it never ends");
    }

    /// Whether the child answers, or is given up with its thread as it has no grace.
    pub(super) fn gives_way(&mut self, child: usize) -> bool {
        let obeys = self.obey(child);
        self.carry_out();
        let Model { phase, nature, .. } = self.children[child];
        let lost =
            phase == Phase::Stopping && nature.shutdown == Shutdown::Infinity && !nature.polite;
        if lost {
            self.take(Step::WorkerLost(child));
        }
        obeys || lost
    }

    /// All the time that the children may take to stop one after the other.
    pub(super) fn patience(&self) -> Duration {
        let each = |child: &Model| match child.nature.shutdown {
            Shutdown::Grace(grace) => grace + KILL_ANSWER,
            Shutdown::Infinity | Shutdown::Kill => KILL_ANSWER,
        };
        self.children.iter().map(each).sum()
    }
}
