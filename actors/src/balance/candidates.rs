//! The members among which one request chooses.

use tokio::time::Instant;

use super::{Tier, View};
use crate::backend::BackendId;
use crate::pool::Member;

/// A tier as one request sees it at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    pub(crate) tier: &'a Tier,
    pub(crate) view: &'a View,
    /// Those that have already failed this request.
    pub(crate) excluded: &'a [BackendId],
    /// The most leases of one backend.
    pub(crate) limit: Option<u32>,
    /// What the hashes hash, if the request has it.
    pub(crate) hash: Option<u64>,
    /// Leases of the whole pool, with this one.
    pub(crate) in_flight: u32,
    pub(crate) now: Instant,
}

impl<'a> Candidates<'a> {
    /// All members of the tier.
    #[must_use]
    pub fn members(&self) -> &'a [Member] {
        self.tier.members()
    }

    /// What all of them can do at the moment.
    #[must_use]
    pub fn view(&self) -> &'a View {
        self.view
    }

    /// Whether this member may be chosen.
    #[must_use]
    pub fn may_serve(&self, index: usize) -> bool {
        if self.view.weight(index) == 0 {
            return false;
        }
        let backend = &self.members()[index].backend;
        self.limit.is_none_or(|limit| backend.in_flight() < limit)
            && !self.excluded.contains(&backend.id())
    }

    /// The members that may be chosen, with what each weighs.
    pub fn serving(&self) -> impl Iterator<Item = (usize, &'a Member, u32)> {
        let (members, view) = (self.members(), self.view);
        let serving = view.serving().iter().map(|index| *index as usize);
        serving
            .filter(|index| self.may_serve(*index))
            .map(|index| (index, &members[index], view.weight(index)))
    }

    /// What the hashes hash: by chance where the request does not have it.
    pub fn hash(&self, rng: &mut fastrand::Rng) -> u64 {
        self.hash.unwrap_or_else(|| rng.u64(..))
    }

    /// Leases of the whole pool, with this one.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// When the choice is made.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }
}
