//! By chance.

use super::{Balance, Candidates};

/// A member by chance, as likely as its weight.
#[derive(Debug)]
pub struct Random;

impl Balance for Random {
    /// One pass of weighted reservoir sampling (Chao 1982, for a sample of one): health may change
    /// between two passes, so the sum of the weights is not known before the choice.
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let mut chosen = None;
        let mut sum = 0;
        for (index, member) in candidates.serving() {
            let weight = member.weight.get();
            sum += weight;
            if rng.u32(..sum) < weight {
                chosen = Some(index);
            }
        }
        chosen
    }
}
