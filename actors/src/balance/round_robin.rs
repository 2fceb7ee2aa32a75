//! Each member in turn.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{Balance, Candidates};

/// Weighted round robin over the tier's schedule. One cursor for all workers, so that the order
/// holds for the pool and not for each worker.
///
/// A slot whose member may not serve is passed over together with those before it: its turn goes
/// to the next slot and the cursor moves behind that one, so that the turns of a member that is
/// out fall to all others and not only to the one that follows it.
#[derive(Debug, Default)]
pub struct RoundRobin {
    cursor: AtomicU64,
}

impl Balance for RoundRobin {
    fn choose(&self, candidates: &Candidates<'_>, _: &mut fastrand::Rng) -> Option<usize> {
        let (members, schedule) = (candidates.members(), candidates.schedule());
        let round = schedule.len() as u64;
        let mut cursor = self.cursor.load(Relaxed);
        loop {
            // At most one round: `round` is not 0 where the body is reached.
            let (slot, chosen) = (cursor..cursor + round)
                .map(|slot| (slot, schedule[(slot % round) as usize]))
                .find(|(_, index)| candidates.serves(&members[*index]))?;
            // Taken by comparison: two workers never take the same slot, nor does one pass over
            // a slot that another could have used.
            match self.cursor.compare_exchange_weak(cursor, slot + 1, Relaxed, Relaxed) {
                Ok(_) => return Some(chosen),
                Err(moved) => cursor = moved,
            }
        }
    }
}
