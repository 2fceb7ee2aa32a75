//! A part of the keyspace, behind one lock.

use std::hash::RandomState;
use std::sync::Arc;

use bytes::Bytes;
use indexmap::{IndexMap, IndexSet};
use thiserror::Error;
use tokio::time::Instant;

use super::slots::{KeyCount, NoSlot, Slots};
use super::value::{Kind, Value};

/// Why a key cannot be used as it was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// It holds something of another type.
    #[error("the key holds another type")]
    WrongType,
    /// It would be one too many.
    #[error(transparent)]
    NoSlot(#[from] NoSlot),
}

/// What is known of a key.
#[derive(Debug)]
pub struct Entry {
    /// What it holds.
    pub value: Value,
    /// When it ends.
    pub expires: Option<Instant>,
}

/// A key that is none any more, and its place in the count of keys until this is dropped.
///
/// Drop it when the lock is released: it may be large.
#[derive(Debug)]
pub struct Removed {
    pub(crate) entry: Entry,
    pub(crate) slot: Slots,
}

/// A part of the keyspace. A key whose time is over is removed when it is come across: whoever is
/// handed `now` never sees one.
#[derive(Debug)]
pub struct Shard {
    /// An index map, as a place in it can be scanned from and chosen by chance.
    pub(super) entries: IndexMap<Bytes, Entry, RandomState>,
    /// The keys that have an end: exactly those whose entry says so.
    pub(super) expiring: IndexSet<Bytes, RandomState>,
    keys: Arc<KeyCount>,
    /// How many keys there may be in all, for whoever holds the lock.
    pub(super) max_keys: usize,
}

impl Shard {
    pub(super) fn new(keys: Arc<KeyCount>) -> Self {
        Self { entries: IndexMap::default(), expiring: IndexSet::default(), keys, max_keys: 0 }
    }

    /// Everything in it; what is left is empty.
    pub(super) fn split_off(&mut self) -> Self {
        let empty = Self::new(Arc::clone(&self.keys));
        std::mem::replace(self, empty)
    }

    pub(super) fn expiring(&self) -> usize {
        self.expiring.len()
    }

    /// What is known of a key.
    pub fn entry(&mut self, key: &[u8], now: Instant) -> Option<&mut Entry> {
        let index = self.entries.get_index_of(key)?;
        if self.entries[index].expires.is_some_and(|at| at <= now) {
            self.remove_stored(key);
            return None;
        }
        Some(&mut self.entries[index])
    }

    /// Whether there is such a key.
    pub fn contains(&mut self, key: &[u8], now: Instant) -> bool {
        self.entry(key, now).is_some()
    }

    /// What a key holds.
    ///
    /// # Errors
    /// If it holds another type.
    pub fn read<T: Kind>(&mut self, key: &[u8], now: Instant) -> Result<Option<&T>, Refused> {
        match self.entry(key, now) {
            Some(entry) => T::of(&entry.value).ok_or(Refused::WrongType).map(Some),
            None => Ok(None),
        }
    }

    /// Changes what a key holds; a collection that is empty then is removed. `None` without such a
    /// key.
    ///
    /// # Errors
    /// If it holds another type.
    pub fn edit<T: Kind, R>(
        &mut self,
        key: &[u8],
        now: Instant,
        edit: impl FnOnce(&mut T) -> R,
    ) -> Result<Option<R>, Refused> {
        let Some(entry) = self.entry(key, now) else {
            return Ok(None);
        };
        let held = T::of_mut(&mut entry.value).ok_or(Refused::WrongType)?;
        let result = edit(held);
        if held.is_spent() {
            self.remove_stored(key);
        }
        Ok(Some(result))
    }

    /// What a key holds, to be added to: without such a key, one with nothing in it is made.
    ///
    /// # Errors
    /// If it holds another type, or is one too many.
    pub fn obtain<T: Kind>(&mut self, key: &[u8], now: Instant) -> Result<&mut T, Refused> {
        if !self.contains(key, now) {
            Slots::take(&self.keys, 1, self.max_keys)?.spend();
            let entry = Entry { value: T::default().wrap(), expires: None };
            self.entries.insert(Bytes::copy_from_slice(key), entry);
        }
        let held = self.entries.get_mut(key).and_then(|entry| T::of_mut(&mut entry.value));
        held.ok_or(Refused::WrongType)
    }

    /// Makes a key hold `value` until `expires`, whatever it held before; that is handed back.
    ///
    /// # Errors
    /// If it is one too many.
    pub fn put(
        &mut self,
        key: &[u8],
        value: Value,
        expires: Option<Instant>,
        now: Instant,
    ) -> Result<Option<Value>, NoSlot> {
        let new = !self.contains(key, now);
        let mut slots = Slots::take(&self.keys, usize::from(new), self.max_keys)?;
        self.put_into(&mut slots, key, Entry { value, expires }, now)
    }

    /// As [`Self::put`], with the room that a new key needs taken from `slots`.
    ///
    /// # Errors
    /// If the key is new, and `slots` has no more room.
    pub fn put_into(
        &mut self,
        slots: &mut Slots,
        key: &[u8],
        entry: Entry,
        now: Instant,
    ) -> Result<Option<Value>, NoSlot> {
        let expires = entry.expires;
        let old = match self.entry(key, now) {
            Some(old) => Some(std::mem::replace(old, entry).value),
            None if slots.spend() => {
                self.entries.insert(Bytes::copy_from_slice(key), entry);
                None
            }
            None => return Err(NoSlot),
        };
        self.note_expiry(key, expires);
        Ok(old)
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &[u8], now: Instant) -> Option<Removed> {
        self.entry(key, now)?;
        self.remove_stored(key)
    }

    /// Sets a key's end, or takes it away; whether there is such a key.
    pub fn set_expiry(&mut self, key: &[u8], at: Option<Instant>, now: Instant) -> bool {
        let Some(entry) = self.entry(key, now) else {
            return false;
        };
        entry.expires = at;
        self.note_expiry(key, at);
        true
    }

    /// Removes a key, whether its time is over or not.
    pub(super) fn remove_stored(&mut self, key: &[u8]) -> Option<Removed> {
        let entry = self.entries.swap_remove(key)?;
        if entry.expires.is_some() {
            self.expiring.swap_remove(key);
        }
        Some(Removed { entry, slot: Slots::freed(&self.keys, 1) })
    }

    fn note_expiry(&mut self, key: &[u8], at: Option<Instant>) {
        if at.is_none() {
            self.expiring.swap_remove(key);
        } else if let Some((key, _)) = self.entries.get_key_value(key)
            && !self.expiring.contains(key)
        {
            self.expiring.insert(key.clone());
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        drop(Slots::freed(&self.keys, self.entries.len()));
    }
}
