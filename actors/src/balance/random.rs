//! By chance.

use super::{Balance, Candidates};

/// How often a member is drawn anew that may not be chosen, before all are looked at.
const DRAWS: u32 = 4;

/// A member by chance, as likely as its weight.
#[derive(Debug)]
pub struct Random;

impl Balance for Random {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        draw(candidates, None, rng)
    }
}

/// Draws a member, as likely as its weight: a binary search over the sums of the weights. Where those
/// that may not be chosen come up again and again, one pass of weighted reservoir sampling over the
/// others (Chao 1982, for a sample of one). The member `but` is not drawn.
pub(super) fn draw(
    candidates: &Candidates<'_>,
    but: Option<usize>,
    rng: &mut fastrand::Rng,
) -> Option<usize> {
    let view = candidates.view();
    if view.total() == 0 {
        return None;
    }
    for _ in 0..DRAWS {
        let drawn = view.at(rng.u64(..view.total()));
        let wanted = drawn.filter(|index| Some(*index) != but);
        if let Some(index) = wanted.filter(|index| candidates.may_serve(*index)) {
            return Some(index);
        }
    }
    let mut chosen = None;
    let mut sum = 0;
    for (index, _, weight) in candidates.serving().filter(|(index, ..)| Some(*index) != but) {
        let weight = u64::from(weight);
        sum += weight;
        if rng.u64(..sum) < weight {
            chosen = Some(index);
        }
    }
    chosen
}
