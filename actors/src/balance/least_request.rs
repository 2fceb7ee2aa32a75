//! The member that has least to do.

use std::cmp::Ordering;

use super::{Balance, Candidates};

/// The member whose leases that are out, with this one, are fewest for its weight. All members are
/// compared; ties are broken by chance, or an idle pool would send everything to its first.
#[derive(Debug)]
pub struct LeastRequest;

impl Balance for LeastRequest {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let mut least: Option<(usize, Load)> = None;
        let mut ties = 0;
        for (index, member, weight) in candidates.serving() {
            let load = Load::with_one_more(member.backend.in_flight(), weight);
            match least.map(|(_, least)| load.cmp(least)) {
                None | Some(Ordering::Less) => {
                    least = Some((index, load));
                    ties = 1;
                }
                // The n-th of a tie replaces the one held with a chance of 1/n: each of them is
                // as likely in the end, in one pass.
                Some(Ordering::Equal) => {
                    ties += 1;
                    if rng.u32(..ties) == 0 {
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
    leases: u64,
    weight: u64,
}

impl Load {
    pub(super) fn with_one_more(in_flight: u32, weight: u32) -> Self {
        Self { leases: u64::from(in_flight) + 1, weight: u64::from(weight) }
    }

    /// By multiplying crosswise: a division would round, and 1/2 of a lease matters.
    pub(super) fn cmp(self, other: Self) -> Ordering {
        (self.leases * other.weight).cmp(&(other.leases * self.weight))
    }
}
