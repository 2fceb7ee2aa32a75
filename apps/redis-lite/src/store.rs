//! The keyspace: a cell that all workers share, and that outlives every connection.
//!
//! | module | what |
//! |---|---|
//! | `shard` | a part of the keyspace, behind one lock |
//! | `value` | what a key can hold, a Rust type each |
//! | `sorted_set` | members in the order of their scores |
//! | `slots` | how many keys there may be |
//! | `scan` | walking over the keys while they change |
//! | `expiry` | finding keys whose time is over |
//! | `glob` | patterns of keys |
//!
//! A command locks the shards of its keys, in their order, for as long as it runs and no longer:
//! that is what makes it atomic, and why two commands cannot wait for each other.

mod expiry;
pub(crate) mod glob;
mod scan;
mod shard;
mod slots;
mod sorted_set;
mod value;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

pub use expiry::Sampled;
pub use shard::{Entry, Refused, Shard};
pub use slots::{NoSlot, Slots};
pub use sorted_set::SortedSet;
pub use value::{Hash, Kind, List, Set, Text, Value};

use slots::KeyCount;

/// How many parts there are: enough that the workers of a large machine seldom meet.
const SHARDS: usize = 64;

/// The keyspace, as somebody sees it who may make it hold so many keys. Cheap to clone: all clones
/// are the same keyspace.
#[derive(Debug, Clone)]
pub struct Store {
    cell: Arc<Cell>,
    max_keys: usize,
}

#[derive(Debug)]
struct Cell {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    keys: Arc<KeyCount>,
}

impl Store {
    /// An empty keyspace, for as many keys as memory holds.
    #[must_use]
    pub fn new() -> Self {
        let keys = Arc::<KeyCount>::default();
        let shard = |_| Mutex::new(Shard::new(Arc::clone(&keys)));
        let shards = (0..SHARDS).map(shard).collect();
        let cell = Cell { shards, hasher: RandomState::new(), keys };
        Self { cell: Arc::new(cell), max_keys: usize::MAX }
    }

    /// The same keyspace for somebody who may not make it hold more than `max_keys` keys.
    #[must_use]
    pub fn limited(&self, max_keys: usize) -> Self {
        Self { cell: Arc::clone(&self.cell), max_keys }
    }

    /// How many keys whoever has this may make it hold; none is as many as memory holds.
    #[must_use]
    pub fn max_keys(&self) -> Option<usize> {
        Some(self.max_keys).filter(|&max| max < usize::MAX)
    }

    /// How many keys there are, with those whose time is over but which nobody has come across.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cell.keys.used()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys have an end.
    #[must_use]
    pub fn expiring(&self) -> usize {
        self.cell.shards.iter().map(|shard| shard.lock().expiring()).sum()
    }

    /// Locks the shard of one key.
    pub fn lock(&self, key: &[u8]) -> MutexGuard<'_, Shard> {
        self.lock_at(self.index(key))
    }

    /// Locks the shards of all `keys`.
    pub fn lock_each<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Locked<'_> {
        let mut indices: Vec<usize> = keys.map(|key| self.index(key)).collect();
        indices.sort_unstable();
        indices.dedup();
        let guards = indices.into_iter().map(|index| (index, self.lock_at(index))).collect();
        Locked { store: self, guards }
    }

    /// Locks the whole keyspace, to look at it.
    pub fn lock_all(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.cell.shards.iter().map(Mutex::lock).collect()
    }

    /// Takes room for `count` new keys.
    ///
    /// # Errors
    /// If there is not as much.
    pub fn reserve(&self, count: usize) -> Result<Slots, NoSlot> {
        Slots::take(&self.cell.keys, count, self.max_keys)
    }

    /// Removes every key, and frees the memory when no lock is held any more.
    pub fn clear(&self) {
        let mut shards = self.lock_all();
        let removed: Vec<Shard> = shards.iter_mut().map(|shard| shard.split_off()).collect();
        drop(shards);
        drop(removed);
    }

    /// Whoever holds a shard brings their own bound along.
    fn lock_at(&self, index: usize) -> MutexGuard<'_, Shard> {
        let mut shard = self.cell.shards[index].lock();
        shard.max_keys = self.max_keys;
        shard
    }

    fn index(&self, key: &[u8]) -> usize {
        // The remainder keeps the low bits, as 64 is a power of two.
        (self.cell.hasher.hash_one(key) % SHARDS as u64) as usize
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

/// The shards of some keys, locked.
#[derive(Debug)]
pub struct Locked<'a> {
    store: &'a Store,
    /// In the order of their indices.
    guards: Vec<(usize, MutexGuard<'a, Shard>)>,
}

impl Locked<'_> {
    /// The shard of `key`, which is among those that were locked.
    ///
    /// # Panics
    /// If it is not.
    pub fn of(&mut self, key: &[u8]) -> &mut Shard {
        let index = self.store.index(key);
        let at = self.guards.partition_point(|(locked, _)| *locked < index);
        let (locked, shard) = &mut self.guards[at];
        assert_eq!(*locked, index, "the key's shard is not locked");
        shard
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
