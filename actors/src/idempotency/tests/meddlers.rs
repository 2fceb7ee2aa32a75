//! Keys and answers that use the store when they are dropped, as no sane ones do.

use std::hash::Hasher;
use std::sync::Weak;

use super::*;

type Meddled = Idempotency<Meddler, Meddler>;

/// Finds the store unlocked when it is dropped.
#[derive(Clone)]
struct Meddler(u32, Weak<Mutex<Store<Self, Self>>>);

impl PartialEq for Meddler {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Meddler {}

impl Hash for Meddler {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        let unlocked = self.1.upgrade().is_none_or(|store| store.try_lock().is_some());
        assert!(unlocked, "{} is dropped under the lock", self.0);
    }
}

fn meddler(store: &Meddled, number: u32) -> Meddler {
    Meddler(number, Arc::downgrade(&store.store))
}

fn claim(store: &Meddled, key: u32, now: Instant) -> Ticket<Meddler, Meddler> {
    let Claim::First(ticket) = store.claim(meddler(store, key), now) else {
        panic!("not the first")
    };
    ticket
}

fn complete(store: &Meddled, key: u32, now: Instant) {
    claim(store, key, now).complete(meddler(store, key), now);
}

#[test]
fn answers_and_their_keys_are_dropped_outside_the_lock() {
    let (store, now) = (Meddled::new(1, TTL), Instant::now());
    complete(&store, 1, now);
    assert!(matches!(store.claim(meddler(&store, 1), now), Claim::Repeated(_)));
    // For room, as it is expired and in the way, and as it is expired and claimed.
    complete(&store, 2, now);
    complete(&store, 3, now + TTL);
    complete(&store, 3, now + TTL * 2);
    assert!(store.forget(&meddler(&store, 3)));
    assert!(store.is_empty());
}

#[test]
fn released_and_interrupted_keys_are_dropped_outside_the_lock() {
    let (store, now) = (Meddled::new(1, TTL), Instant::now());
    claim(&store, 1, now).release();
    drop(claim(&store, 1, now));
    assert!(matches!(store.claim(meddler(&store, 1), now), Claim::Interrupted));
    assert!(matches!(store.claim(meddler(&store, 2), now), Claim::Full));
    // As it is expired and claimed, and as it is expired and in the way.
    drop(claim(&store, 1, Instant::now() + TTL));
    drop(claim(&store, 2, Instant::now() + TTL));
    assert!(store.forget(&meddler(&store, 2)));
    assert!(store.is_empty());
}
