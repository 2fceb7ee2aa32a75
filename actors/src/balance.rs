//! Which of a pool's members serves the next connection.
//!
//! | algorithm | chooses | state shared by the workers |
//! |---|---|---|
//! | [`RoundRobin`] | each member in turn, as often as its weight says | one cursor |
//! | [`LeastRequest`] | the member with the fewest leases out for its weight | none but the leases |
//! | [`Random`] | by chance, weighted | none |
//!
//! A choice is made among [`Candidates`]: one tier of the pool (its members proper, or its
//! backups), less those that are out and those that already failed this connection.

use std::fmt;

pub use self::least_request::LeastRequest;
pub use self::random::Random;
pub use self::round_robin::RoundRobin;
pub use self::tier::{Candidates, Tier};

mod least_request;
mod random;
mod round_robin;
mod tier;

/// One way to choose a member.
pub trait Balance: fmt::Debug + Send + Sync {
    /// The index of a member in the tier, or nothing if none of them serves.
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

    pub(crate) fn start(self) -> Box<dyn Balance> {
        match self {
            Self::RoundRobin => Box::new(RoundRobin::default()),
            Self::LeastRequest => Box::new(LeastRequest),
            Self::Random => Box::new(Random),
        }
    }
}

#[cfg(test)]
mod tests;
