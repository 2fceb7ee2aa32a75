//! A store of answers, so that a request which is repeated takes effect once.

mod store;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use store::{Found, Store};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Remembers what was answered to which request, so that a client whose connection broke can ask
/// again, on any connection, without the request taking effect twice.
///
/// The client names each request with a key of its own that it sends again with a repetition. The
/// protocol claims the key: who comes first gets a [`Ticket`], does the work and
/// [completes](Ticket::complete) it with the answer; who comes later gets that answer. Clones share
/// one store. It lives in a protocol's settings rather than in its state, so that a crash of the
/// handler leaves it whole.
///
/// # Guarantee
/// A request takes effect at most once as long as its key is known: for `ttl` after its completion,
/// but less when `capacity` is used up, since then the oldest answers make room. This holds across
/// restarts of handlers, connections and actors, not of the process. Choose both so that no client
/// repeats a request later.
///
/// What cannot be known is said: a ticket that is dropped without completion, by a crash, by `?` or
/// with the future of a handler whose connection ended, may have taken effect or not, and its key is
/// [`Interrupted`](Claim::Interrupted) for `ttl`. The author finds out, tells the client, or lets it
/// run again with [`forget`](Self::forget). Where certainly nothing was done,
/// [`release`](Ticket::release) frees the key instead.
///
/// # Bounds and cost
/// At most `capacity` keys. Running and interrupted ones never make room; when there is nothing else,
/// a new key is answered with [`Full`](Claim::Full). So release the ticket of what was refused before
/// it was begun. Whatever expired is freed by later claims.
///
/// Each call takes a constant time, under a lock that all clones share. Under it a key is hashed,
/// compared and cloned, and an answer is cloned: let large ones be cheap to clone (`Bytes`, `Arc`),
/// and let no such method call the store, which would wait for itself. Neither keys nor answers are
/// dropped under the lock.
///
/// ```
/// use std::time::Duration;
/// use tokio::time::Instant;
/// use trunkline_actors::idempotency::{Claim, Idempotency};
///
/// /// Pays, once per key, and says how much is left.
/// fn pay(done: &Idempotency<String, u64>, key: &str, account: &mut u64) -> Result<u64, &'static str> {
///     match done.claim(key.to_owned(), Instant::now()) {
///         Claim::First(ticket) => {
///             *account -= 10;
///             ticket.complete(*account, Instant::now());
///             Ok(*account)
///         }
///         Claim::Repeated(left) => Ok(left),
///         Claim::Running => Err("being paid: ask again later"),
///         Claim::Interrupted => Err("nobody knows whether this was paid: see your account"),
///         Claim::Full => Err("busy: ask again later"),
///     }
/// }
///
/// let done = Idempotency::new(10_000, Duration::from_secs(600));
/// let mut account = 100;
/// assert_eq!(pay(&done, "order 1", &mut account), Ok(90));
/// // The answer was lost with the connection; the client asks again on the next.
/// assert_eq!(pay(&done, "order 1", &mut account), Ok(90));
/// assert_eq!(pay(&done, "order 2", &mut account), Ok(80));
/// ```
pub struct Idempotency<K: Eq + Hash, V> {
    store: Arc<Mutex<Store<K, V>>>,
}

/// Whether a request is to be carried out.
#[derive(Debug)]
#[must_use = "only the first claim of a key may take effect"]
pub enum Claim<K: Eq + Hash, V> {
    /// Nobody has: carry it out, and complete the ticket with the answer.
    First(Ticket<K, V>),
    /// It was carried out, and this was the answer.
    Repeated(V),
    /// It is being carried out at the moment.
    Running,
    /// It was begun, and its ticket was dropped without completion: nobody knows whether it took
    /// effect.
    Interrupted,
    /// There is no room for another key, so it must not be carried out: ask again later.
    Full,
}

/// The right to carry out one request, once.
///
/// Dropped without [`complete`](Self::complete) or [`release`](Self::release), whatever the reason,
/// it leaves its key [`Interrupted`](Claim::Interrupted).
#[must_use = "a ticket that is dropped leaves its key interrupted"]
pub struct Ticket<K: Eq + Hash, V> {
    store: Arc<Mutex<Store<K, V>>>,
    /// Taken by completion and release.
    key: Option<K>,
}

impl<K: Eq + Hash, V> Idempotency<K, V> {
    /// An empty store of at most `capacity` keys; answers are kept for `ttl`. With a capacity of
    /// zero every claim finds it full; with a `ttl` of zero answers are not kept at all.
    #[must_use]
    pub fn new(capacity: usize, ttl: Duration) -> Self {
        Self { store: Arc::new(Mutex::new(Store::new(capacity, ttl))) }
    }

    /// Claims `key`, at once.
    pub fn claim(&self, key: K, now: Instant) -> Claim<K, V>
    where
        K: Clone,
        V: Clone,
    {
        // What was removed is dropped last, and not under the lock.
        let (found, _removed) = self.store.lock().claim(&key, now);
        match found {
            Found::First => Claim::First(Ticket { store: Arc::clone(&self.store), key: Some(key) }),
            Found::Repeated(answer) => Claim::Repeated(answer),
            Found::Running => Claim::Running,
            Found::Interrupted => Claim::Interrupted,
            Found::Full => Claim::Full,
        }
    }

    /// Claims `key`, and waits while it is running, for `within` at the longest: then the claim is
    /// still [`Running`](Claim::Running).
    ///
    /// Woken when the ticket is completed, released or dropped. If it was released, one of those who
    /// wait is the next to be first, and the others go on waiting.
    ///
    /// # Cancel safety
    /// Dropping the future claims nothing and leaves nothing behind.
    ///
    /// # Panics
    /// Outside a tokio runtime with time.
    pub async fn claim_or_wait(&self, key: K, within: Duration) -> Claim<K, V>
    where
        K: Clone,
        V: Clone,
    {
        timeout(within, self.claim_when_free(key)).await.unwrap_or(Claim::Running)
    }

    async fn claim_when_free(&self, key: K) -> Claim<K, V>
    where
        K: Clone,
        V: Clone,
    {
        loop {
            let claim = self.claim(key.clone(), Instant::now());
            if !matches!(claim, Claim::Running) {
                return claim;
            }
            let ended = self.store.lock().ended(&key);
            if let Some(ended) = ended {
                ended.await;
            }
        }
    }

    /// Forgets the answer to `key`, or that it was interrupted, so that it can run again. Says
    /// whether there was something to forget; a key that is running is left alone.
    pub fn forget(&self, key: &K) -> bool {
        let removed = self.store.lock().forget(key);
        removed.is_some()
    }

    /// How many keys are held: running, interrupted, and answered ones, also such as have expired
    /// and not been freed yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.lock().len()
    }

    /// Whether no key is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Eq + Hash, V> Clone for Idempotency<K, V> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store) }
    }
}

impl<K: Eq + Hash, V> fmt::Debug for Idempotency<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash, V> Ticket<K, V> {
    /// The request was carried out; whoever repeats it gets `answer`, for the store's `ttl` after
    /// `now`.
    pub fn complete(mut self, answer: V, now: Instant) {
        if let Some(key) = self.key.take() {
            let waiting = self.store.lock().complete(&key, answer, now);
            wake(waiting);
        }
    }

    /// Nothing was done: the key is free, and whoever repeats the request is the first again.
    pub fn release(mut self) {
        if let Some(key) = self.key.take() {
            // The store's own key is dropped last, and not under the lock.
            let released = self.store.lock().release(&key);
            wake(released.and_then(|(_, waiting)| waiting));
        }
    }
}

impl<K: Eq + Hash, V> Drop for Ticket<K, V> {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            let waiting = self.store.lock().interrupt(&key, Instant::now());
            wake(waiting);
        }
    }
}

impl<K: Eq + Hash, V> fmt::Debug for Ticket<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key is a client's data.
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

fn wake(waiting: Option<Arc<Notify>>) {
    if let Some(waiting) = waiting {
        waiting.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
