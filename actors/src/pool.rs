//! A pool's cell: its members and how one is chosen, outliving every actor.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use thiserror::Error;
use tokio::time::Instant;

pub use self::member::{Member, Weight, WeightError};
use crate::backend::BackendId;
use crate::backend::health::Admission;
use crate::backend::lease::Lease;
use crate::balance::{Algorithm, Balance, Candidates, Tier};
pub use crate::kept::KeepLimits;

mod member;

/// How a pool is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// How a member is chosen.
    pub algorithm: Algorithm,
    /// How many members one connection may try, the first included.
    pub attempts: NonZeroU32,
    /// How long one try to connect may take.
    pub connect_timeout: Duration,
    /// Which requests may go over a connection that has served before.
    pub reuse: Reuse,
    /// What is kept of such connections.
    pub keep: KeepLimits,
}

/// Which requests may go over a connection that has served before: its backend may be about to close
/// it, and then it is not known whether a request was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Those that may be repeated.
    Safe,
    /// All.
    Always,
    /// None; no connection is kept.
    Never,
}

/// Backends that serve the same thing.
#[derive(Debug)]
pub struct Pool {
    name: Box<str>,
    current: ArcSwap<Current>,
}

/// What a pool is made of at one moment; replaced as a whole.
#[derive(Debug)]
pub struct Current {
    settings: PoolSettings,
    balance: Arc<dyn Balance>,
    /// In the order in which they serve.
    tiers: [Tier; 2],
}

/// Why a pool gave no lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoBackend {
    /// It has no members: none has been found yet.
    #[error("no backend has been found yet")]
    Empty,
    /// Every member is out.
    #[error("every backend is down")]
    AllDown,
    /// Every member that could serve has already failed this connection.
    #[error("every backend that could serve has been tried")]
    AllTried,
}

impl NoBackend {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::AllDown => "all_down",
            Self::AllTried => "all_tried",
        }
    }
}

impl Pool {
    /// A pool with these members.
    #[must_use]
    pub fn new(name: &str, settings: PoolSettings, members: Vec<Member>) -> Self {
        let balance = settings.algorithm.start().into();
        let current = Current::new(settings, balance, members);
        Self { name: name.into(), current: ArcSwap::from_pointee(current) }
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

    /// Replaces settings and members for the leases from now on. Members keep their health and
    /// their leases by keeping their cells; the round robin goes on where it was. To be called
    /// from one place only: of two calls at once, either may win.
    pub fn update(&self, settings: PoolSettings, members: Vec<Member>) {
        let before = self.current.load();
        let balance = if before.settings.algorithm == settings.algorithm {
            before.balance.clone()
        } else {
            settings.algorithm.start().into()
        };
        self.current.store(Arc::new(Current::new(settings, balance, members)));
    }

    /// The right to use a member once. `excluded` are those that have already failed this
    /// connection. A member that is down and due for a trial stands in the choice like any other;
    /// the one connection that gets it is the trial.
    ///
    /// # Errors
    /// When no member can serve: says why.
    pub fn lease(
        self: &Arc<Self>,
        excluded: &[BackendId],
        now: Instant,
        rng: &mut fastrand::Rng,
    ) -> Result<Lease, NoBackend> {
        let current = self.current.load();
        for tier in &current.tiers {
            let candidates = Candidates::new(tier, excluded, now);
            // A choice is refused only when another worker took the trial or the member went
            // down since: its gate is closed then, so the next choice is among fewer.
            for _ in tier.members() {
                let Some(chosen) = current.balance.choose(&candidates, rng) else {
                    break;
                };
                let backend = &tier.members()[chosen].backend;
                match backend.admit(now) {
                    Admission::Ordinary => {
                        return Ok(Lease::new(self.clone(), backend.clone(), None));
                    }
                    Admission::Trial(trial) => {
                        return Ok(Lease::new(self.clone(), backend.clone(), Some(trial)));
                    }
                    Admission::Refused => {}
                }
            }
        }
        Err(current.why_none(excluded))
    }
}

impl Current {
    fn new(settings: PoolSettings, balance: Arc<dyn Balance>, members: Vec<Member>) -> Self {
        let (backups, proper) = members.into_iter().partition(|member| member.backup);
        Self { settings, balance, tiers: [Tier::new(proper), Tier::new(backups)] }
    }

    /// How the pool is used.
    #[must_use]
    pub fn settings(&self) -> &PoolSettings {
        &self.settings
    }

    /// The members: those proper, then the backups.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.tiers.iter().flat_map(Tier::members)
    }

    fn why_none(&self, excluded: &[BackendId]) -> NoBackend {
        if self.members().next().is_none() {
            NoBackend::Empty
        } else if self.members().any(|member| excluded.contains(&member.backend.id())) {
            NoBackend::AllTried
        } else {
            NoBackend::AllDown
        }
    }
}

#[cfg(test)]
mod tests;
