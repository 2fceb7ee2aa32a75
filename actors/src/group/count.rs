//! What became of the copies of a message.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What became of the copies of one broadcast. Together they are as many as there were members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Taken into the member's mailbox.
    pub delivered: u64,
    /// Missed by a member whose mailbox was full.
    pub dropped: u64,
    /// Missed by a member that was asked to end for it.
    pub disconnected: u64,
    /// Meant for a member that has ended or is parked.
    pub gone: u64,
}

/// The sums over all broadcasts of a group.
#[derive(Debug, Default)]
pub(super) struct Totals {
    delivered: AtomicU64,
    dropped: AtomicU64,
    disconnected: AtomicU64,
    gone: AtomicU64,
}

impl Totals {
    pub(super) fn add(&self, delivery: &Delivery) {
        let Delivery { delivered, dropped, disconnected, gone } = *delivery;
        self.delivered.fetch_add(delivered, Relaxed);
        self.dropped.fetch_add(dropped, Relaxed);
        self.disconnected.fetch_add(disconnected, Relaxed);
        self.gone.fetch_add(gone, Relaxed);
    }

    pub(super) fn get(&self) -> Delivery {
        Delivery {
            delivered: self.delivered.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            disconnected: self.disconnected.load(Relaxed),
            gone: self.gone.load(Relaxed),
        }
    }
}
