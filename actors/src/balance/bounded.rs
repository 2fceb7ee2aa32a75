//! How much a hash may give to one member.

use super::source_hash::highest;
use super::{Balance as _, Candidates, LeastRequest};
use crate::pool::Member;

/// The candidates of a hash, less those that have more than their share to do.
///
/// With a bound of `c` a member is passed over while it would have more than `c` times its share of
/// all leases, rounded up (consistent hashing with bounded loads: Mirrokni, Thorup and Zadimoghaddam,
/// 2016). So one key that everybody asks for is spread over as many members as it takes. All shares
/// together are more than all leases, so somebody is always below.
#[derive(Debug)]
pub(super) struct Bounded<'c, 'a> {
    candidates: &'c Candidates<'a>,
    /// Leases that all members may have together, if there is a bound.
    most: Option<f64>,
}

impl<'c, 'a> Bounded<'c, 'a> {
    pub(super) fn new(candidates: &'c Candidates<'a>, bounded_load: Option<f64>) -> Self {
        // Leases at members that do not serve are counted as well: the bound is the wider for it,
        // until they end.
        let most = bounded_load.map(|bound| bound * f64::from(candidates.in_flight()));
        Self { candidates, most }
    }

    /// Whether this member may be chosen.
    pub(super) fn takes(&self, index: usize) -> bool {
        self.candidates.may_serve(index) && self.has_room(index)
    }

    fn has_room(&self, index: usize) -> bool {
        self.most.is_none_or(|most| {
            let leases = self.candidates.members()[index].backend.in_flight();
            let view = self.candidates.view();
            let share = most * f64::from(view.weight(index)) / view.total() as f64;
            f64::from(leases) + 1.0 <= share.ceil()
        })
    }

    /// The first of those that the key leads to; if none of them may be chosen, the highest bidder of
    /// all, so that the answer is the same in every process.
    pub(super) fn first(
        &self,
        mut preferred: impl Iterator<Item = usize>,
        key: u64,
        rng: &mut fastrand::Rng,
    ) -> Option<usize> {
        let first = preferred.find(|index| self.takes(*index));
        first.or_else(|| highest(self, key)).or_else(|| {
            // Nobody below the bound may be chosen, or leases came and went while it was looked for:
            // a bound must not refuse anybody.
            self.most.and_then(|_| LeastRequest.choose(self.candidates, rng))
        })
    }

    /// The members that may be chosen, with what each weighs.
    pub(super) fn serving(&self) -> impl Iterator<Item = (usize, &'a Member, u32)> {
        self.candidates.serving().filter(|(index, ..)| self.has_room(*index))
    }
}
