//! A pool's cell: its members and how one is chosen, outliving every actor.
//!
//! | file | what |
//! |---|---|
//! | `settings` | how a pool is used |
//! | `member` | a backend's place in a pool |
//! | `lease` | the right to use a member, and why there is none |
//! | `queue` | who waits for one |
//! | `budget` | how many requests may be sent a second time |
//! | `outcome` | how requests have gone, and which backends are ejected for it |
//! | [`percentile`] | after how long most requests are answered |
//! | [`key`] | what the hashes hash, as a number |
//!
//! # How stale a view can be
//! Not at all, from one lease to the next: membership, weights, draining, health and ejections are in
//! cells that all workers share, and a lease that is asked for after a change was made is granted
//! after it. What was granted before is not taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Acquire, Ordering::SeqCst};

use arc_swap::{ArcSwap, Guard};
use tokio::time::Instant;

use self::budget::Budget;
pub use self::lease::{Asked, Grant};
pub use self::member::{Member, Weight, WeightError};
use self::outcome::Outcomes;
use self::queue::Queue;
pub use self::queue::Ticket;
pub use self::refusal::NoBackend;
pub use self::settings::{HashOn, KeepLimits, Limits, PoolSettings, Retry, Reuse};
use crate::balance::Tier;
use crate::balance::view::{Optics, Views};
use crate::metrics::{Again, PoolMetrics};

mod budget;
pub mod key;
mod lease;
mod member;
mod outcome;
pub mod percentile;
mod queue;
mod refusal;
mod settings;

/// Backends that serve the same thing.
#[derive(Debug)]
pub struct Pool {
    name: Box<str>,
    current: ArcSwap<Current>,
    /// Counts the changes of members that make a difference to who may be chosen.
    changes: Arc<AtomicU64>,
    /// Leases that are out.
    in_flight: AtomicU32,
    /// Counts the turns of a round robin.
    turn: Arc<AtomicU64>,
    queue: Queue,
    budget: Budget,
    outcomes: Outcomes,
    metrics: PoolMetrics,
}

/// What a pool is made of at one moment; replaced as a whole.
#[derive(Debug)]
pub struct Current {
    settings: PoolSettings,
    /// In the order in which they serve.
    tiers: Box<[Tier]>,
    views: ArcSwap<Views>,
}

impl Pool {
    /// A pool with these members.
    #[must_use]
    pub fn new(name: &str, settings: PoolSettings, members: Vec<Member>) -> Self {
        let changes = Arc::default();
        let turn = Arc::default();
        let current = Current::new(settings, members, &changes, &turn);
        Self {
            name: name.into(),
            current: ArcSwap::from_pointee(current),
            changes,
            in_flight: AtomicU32::new(0),
            turn,
            queue: Queue::default(),
            budget: Budget::default(),
            outcomes: Outcomes::default(),
            metrics: PoolMetrics::default(),
        }
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is made of now. What is read from one answer belongs together.
    #[must_use]
    pub fn current(&self) -> Guard<Arc<Current>> {
        self.current.load()
    }

    /// Leases that are out.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(SeqCst)
    }

    /// A request has come that may have to be sent again.
    pub(crate) fn received(&self, retry: &Retry) {
        self.budget.pay_in(retry.budget);
    }

    /// Whether a request may be sent again; takes a token of the budget.
    pub(crate) fn may_repeat(&self, why: Again) -> bool {
        let may = self.budget.take(self.current().settings().retry.budget);
        self.metrics.again(why, may);
        may
    }

    /// What it counts.
    pub(crate) fn metrics(&self) -> &PoolMetrics {
        &self.metrics
    }

    /// How many requests may be sent again at once.
    pub(crate) fn budget_tokens(&self) -> f64 {
        self.budget.tokens()
    }

    /// Replaces settings and members for the leases from now on. Members keep their health and
    /// their leases by keeping their cells. To be called from one place only: of two calls at once,
    /// either may win.
    pub fn update(self: &Arc<Self>, settings: PoolSettings, members: Vec<Member>, now: Instant) {
        let current = Current::new(settings, members, &self.changes, &self.turn);
        self.current.store(Arc::new(current));
        self.serve_queue(now);
    }

    /// What the members can do now.
    fn views(&self, current: &Current, now: Instant) -> Guard<Arc<Views>> {
        // Before the members are looked at: a change that comes meanwhile makes it wrong again.
        let changes = self.changes.load(Acquire);
        let views = current.views.load();
        if views.holds(changes, now) {
            return views;
        }
        current.views.store(Arc::new(Views::look(&current.tiers, &current.optics(), changes, now)));
        current.views.load()
    }
}

impl Current {
    fn new(
        settings: PoolSettings,
        members: Vec<Member>,
        changes: &Arc<AtomicU64>,
        turn: &Arc<AtomicU64>,
    ) -> Self {
        for member in &members {
            member.backend.belongs_to(changes);
        }
        let tiers = Tier::all(members, &settings.balancing, turn);
        // Not yet looked at: no number of changes is that high.
        let views = Views::unseen(&tiers);
        Self { settings, tiers, views: ArcSwap::from_pointee(views) }
    }

    fn optics(&self) -> Optics {
        Optics { panic: self.settings.panic, slow_start: self.settings.slow_start }
    }

    /// How the pool is used.
    #[must_use]
    pub fn settings(&self) -> &PoolSettings {
        &self.settings
    }

    /// The tiers, in the order in which they serve.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The members, in the order in which they serve.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.tiers.iter().flat_map(Tier::members)
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
