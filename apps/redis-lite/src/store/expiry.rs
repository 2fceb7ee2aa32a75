//! Finding keys whose time is over, though nobody asks for them.
//!
//! As redis does (`expire.c`): look at some keys by chance, and go on while many of them are over.
//! Few are left then, and they are found later, at a cost that depends on how many there are and
//! not on how many keys there are.

use fastrand::Rng;
use tokio::time::Instant;

use super::{Shard, Store};

/// Keys that are looked at under one lock.
const SAMPLE: usize = 20;

/// Looks at one shard until the next has its turn.
const ROUNDS: usize = 16;

/// What a look found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sampled {
    /// Keys that were looked at.
    pub looked: usize,
    /// Keys of these that were over, and are removed.
    pub expired: usize,
}

impl Sampled {
    /// More than a quarter was over: it is worth to look again.
    fn is_worth_more(self) -> bool {
        self.expired * 4 > self.looked
    }
}

impl Store {
    /// Removes keys whose time is over from all shards, each locked for 20 keys at most.
    pub fn expire(&self, now: Instant, rng: &mut Rng) -> Sampled {
        let mut total = Sampled::default();
        for shard in &self.cell.shards {
            for _ in 0..ROUNDS {
                let mut removed = Vec::new();
                let sampled = shard.lock().sample(now, rng, &mut removed);
                drop(removed);
                total.looked += sampled.looked;
                total.expired += sampled.expired;
                if !sampled.is_worth_more() {
                    break;
                }
            }
        }
        total
    }
}

impl Shard {
    fn sample(
        &mut self,
        now: Instant,
        rng: &mut Rng,
        removed: &mut Vec<super::shard::Removed>,
    ) -> Sampled {
        let mut sampled = Sampled::default();
        for _ in 0..SAMPLE.min(self.expiring.len()) {
            if self.expiring.is_empty() {
                break;
            }
            let Some(key) = self.expiring.get_index(rng.usize(..self.expiring.len())) else {
                break;
            };
            sampled.looked += 1;
            let over = self.entries.get(key).and_then(|entry| entry.expires);
            if over.is_none_or(|at| at <= now) {
                let key = key.clone();
                removed.extend(self.remove_stored(&key));
                sampled.expired += 1;
            }
        }
        sampled
    }
}
