//! Finding a child by its id, without a second copy of the id: of connections there are many.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use slab::Slab;

use crate::spec::ChildId;

use super::entry::Entry;

/// The indexes of entries by their ids.
#[derive(Default)]
pub(super) struct Ids {
    indexes: HashTable<u32>,
    hasher: Hasher,
}

impl Ids {
    /// The index of the entry whose id is `id`.
    pub(super) fn find<P>(&self, id: &ChildId, entries: &Slab<Entry<P>>) -> Option<u32> {
        let is_it = |index: &u32| entries[*index as usize].terms.id == *id;
        self.indexes.find(self.hasher.hash(id), is_it).copied()
    }

    /// Takes in the entry at `index`, whose id no other has.
    pub(super) fn insert<P>(&mut self, index: u32, entries: &Slab<Entry<P>>) {
        let hash = |index: &u32| self.hasher.hash(&entries[*index as usize].terms.id);
        self.indexes.insert_unique(hash(&index), index, hash);
    }

    /// Forgets the entry that was at `index`.
    pub(super) fn remove(&mut self, id: &ChildId, index: u32) {
        let hash = self.hasher.hash(id);
        if let Ok(found) = self.indexes.find_entry(hash, |other| *other == index) {
            found.remove();
        }
    }
}

/// SipHash for names; for numbers, which are hashed three times for every connection, one
/// multiplication under keys that nobody outside knows.
struct Hasher {
    names: RandomState,
    keys: [u64; 2],
}

impl Default for Hasher {
    fn default() -> Self {
        let names = RandomState::new();
        // An even factor would lose a bit of each number.
        let keys = [names.hash_one(0), names.hash_one(1) | 1];
        Self { names, keys }
    }
}

impl Hasher {
    fn hash(&self, id: &ChildId) -> u64 {
        match id {
            ChildId::Name(name) => self.names.hash_one(name),
            ChildId::Number(number) => {
                let [mask, factor] = self.keys;
                let product = u128::from(number ^ mask) * u128::from(factor);
                // Each half alone is weak at one end; the table uses both ends.
                (product >> 64) as u64 ^ product as u64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_in_a_row_spread_over_both_ends_of_their_hashes() {
        let hasher = Hasher::default();
        let hashes: Vec<u64> = (0..4096).map(|n| hasher.hash(&ChildId::Number(n))).collect();
        // Of 4,096 values at random, 63% of as many places are met; a bad key is worse by far.
        let low: HashSet<u64> = hashes.iter().map(|hash| hash & 0xfff).collect();
        let high: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert!(low.len() > 1024, "{}", low.len());
        assert!(high.len() > 64, "{}", high.len());
    }
}
