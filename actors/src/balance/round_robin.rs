//! Each member in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::random::draw;
use super::{Balance, Candidates};

/// How many members whose turn it is may be passed over because they may not be chosen, before one is
/// drawn instead: in a pool at its limits the search would go on for rounds.
const PASSED_OVER: u32 = 8;

/// How many rounds are searched for a turn. One holds a turn of the heaviest at least, so that the
/// bound is reached only if other workers are always quicker.
const ROUNDS: usize = 16;

/// The fractional part of the golden ratio, in parts of 2^32: multiples of it are spread evenly.
const GOLDEN: u32 = 0x9e37_79b9;

/// Weighted round robin by a static stride (gRFC A58, as in gRPC's `StaticStrideScheduler`): the
/// members that serve are gone through again and again, and each is passed over in so many rounds as
/// its weight is less than the greatest. One counter for all workers, so that the order holds for the
/// pool and not for each worker. Nothing is worked out beforehand, so weights may change at any time.
///
/// Members of equal weight have exactly one turn each in a round. Of different weights each has
/// exactly its share of turns in as many rounds as the greatest weight has parts, and is within two
/// turns of it at any time. A choice takes as many steps on average as the greatest weight is times
/// the mean.
#[derive(Debug)]
pub struct RoundRobin {
    turn: Arc<AtomicU64>,
}

impl RoundRobin {
    /// With a counter that outlives changes of the members: the round goes on where it was.
    #[must_use]
    pub fn new(turn: &Arc<AtomicU64>) -> Self {
        Self { turn: Arc::clone(turn) }
    }
}

impl Balance for RoundRobin {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let view = candidates.view();
        let serving = view.serving();
        let mut passed_over = 0;
        for _ in 0..serving.len().saturating_mul(ROUNDS) {
            // Taken for good, whether it is used or not: so the turns of a member that may not be
            // chosen fall to all others, and not to the one behind it.
            let turn = self.turn.fetch_add(1, Relaxed);
            let (round, place) = (turn / serving.len() as u64, turn % serving.len() as u64);
            let index = serving[place as usize];
            if !has_turn(index, view.weight(index as usize), view.heaviest(), round) {
                continue;
            }
            if candidates.may_serve(index as usize) {
                return Some(index as usize);
            }
            passed_over += 1;
            if passed_over == PASSED_OVER {
                break;
            }
        }
        draw(candidates, None, rng)
    }
}

/// Whether a member has a turn in this round: in `weight` of every `heaviest` rounds, evenly.
fn has_turn(index: u32, weight: u32, heaviest: u32, round: u64) -> bool {
    if weight == heaviest {
        return true;
    }
    let (weight, heaviest) = (u64::from(weight), u64::from(heaviest));
    // Each begins elsewhere: members of the same small weight would else have their turns in the same
    // round, and the heaviest all turns of many rounds in a row.
    let phase = (u64::from(index.wrapping_mul(GOLDEN)) * heaviest) >> 32;
    (weight * (round % heaviest) + phase) % heaviest >= heaviest - weight
}
