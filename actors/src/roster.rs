//! Who belongs to a group: joined and left in constant time, and read whole without a lock.
//!
//! Seats are a slab under a mutex; readers get a list of it that is built when it is next needed
//! after a change. Ten thousand who join in a row therefore cost one list, not ten thousand.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use slab::Slab;

/// Names a seat. The turn tells apart who sat in the same place one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    place: usize,
    turn: u64,
}

impl Ticket {
    /// Unlike any other's in the same roster, ever.
    pub(crate) fn turn(self) -> u64 {
        self.turn
    }
}

/// Who belongs, with their ticket.
#[derive(Debug)]
pub(crate) struct Seat<T> {
    pub(crate) ticket: Ticket,
    pub(crate) who: T,
}

/// All seats at one moment, in no order that means anything.
pub(crate) type Seats<T> = Vec<Arc<Seat<T>>>;

/// The table; `L` is what its readers get.
pub(crate) struct Roster<T, L = Seats<T>> {
    count: AtomicUsize,
    table: Mutex<Table<T, L>>,
}

struct Table<T, L> {
    seats: Slab<Arc<Seat<T>>>,
    turns: u64,
    list: Option<Arc<L>>,
}

impl<T, L: From<Seats<T>>> Roster<T, L> {
    pub(crate) fn new() -> Self {
        let table = Table { seats: Slab::new(), turns: 0, list: None };
        Self { count: AtomicUsize::new(0), table: Mutex::new(table) }
    }

    /// Gives a seat to `who`.
    pub(crate) fn join(&self, who: T) -> Ticket {
        self.seat(self.table.lock(), who)
    }

    /// Gives one of `limit` seats to `who`, or hands it back if they are taken.
    pub(crate) fn join_within(&self, limit: usize, who: T) -> Result<Ticket, T> {
        let table = self.table.lock();
        if table.seats.len() < limit { Ok(self.seat(table, who)) } else { Err(who) }
    }

    fn seat(&self, mut table: MutexGuard<'_, Table<T, L>>, who: T) -> Ticket {
        let ticket = Ticket { place: table.seats.vacant_key(), turn: table.turns };
        table.turns += 1;
        table.seats.insert(Arc::new(Seat { ticket, who }));
        let outdated = table.list.take();
        self.count.store(table.seats.len(), Ordering::Relaxed);
        drop(table);
        // Perhaps the last holder of a long list.
        drop(outdated);
        ticket
    }

    /// Empties a seat; false if that was done before.
    pub(crate) fn leave(&self, ticket: Ticket) -> bool {
        let mut table = self.table.lock();
        if table.seats.get(ticket.place).is_none_or(|seat| seat.ticket != ticket) {
            return false;
        }
        let left = table.seats.remove(ticket.place);
        let outdated = table.list.take();
        self.count.store(table.seats.len(), Ordering::Relaxed);
        drop(table);
        // Destructors of others run without the lock.
        drop((left, outdated));
        true
    }

    /// The seats as they are.
    pub(crate) fn list(&self) -> Arc<L> {
        let mut table = self.table.lock();
        let Table { seats, list, .. } = &mut *table;
        let build = || Arc::new(L::from(seats.iter().map(|(_, seat)| Arc::clone(seat)).collect()));
        Arc::clone(list.get_or_insert_with(build))
    }

    /// How many seats are taken; without the lock, so also while a blocked thread holds it.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

trait Leave: Send + Sync {
    fn leave(&self, ticket: Ticket) -> bool;
}

impl<T: Send + Sync, L: From<Seats<T>> + Send + Sync> Leave for Roster<T, L> {
    fn leave(&self, ticket: Ticket) -> bool {
        Roster::leave(self, ticket)
    }
}

/// A place among the members, given up on drop. An actor that keeps it in its state leaves with
/// every crash too, and joins again when it is started.
#[must_use = "whoever drops it leaves at once"]
pub struct Membership {
    // Weak: a member that is left over does not keep a whole group alive.
    roster: Weak<dyn Leave>,
    ticket: Ticket,
}

impl Membership {
    pub(crate) fn new<T, L>(roster: &Arc<Roster<T, L>>, ticket: Ticket) -> Self
    where
        T: Send + Sync + 'static,
        L: From<Seats<T>> + Send + Sync + 'static,
    {
        let roster: Weak<Roster<T, L>> = Arc::downgrade(roster);
        Self { roster, ticket }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if let Some(roster) = self.roster.upgrade() {
            roster.leave(self.ticket);
        }
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Membership").field(&self.ticket).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use proptest::prelude::*;

    use super::*;

    static LISTS: AtomicU32 = AtomicU32::new(0);

    struct Counted(Seats<u32>);

    impl From<Seats<u32>> for Counted {
        fn from(seats: Seats<u32>) -> Self {
            LISTS.fetch_add(1, Ordering::Relaxed);
            Self(seats)
        }
    }

    #[test]
    fn ten_thousand_who_join_and_leave_cost_two_lists() {
        let roster = Roster::<u32, Counted>::new();
        let tickets: Vec<_> = (0..10_000).map(|who| roster.join(who)).collect();
        assert_eq!(roster.list().0.len(), 10_000);
        assert_eq!(roster.list().0.len(), 10_000);
        tickets.into_iter().for_each(|ticket| assert!(roster.leave(ticket)));
        assert!(roster.list().0.is_empty());
        assert_eq!(LISTS.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_old_ticket_does_not_empty_the_seat_of_who_came_after() {
        let roster = Roster::<&str>::new();
        let first = roster.join_within(1, "first").unwrap();
        assert_eq!(roster.join_within(1, "second"), Err("second"));
        assert!(roster.leave(first));
        let second = roster.join_within(1, "second").unwrap();
        assert_eq!(first.place, second.place);
        assert!(!roster.leave(first));
        assert_eq!(roster.list()[0].who, "second");
    }

    proptest! {
        #[test]
        fn the_list_holds_who_joined_and_has_not_left(
            steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..200),
        ) {
            let roster = Roster::<usize>::new();
            let mut model = Vec::new();
            for (number, (leaves, which)) in steps.into_iter().enumerate() {
                if leaves && !model.is_empty() {
                    let (_, ticket) = model.swap_remove(which.index(model.len()));
                    prop_assert!(roster.leave(ticket));
                    prop_assert!(!roster.leave(ticket));
                } else if let Ok(ticket) = roster.join_within(20, number) {
                    model.push((number, ticket));
                } else {
                    prop_assert_eq!(model.len(), 20);
                }
                let mut listed: Vec<_> = roster.list().iter().map(|seat| seat.who).collect();
                let mut expected: Vec<_> = model.iter().map(|(number, _)| *number).collect();
                listed.sort_unstable();
                expected.sort_unstable();
                prop_assert_eq!(roster.len(), expected.len());
                prop_assert_eq!(listed, expected);
            }
        }
    }
}
