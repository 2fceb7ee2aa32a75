//! Each member in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{Balance, Candidates};

/// Weighted round robin by a static stride (gRFC A58, as in gRPC's `StaticStrideScheduler`): the
/// members that serve are gone through again and again, and each is passed over in so many rounds as
/// its weight is less than the greatest. One cursor for all workers, so that the order holds for the
/// pool and not for each worker. Nothing is worked out beforehand, so weights may change at any time.
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
    fn choose(&self, candidates: &Candidates<'_>, _: &mut fastrand::Rng) -> Option<usize> {
        let serving = candidates.view().serving();
        let turn = self.turn.fetch_add(1, Relaxed);
        let place = turn.checked_rem(serving.len() as u64)? as usize;
        let (before, from) = serving.split_at(place);
        from.iter().chain(before).map(|index| *index as usize).find(|i| candidates.may_serve(*i))
    }
}
