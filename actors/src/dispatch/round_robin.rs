//! Each member in turn.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use trunkline_runtime::Message;

use super::{Candidates, Choose};

/// Weighted round robin, in one order for all who send.
///
/// A turn whose member may not be chosen goes to the next, and the order moves on behind that one,
/// so that the turns of a member that is closed fall to all others.
#[derive(Debug, Default)]
pub struct RoundRobin {
    cursor: AtomicU64,
}

impl<M: Message> Choose<M> for RoundRobin {
    fn name(&self) -> &'static str {
        "round_robin"
    }

    fn choose(&self, _: &M, among: &Candidates<'_, M>) -> Option<usize> {
        next_turn(&self.cursor, among, |_| true)
    }
}

/// The next in the schedule that serves and is `wanted`. Taken by comparison: two threads never
/// take the same turn, nor does one pass over a turn that another could have used.
pub(super) fn next_turn<M: Message>(
    cursor: &AtomicU64,
    among: &Candidates<'_, M>,
    wanted: impl Fn(usize) -> bool,
) -> Option<usize> {
    let schedule = among.schedule();
    let round = schedule.len() as u64;
    let mut now = cursor.load(Relaxed);
    loop {
        // At most one round: `round` is not 0 where the body is reached.
        let (turn, chosen) = (now..now + round)
            .map(|turn| (turn, schedule[(turn % round) as usize] as usize))
            .find(|(_, index)| among.serves(*index) && wanted(*index))?;
        match cursor.compare_exchange_weak(now, turn + 1, Relaxed, Relaxed) {
            Ok(_) => return Some(chosen),
            Err(moved) => now = moved,
        }
    }
}
