//! The same member for the same key, without a table.

use std::cmp::Ordering;

use super::bounded::Bounded;
use super::{Balance, Candidates};
use crate::pool::Member;
use crate::pool::key::mixed;
use crate::rendezvous::Bid;

/// Weighted rendezvous hashing (Thaler and Ravishankar, 1998; Schindelhauer and Schomaker, 2005): every
/// member bids for the key, and the highest has it. A member that leaves, joins, goes out or comes
/// back moves only the keys that are its own, and those are spread over all others; a slow start gives
/// it its keys little by little. Nothing is worked out beforehand, but all members are looked at.
///
/// Members are told apart by their names: replicas agree, in whatever order they list them.
#[derive(Debug)]
pub struct SourceHash {
    bounded_load: Option<f64>,
}

impl SourceHash {
    /// With the most that one member gets, as a multiple of its share.
    #[must_use]
    pub fn new(bounded_load: Option<f64>) -> Self {
        Self { bounded_load }
    }
}

impl Balance for SourceHash {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let key = candidates.hash(rng);
        Bounded::new(candidates, self.bounded_load).first(std::iter::empty(), key, rng)
    }
}

/// The highest bidder for a key.
pub(super) fn highest(bounded: &Bounded<'_, '_>, key: u64) -> Option<usize> {
    let bid = |member: &Member, weight| Bid { hash: mixed(key, member.backend.tag()), weight };
    let bids =
        bounded.serving().map(|(index, member, weight)| (index, member, bid(member, weight)));
    let highest = bids.max_by(|(_, one, bid), (_, other, highest)| {
        bid.cmp(*highest).then_with(|| by_name(one, other))
    });
    highest.map(|(index, ..)| index)
}

/// The order of members that does not depend on that of a configuration.
pub(super) fn by_name(one: &Member, other: &Member) -> Ordering {
    one.backend.name().cmp(other.backend.name())
}
