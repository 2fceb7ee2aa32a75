//! Which of a pool's members serves the next connection or request.
//!
//! | algorithm | chooses | cost of a choice among n members |
//! |---|---|---|
//! | [`RoundRobin`] | each member in turn, as often as its weight says | the same for any n; times the greatest weight over the mean |
//! | [`LeastRequest`] | the member with the fewest leases out for its weight | a look at each member |
//! | [`Random`] | by chance, weighted | a binary search: log n |
//! | [`TwoChoices`] | of two by chance, the one with fewer leases for its weight | two binary searches |
//! | [`PeakEwma`] | of two by chance, the one whose answer is likely to come sooner | two binary searches |
//! | [`RingHash`] | by a key: the next point on a ring | a binary search over up to 131,072 points |
//! | [`Maglev`] | by a key: a place of a table | one read; a few more where that member is out |
//! | [`SourceHash`] | by a key: the highest bidder | a hash and, where weights differ, a logarithm for each member |
//!
//! The three hashes give the same key to the same member, and can be kept from giving it too much:
//! see [`Balancing::bounded_load`].
//!
//! A choice is made among [`Candidates`]: one [`Tier`] of the pool, less those that are out, those at
//! their limit and those that already failed this request. What can be worked out beforehand is in
//! the tier's [`View`], which is renewed when a member's health changes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use self::candidates::Candidates;
pub use self::least_request::LeastRequest;
pub use self::maglev::Maglev;
pub use self::peak_ewma::PeakEwma;
pub use self::random::Random;
pub use self::ring_hash::RingHash;
pub use self::round_robin::RoundRobin;
pub use self::source_hash::SourceHash;
pub use self::tier::Tier;
pub use self::two_choices::TwoChoices;
pub use self::view::{View, WHOLE};
use crate::pool::Member;

mod bounded;
mod candidates;
mod least_request;
mod maglev;
mod peak_ewma;
mod random;
mod ring_hash;
mod round_robin;
mod source_hash;
mod tier;
mod two_choices;
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
    /// [`TwoChoices`].
    TwoChoices,
    /// [`PeakEwma`].
    PeakEwma,
    /// [`RingHash`].
    RingHash,
    /// [`Maglev`].
    Maglev,
    /// [`SourceHash`].
    SourceHash,
}

/// An algorithm and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Balancing {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The most that a hash gives to one member, as a multiple of its share of all leases, from 1.05:
    /// a member that would have more is passed over (consistent hashing with bounded loads). Nothing:
    /// as much as its keys bring.
    pub bounded_load: Option<f64>,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::RoundRobin,
        Self::LeastRequest,
        Self::Random,
        Self::TwoChoices,
        Self::PeakEwma,
        Self::RingHash,
        Self::Maglev,
        Self::SourceHash,
    ];

    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastRequest => "least_request",
            Self::Random => "random",
            Self::TwoChoices => "two_choices",
            Self::PeakEwma => "peak_ewma",
            Self::RingHash => "ring_hash",
            Self::Maglev => "maglev",
            Self::SourceHash => "source_hash",
        }
    }
}

impl Balancing {
    /// The algorithm over these members; `turn` counts the turns of the pool.
    pub(crate) fn over(&self, members: &[Member], turn: &Arc<AtomicU64>) -> Box<dyn Balance> {
        match self.algorithm {
            Algorithm::RoundRobin => Box::new(RoundRobin::new(turn)),
            Algorithm::LeastRequest => Box::new(LeastRequest),
            Algorithm::Random => Box::new(Random),
            Algorithm::TwoChoices => Box::new(TwoChoices),
            Algorithm::PeakEwma => Box::new(PeakEwma),
            Algorithm::RingHash => Box::new(RingHash::new(members, self.bounded_load)),
            Algorithm::Maglev => Box::new(Maglev::new(members, self.bounded_load)),
            Algorithm::SourceHash => Box::new(SourceHash::new(self.bounded_load)),
        }
    }
}

#[cfg(test)]
mod tests;
