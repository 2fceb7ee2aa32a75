//! Members that stand for each other.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::{Balance, Balancing};
use crate::pool::Member;

/// Members of one rank: of the same priority, of one's own zone or of others, proper or backups.
#[derive(Debug)]
pub struct Tier {
    members: Vec<Member>,
    balance: Box<dyn Balance>,
    /// The indices of the members by the tags of their backends, in the order of the tags.
    tags: Box<[(u64, u32)]>,
}

/// Members of a lower rank come first.
fn rank(member: &Member) -> (bool, u8, bool) {
    (member.backup, member.priority, member.foreign)
}

impl Tier {
    pub(crate) fn new(members: Vec<Member>, balancing: &Balancing, turn: &Arc<AtomicU64>) -> Self {
        // There are not 2^32 members.
        let mut tags: Vec<_> = members.iter().map(|member| member.backend.tag()).zip(0..).collect();
        tags.sort_unstable();
        Self { balance: balancing.over(&members, turn), members, tags: tags.into() }
    }

    /// Members by rank, those of one rank in the order given. `turn` counts the
    /// turns of the pool.
    pub(crate) fn all(
        mut members: Vec<Member>,
        balancing: &Balancing,
        turn: &Arc<AtomicU64>,
    ) -> Box<[Self]> {
        members.sort_by_key(rank);
        let of_rank = members.chunk_by(|one, other| rank(one) == rank(other));
        of_rank.map(|members| Self::new(members.to_vec(), balancing, turn)).collect()
    }

    /// The members, in the order of the configuration.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The index of the member whose backend has this tag.
    pub(crate) fn find(&self, tag: u64) -> Option<usize> {
        let place = self.tags.binary_search_by_key(&tag, |(tag, _)| *tag).ok()?;
        Some(self.tags[place].1 as usize)
    }

    /// How one of them is chosen.
    pub(crate) fn balance(&self) -> &dyn Balance {
        &*self.balance
    }

    /// Whether it serves only when no other can.
    pub(crate) fn is_backup(&self) -> bool {
        self.members.first().is_some_and(|member| member.backup)
    }
}
