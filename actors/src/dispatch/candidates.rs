//! The members among which a choice is made, and which of them may be chosen.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use trunkline_runtime::Message;

use super::member::Member;
use super::schedule::schedule;
use crate::roster::{Seat, Seats};

/// The members at one moment, with what is derived from them once for all messages.
pub(super) struct Table<M: Message> {
    seats: Seats<Member<M>>,
    schedule: OnceLock<Box<[u32]>>,
}

impl<M: Message> From<Seats<Member<M>>> for Table<M> {
    fn from(seats: Seats<Member<M>>) -> Self {
        Self { seats, schedule: OnceLock::new() }
    }
}

impl<M: Message> Table<M> {
    pub(super) fn seats(&self) -> &[Arc<Seat<Member<M>>>] {
        &self.seats
    }
}

/// A group as one message sees it: its members by index, less those that are closed and those that
/// it was tried with before.
pub struct Candidates<'a, M: Message> {
    table: &'a Table<M>,
    tried: &'a HashSet<u64>,
}

impl<'a, M: Message> Candidates<'a, M> {
    pub(super) fn new(table: &'a Table<M>, tried: &'a HashSet<u64>) -> Self {
        Self { table, tried }
    }

    /// How many members there are, whether they may be chosen or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.seats.len()
    }

    /// Whether there are no members at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.seats.is_empty()
    }

    /// Whether this member may be chosen. It may close at any moment.
    ///
    /// # Panics
    /// Like all that take an index: on one that is not below [`Self::len`].
    #[must_use]
    pub fn serves(&self, index: usize) -> bool {
        let seat = &self.table.seats[index];
        !self.tried.contains(&seat.ticket.turn()) && seat.who.recipient.is_open()
    }

    /// The members that may be chosen.
    pub fn serving(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|index| self.serves(*index))
    }

    /// The member's share against the others.
    #[must_use]
    pub fn weight(&self, index: usize) -> u32 {
        self.member(index).weight.get()
    }

    /// How many messages wait for it.
    #[must_use]
    pub fn waiting(&self, index: usize) -> u32 {
        self.member(index).recipient.waiting()
    }

    /// The hash of `key` by the member's own function: the same in every process.
    #[must_use]
    pub fn hash(&self, index: usize, key: u64) -> u64 {
        self.member(index).hasher().hash(&key.to_le_bytes())
    }

    /// One round of turns: each member as often as its weight says, spread evenly. At most 65,536
    /// turns, or one for each member if there are more: weights that add up to more are scaled down,
    /// by which each member is off its share by one turn of the round at most.
    #[must_use]
    pub fn schedule(&self) -> &'a [u32] {
        self.table.schedule.get_or_init(|| {
            let weights: Vec<u32> = (0..self.len()).map(|index| self.weight(index)).collect();
            schedule(&weights)
        })
    }

    fn member(&self, index: usize) -> &'a Member<M> {
        &self.table.seats[index].who
    }
}

impl<M: Message> fmt::Debug for Candidates<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidates")
            .field("members", &self.len())
            .field("tried", &self.tried.len())
            .finish_non_exhaustive()
    }
}
