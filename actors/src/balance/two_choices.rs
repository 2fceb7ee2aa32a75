//! The better of two that are drawn.

use std::cmp::Ordering;

use super::least_request::Load;
use super::random::draw;
use super::{Balance, Candidates};

/// Of two members by chance, the one with fewer leases for its weight (the power of two random
/// choices: Mitzenmacher 2001). Nearly as even as looking at all of them, for the cost of two; and of
/// many replicas that know the same, not all choose the same.
#[derive(Debug)]
pub struct TwoChoices;

impl Balance for TwoChoices {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        better_of_two(candidates, rng, |one, other| {
            Load::of(candidates, one).cmp(Load::of(candidates, other))
        })
    }
}

/// Draws two different members, where there are two, and takes the one that is less by `cmp`. A tie
/// goes to the first, which was drawn from all: members that have nothing to do are chosen as often
/// as their weights say.
pub(super) fn better_of_two(
    candidates: &Candidates<'_>,
    rng: &mut fastrand::Rng,
    cmp: impl FnOnce(usize, usize) -> Ordering,
) -> Option<usize> {
    let first = draw(candidates, None, rng)?;
    if candidates.view().serving().len() == 1 {
        return Some(first);
    }
    let Some(second) = draw(candidates, Some(first), rng) else { return Some(first) };
    Some(if cmp(first, second).is_gt() { second } else { first })
}
