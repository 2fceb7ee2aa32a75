//! Which of a pool's members serves the next connection or request.
//!
//! | algorithm | chooses | cost |
//! |---|---|---|
//! | [`RoundRobin`] | each member in turn, as often as its weight says | the same for any number |
//! | [`LeastRequest`] | the member with the fewest leases out for its weight | a look at each member |
//! | [`Random`] | by chance, weighted | a binary search |
//!
//! A choice is made among [`Candidates`]: one [`Tier`] of the pool, less those that are out, those at
//! their limit and those that already failed this request. What can be worked out beforehand is in
//! the tier's [`View`], which is renewed when a member's health changes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use self::candidates::Candidates;
pub use self::least_request::LeastRequest;
pub use self::random::Random;
pub use self::round_robin::RoundRobin;
pub use self::tier::Tier;
pub use self::view::{View, WHOLE};
use crate::pool::Member;

mod candidates;
mod least_request;
mod random;
mod round_robin;
mod tier;
pub(crate) mod view;

/// One way to choose a member.
pub trait Balance: fmt::Debug + Send + Sync {
    /// The index of a member in the tier, or nothing if none of them may serve.
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize>;
}

/// The algorithms by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// [`RoundRobin`].
    #[default]
    RoundRobin,
    /// [`LeastRequest`].
    LeastRequest,
    /// [`Random`].
    Random,
}

/// An algorithm and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Balancing {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The most that a hash gives to one member, as a multiple of its share; see the hashes.
    pub bounded_load: Option<f64>,
}

impl Algorithm {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastRequest => "least_request",
            Self::Random => "random",
        }
    }
}

impl Balancing {
    /// The algorithm over these members; `turn` counts the turns of the pool.
    pub(crate) fn over(&self, members: &[Member], turn: &Arc<AtomicU64>) -> Box<dyn Balance> {
        let _ = members;
        match self.algorithm {
            Algorithm::RoundRobin => Box::new(RoundRobin::new(turn)),
            Algorithm::LeastRequest => Box::new(LeastRequest),
            Algorithm::Random => Box::new(Random),
        }
    }
}

#[cfg(test)]
mod tests;
