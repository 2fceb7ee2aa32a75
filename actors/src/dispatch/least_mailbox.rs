//! The member that has the least to do.

use std::cmp::Ordering;
use std::sync::atomic::AtomicU64;

use trunkline_runtime::Message;

use super::round_robin::next_turn;
use super::{Candidates, Choose};

/// The member with the fewest messages waiting for its weight. Members that have equally few, as
/// those of an idle group, are taken in turn, as often as their weights say.
#[derive(Debug, Default)]
pub struct LeastMailbox {
    cursor: AtomicU64,
}

impl<M: Message> Choose<M> for LeastMailbox {
    fn name(&self) -> &'static str {
        "least_mailbox"
    }

    fn choose(&self, _: &M, among: &Candidates<'_, M>) -> Option<usize> {
        let load = |index| Load { waiting: among.waiting(index), weight: among.weight(index) };
        let mut least: Option<(usize, Load)> = None;
        let mut tied = false;
        for (index, load) in among.serving().map(|index| (index, load(index))) {
            match least.map_or(Ordering::Less, |(_, least)| load.cmp(least)) {
                Ordering::Less => (least, tied) = (Some((index, load)), false),
                Ordering::Equal => tied = true,
                Ordering::Greater => {}
            }
        }
        let (first, least) = least?;
        if !tied {
            return Some(first);
        }
        // They work meanwhile: one that has even less by now is as good, and if all have been given
        // more in between, the first was the least when it was looked at.
        let turn = next_turn(&self.cursor, among, |index| load(index).cmp(least).is_le());
        Some(turn.unwrap_or(first))
    }
}

/// Messages for a weight, as a fraction.
#[derive(Clone, Copy)]
struct Load {
    waiting: u32,
    weight: u32,
}

impl Load {
    /// By multiplying crosswise: a division would round.
    fn cmp(self, other: Self) -> Ordering {
        let (waiting, others) = (u64::from(self.waiting), u64::from(other.waiting));
        (waiting * u64::from(other.weight)).cmp(&(others * u64::from(self.weight)))
    }
}
