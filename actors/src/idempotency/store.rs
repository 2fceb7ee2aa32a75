//! The state of every key, as pure code.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use hashlink::LinkedHashMap;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

/// What is known of a key. Each key is in one of the three maps at most.
pub(super) struct Store<K, V> {
    capacity: usize,
    ttl: Duration,
    /// Whoever waits is woken through the notifier, which is made when somebody does.
    running: HashMap<K, Option<Arc<Notify>>>,
    /// The earliest answered first, which is that which expires first.
    answered: LinkedHashMap<K, (V, Instant)>,
    /// The earliest interrupted first.
    interrupted: LinkedHashMap<K, Instant>,
}

/// What became of a claim.
#[derive(Debug)]
pub(super) enum Found<V> {
    First,
    Repeated(V),
    Running,
    Interrupted,
    Full,
}

/// An entry that was removed, with its answer if it had one: authors' values, which are not dropped
/// under a lock.
pub(super) type Removed<K, V> = Option<(K, Option<V>)>;

impl<K: Eq + Hash, V> Store<K, V> {
    pub(super) fn new(capacity: usize, ttl: Duration) -> Self {
        Self {
            capacity,
            ttl,
            running: HashMap::new(),
            answered: LinkedHashMap::new(),
            interrupted: LinkedHashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.running.len() + self.answered.len() + self.interrupted.len()
    }

    /// Claims `key`: on [`Found::First`] it is running. A claim adds one entry and removes up to two
    /// that expired, so that the store shrinks again without ever pausing for it.
    pub(super) fn claim(&mut self, key: &K, now: Instant) -> (Found<V>, [Removed<K, V>; 3])
    where
        K: Clone,
        V: Clone,
    {
        if self.running.contains_key(key) {
            return (Found::Running, Default::default());
        }
        if let Some((answer, at)) = self.answered.get(key)
            && !self.is_past(*at, now)
        {
            return (Found::Repeated(answer.clone()), Default::default());
        }
        if let Some(at) = self.interrupted.get(key)
            && !self.is_past(*at, now)
        {
            return (Found::Interrupted, Default::default());
        }
        // The key's own entry is not always the first in line: threads read the clock in any order.
        let mut removed = [self.forget(key), self.remove_expired(now), self.remove_expired(now)];
        if self.len() >= self.capacity {
            // Nothing was removed above, so each slot is free.
            removed[0] = self.answered.pop_front().map(answered);
        }
        if self.len() >= self.capacity {
            return (Found::Full, removed);
        }
        self.running.insert(key.clone(), None);
        (Found::First, removed)
    }

    /// Ready once `key` is running no more; none if it is not running. It hears of the end from its
    /// creation on, so one that is made under the lock misses nothing.
    pub(super) fn ended(&mut self, key: &K) -> Option<OwnedNotified> {
        let notify = self.running.get_mut(key)?.get_or_insert_default();
        Some(Arc::clone(notify).notified_owned())
    }

    /// What the running key was claimed for is done. The notifier is for the caller to fire.
    pub(super) fn complete(&mut self, key: &K, answer: V, now: Instant) -> Option<Arc<Notify>> {
        let (key, waiting) = self.release(key)?;
        self.answered.insert(key, (answer, now));
        waiting
    }

    /// Nobody knows what became of the running key.
    pub(super) fn interrupt(&mut self, key: &K, now: Instant) -> Option<Arc<Notify>> {
        let (key, waiting) = self.release(key)?;
        self.interrupted.insert(key, now);
        waiting
    }

    /// The key is running no more, as if it had never been claimed. It comes back with its notifier.
    pub(super) fn release(&mut self, key: &K) -> Option<(K, Option<Arc<Notify>>)> {
        self.running.remove_entry(key)
    }

    /// Removes an answer or an interruption.
    pub(super) fn forget(&mut self, key: &K) -> Removed<K, V> {
        let found = self.answered.remove_entry(key).map(answered);
        found.or_else(|| self.interrupted.remove_entry(key).map(interrupted))
    }

    /// Removes one entry that expired.
    fn remove_expired(&mut self, now: Instant) -> Removed<K, V> {
        if self.interrupted.front().is_some_and(|(_, at)| self.is_past(*at, now)) {
            return self.interrupted.pop_front().map(interrupted);
        }
        let expired = self.answered.front().is_some_and(|(_, (_, at))| self.is_past(*at, now));
        expired.then(|| self.answered.pop_front().map(answered)).flatten()
    }

    fn is_past(&self, at: Instant, now: Instant) -> bool {
        now.saturating_duration_since(at) >= self.ttl
    }
}

fn answered<K, V>((key, (answer, _)): (K, (V, Instant))) -> (K, Option<V>) {
    (key, Some(answer))
}

fn interrupted<K, V>((key, _): (K, Instant)) -> (K, Option<V>) {
    (key, None)
}
