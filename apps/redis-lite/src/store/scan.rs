//! Walking over the keys while they change.
//!
//! A shard is walked from its end to its start. Where a key is removed, the last one takes its
//! place: that one has been passed already, so whatever is there from the first call of a walk to
//! its last is seen at least once. That is the guarantee of redis, which walks its tables by
//! counting in reversed bits to the same end.

use bytes::Bytes;
use tokio::time::Instant;

use super::value::Value;
use super::{SHARDS, Shard, Store};

/// The bits of a cursor that name the shard.
const SHARD_BITS: u32 = SHARDS.trailing_zeros();

/// Where a walk goes on. As a number, 0 is the start and the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    shard: usize,
    /// How many keys of the shard are still to be passed; 0 before the first.
    left: usize,
}

impl Cursor {
    fn from_number(number: u64) -> Self {
        let shard = (number % SHARDS as u64) as usize;
        Self { shard, left: usize::try_from(number >> SHARD_BITS).unwrap_or(usize::MAX) }
    }

    fn number(self) -> u64 {
        (self.left as u64) << SHARD_BITS | self.shard as u64
    }
}

impl Store {
    /// Passes about `count` keys from `cursor` on, which is 0 at the start, and hands each to
    /// `see`. Returns where to go on: 0 at the end.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        now: Instant,
        mut see: impl FnMut(&Bytes, &Value),
    ) -> u64 {
        let mut cursor = Cursor::from_number(cursor);
        let mut budget = count.max(1);
        while budget > 0 {
            let shard = self.cell.shards[cursor.shard].lock();
            let end = if cursor.left == 0 { shard.entries.len() } else { cursor.left };
            let end = end.min(shard.entries.len());
            let start = end.saturating_sub(budget);
            shard.look(start, end, now, &mut see);
            // An empty shard costs something as well, or a walk over many would be one long call.
            budget -= (end - start).max(1).min(budget);
            cursor.left = start;
            if start == 0 {
                cursor.shard += 1;
                if cursor.shard == SHARDS {
                    return 0;
                }
            }
        }
        cursor.number()
    }
}

impl Shard {
    /// Hands every key to `see`.
    pub fn each(&self, now: Instant, mut see: impl FnMut(&Bytes, &Value)) {
        self.look(0, self.entries.len(), now, &mut see);
    }

    fn look(&self, start: usize, end: usize, now: Instant, see: &mut impl FnMut(&Bytes, &Value)) {
        let Some(entries) = self.entries.get_range(start..end) else {
            return;
        };
        for (key, entry) in entries {
            if entry.expires.is_none_or(|at| at > now) {
                see(key, &entry.value);
            }
        }
    }
}
