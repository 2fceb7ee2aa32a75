//! The member that has least to do.

use std::cmp::Ordering;

use super::{Balance, Candidates};

/// The member whose leases that are out are fewest for its weight. All members are compared; ties are
/// broken by chance, as likely as the weights, or an idle pool would send everything to its first or
/// to its heaviest.
#[derive(Debug)]
pub struct LeastRequest;

impl Balance for LeastRequest {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let mut least: Option<(usize, Load)> = None;
        let mut ties = 0;
        for (index, member, weight) in candidates.serving() {
            let load = Load { leases: member.backend.in_flight(), weight };
            match least.map(|(_, least)| load.cmp(least)) {
                None | Some(Ordering::Less) => {
                    least = Some((index, load));
                    ties = u64::from(weight);
                }
                // The next of a tie replaces the one held with the chance that its weight has among
                // those so far: each of them is as likely as its weight in the end, in one pass.
                Some(Ordering::Equal) => {
                    ties += u64::from(weight);
                    if rng.u64(..ties) < u64::from(weight) {
                        least = Some((index, load));
                    }
                }
                Some(Ordering::Greater) => {}
            }
        }
        least.map(|(index, _)| index)
    }
}

/// Leases for a weight, as a fraction.
#[derive(Clone, Copy)]
pub(super) struct Load {
    leases: u32,
    weight: u32,
}

impl Load {
    pub(super) fn of(candidates: &Candidates<'_>, index: usize) -> Self {
        let leases = candidates.members()[index].backend.in_flight();
        Self { leases, weight: candidates.view().weight(index) }
    }

    /// By multiplying crosswise: a division would round, and 1/2 of a lease matters.
    pub(super) fn cmp(self, other: Self) -> Ordering {
        let crosswise = |leases: u32, weight: u32| u64::from(leases) * u64::from(weight);
        crosswise(self.leases, other.weight).cmp(&crosswise(other.leases, self.weight))
    }
}
