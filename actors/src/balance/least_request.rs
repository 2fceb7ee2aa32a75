//! The member that has least to do.

use super::{Balance, Candidates};
use crate::pool::Member;

/// The member whose leases that are out, with this one, are fewest for its weight. All members
/// are compared; ties are broken by chance, or an idle pool would send everything to its first.
#[derive(Debug)]
pub struct LeastRequest;

impl Balance for LeastRequest {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let mut least: Option<(usize, Load)> = None;
        let mut ties = 0;
        for (index, member) in candidates.serving() {
            let load = Load::with_one_more(member);
            let order = least.map(|(_, least)| load.cmp(least));
            match order {
                None | Some(std::cmp::Ordering::Less) => {
                    least = Some((index, load));
                    ties = 1;
                }
                // The n-th of a tie replaces the one held with a chance of 1/n: each of them is
                // as likely in the end, in one pass.
                Some(std::cmp::Ordering::Equal) => {
                    ties += 1;
                    if rng.u32(..ties) == 0 {
                        least = Some((index, load));
                    }
                }
                Some(std::cmp::Ordering::Greater) => {}
            }
        }
        least.map(|(index, _)| index)
    }
}

/// Leases for a weight, as a fraction.
#[derive(Clone, Copy)]
struct Load {
    leases: u64,
    weight: u64,
}

impl Load {
    fn with_one_more(member: &Member) -> Self {
        let leases = u64::from(member.backend.in_flight()) + 1;
        Self { leases, weight: u64::from(member.weight.get()) }
    }

    /// By multiplying crosswise: a division would round, and 1/2 of a lease matters.
    fn cmp(self, other: Self) -> std::cmp::Ordering {
        (self.leases * other.weight).cmp(&(other.leases * self.weight))
    }
}
