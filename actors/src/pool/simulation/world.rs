//! Time, and what happens in it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::cell::Cell;
use super::leases::Live;
use super::line::Waiter;
use super::nature::{Fate, Nature};
use super::purse::Purse;
use super::scenario::{self, Scenario, chance, millis};
use super::sight::Place;
use crate::backend::Backend;
use crate::backend::health::Transition;
use crate::balance::Algorithm;
use crate::pool::{Member, Pool, PoolSettings, Weight};

/// A world is long enough after so many events.
const MOST_EVENTS: usize = 3_000;

/// A pool, its backends and its clients.
pub(super) struct World {
    pub(super) rng: fastrand::Rng,
    /// The chance that the pool is given.
    pub(super) of_pool: fastrand::Rng,
    pub(super) now: Instant,
    start: Instant,
    events: BTreeMap<(Instant, u64), Event>,
    numbers: u64,
    pub(super) scenario: Scenario,
    pub(super) settings: PoolSettings,
    pub(super) places: Vec<Place>,
    pub(super) cells: Vec<Cell>,
    pub(super) pool: Arc<Pool>,
    /// Leases that are out, by their numbers.
    pub(super) live: BTreeMap<u64, Live>,
    pub(super) line: VecDeque<Waiter>,
    pub(super) purse: Purse,
    /// When ejections were settled last.
    pub(super) settled: Option<Instant>,
    pub(super) over: bool,
    /// What was free when those who wait were answered is not known.
    pub(super) blind: bool,
    pub(super) seen: Seen,
    told: bool,
}

/// What happens next; leases, waiters and backends by their numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A request of somebody, or of a client that sends one after the other.
    Arrives,
    Begins(u32),
    Reached(u64),
    Answered(u64, Fate),
    Expires(u64),
    ProbeDue(usize),
    Probed(usize, bool),
    Turns(usize),
    Upkeep,
    Change,
}

/// How often what has happened.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<&'static str, u64>);

impl Seen {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// Whether all that matters was there, and not only once.
    pub(super) fn is_full(&self) -> bool {
        const ALL: [&str; 17] = [
            "lease",
            "trial",
            "down",
            "back",
            "ejected",
            "outlier",
            "readmitted",
            "spared",
            "panic",
            "spill",
            "backup",
            "ramp",
            "queued",
            "expired",
            "refused",
            "nobody",
            "again",
        ];
        ALL.iter().all(|what| self.0.get(what).is_some_and(|count| *count >= 100))
    }
}

impl World {
    /// The world of this seed, from its beginning to its end.
    ///
    /// # Panics
    /// When the pool does not do what it is to do.
    pub(super) fn run(seed: u64, told: bool) -> Seen {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = Self::new(seed, told);
            world.goes().await;
            world.ends();
            world.seen
        })
    }

    fn new(seed: u64, told: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let algorithm = Algorithm::ALL[seed as usize % Algorithm::ALL.len()];
        let scenario = Scenario::draw(&mut rng);
        let settings = scenario::settings(algorithm, &mut rng);
        let now = Instant::now();
        let mut world = Self {
            of_pool: rng.fork(),
            now,
            start: now,
            events: BTreeMap::new(),
            numbers: 0,
            settings: settings.clone(),
            places: Vec::new(),
            cells: Vec::new(),
            pool: Arc::new(Pool::new("web", settings, Vec::new())),
            live: BTreeMap::new(),
            line: VecDeque::new(),
            purse: Purse::default(),
            settled: None,
            over: false,
            blind: false,
            seen: Seen::default(),
            told,
            scenario,
            rng,
        };
        for _ in 0..world.scenario.members {
            let place = world.place();
            world.places.push(place);
        }
        world.tell(|world| format!("{:?} {:?}", world.scenario, world.settings));
        world.pool = Arc::new(Pool::new("web", world.settings.clone(), world.members()));
        for client in 0..world.scenario.closed {
            world.after(Duration::ZERO, Event::Begins(client));
        }
        if world.scenario.gap.is_some() {
            world.after(Duration::ZERO, Event::Arrives);
        }
        world.after(Duration::from_secs(1), Event::Upkeep);
        if let Some(gap) = world.scenario.changes {
            world.after(gap, Event::Change);
        }
        world
    }

    /// A new backend and its place.
    pub(super) fn place(&mut self) -> Place {
        let (rng, cell) = (&mut self.rng, self.cells.len());
        let address = ([10, 0, 0, cell as u8], 80).into();
        let backend = Arc::new(Backend::new(address, None, self.scenario.policy));
        let nature = if chance(rng, 60) { Nature::Healthy } else { Nature::draw(rng) };
        let temper = Duration::from_millis([100, 1_000, 10_000, 60_000][rng.usize(..4)]);
        let tiered = self.scenario.tiered;
        let place = Place {
            cell,
            weight: if self.scenario.weighted { rng.u32(1..=10) } else { 1 },
            backup: tiered && chance(rng, 25),
            priority: if tiered { rng.u8(0..=2) } else { 0 },
            foreign: tiered && chance(rng, 30),
            draining: chance(rng, 3),
        };
        let turn = millis(rng, 0..=temper.as_millis() as u64);
        self.cells.push(Cell::new(backend, nature, temper, self.scenario.policy));
        self.after(turn, Event::Turns(cell));
        self.begin_probing(cell);
        place
    }

    /// The members as the pool is told.
    pub(super) fn members(&self) -> Vec<Member> {
        let member = |place: &Place| Member {
            backend: Arc::clone(&self.cells[place.cell].backend),
            weight: Weight::try_from(place.weight).unwrap(),
            backup: place.backup,
            priority: place.priority,
            foreign: place.foreign,
            draining: place.draining,
        };
        self.places.iter().map(member).collect()
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn after(&mut self, delay: Duration, event: Event) {
        let number = self.number();
        self.events.insert((self.now + delay, number), event);
    }

    pub(super) fn tell(&self, what: impl FnOnce(&Self) -> String) {
        if self.told {
            println!("{:>9.3?} {}", (self.now - self.start).as_secs_f64(), what(self));
        }
    }

    /// That a backend's standing changed as it had to.
    #[track_caller]
    pub(super) fn same(&mut self, cell: usize, is: Option<Transition>, due: Option<Transition>) {
        assert_eq!(is, due, "what became of backend {cell} and what had to");
        match is {
            Some(Transition::WentDown { .. }) => self.seen.count("down"),
            Some(Transition::CameUp { .. }) => self.seen.count("back"),
            Some(Transition::Ejected { .. }) => self.seen.count("ejected"),
            Some(Transition::Readmitted) => self.seen.count("readmitted"),
            None => return,
        }
        self.tell(|_| format!("backend {cell}: {is:?}"));
    }

    async fn goes(&mut self) {
        for _ in 0..MOST_EVENTS {
            let Some(((at, _), event)) = self.events.pop_first() else { return };
            if at - self.start > self.scenario.length {
                return;
            }
            if at > self.now {
                advance(at - self.now).await;
                self.now = at;
                assert_eq!(Instant::now(), at);
            }
            self.blind = false;
            self.tell(|_| format!("{event:?}"));
            match event {
                Event::Arrives => self.arrives(),
                Event::Begins(client) => self.begins(Some(client)),
                Event::Reached(lease) => self.reached(lease),
                Event::Answered(lease, fate) => self.answered(lease, fate),
                Event::Expires(waiter) => self.expires(waiter),
                Event::ProbeDue(cell) => self.probe(cell),
                Event::Probed(cell, passed) => self.probed(cell, passed),
                Event::Turns(cell) => self.turns(cell),
                Event::Upkeep => self.looks_after(),
                Event::Change => self.changes(),
            }
            self.count();
        }
    }

    /// What is counted is right.
    fn count(&self) {
        assert_eq!(self.pool.in_flight() as usize, self.live.len(), "leases of the pool");
        for (index, cell) in self.cells.iter().enumerate() {
            assert_eq!(cell.backend.in_flight(), cell.in_flight, "leases of backend {index}");
        }
    }

    /// All is given back, and nothing is left.
    fn ends(&mut self) {
        self.over = true;
        self.tell(|_| "the end".into());
        while let Some((number, live)) = self.live.pop_first() {
            self.cells[live.cell].dropped(number);
            drop(live);
            self.serve_line(true);
        }
        self.looks_after();
        while let Some((number, live)) = self.live.pop_first() {
            self.cells[live.cell].dropped(number);
            drop(live);
            self.serve_line(true);
        }
        assert!(self.line.is_empty(), "{} wait though nobody is served", self.line.len());
        assert_eq!(self.pool.waiting(), 0);
        self.count();
    }
}
