use std::sync::Barrier;
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use super::*;

fn text(text: &str) -> Value {
    Value::Text(text.as_bytes().to_vec().into())
}

/// A store with `count` keys that end one after the other, a millisecond apart.
fn expiring(count: u64, now: Instant) -> Store {
    let store = Store::new();
    for n in 0..count {
        let key = n.to_string().into_bytes();
        let end = now + Duration::from_millis(n + 1);
        store.lock(&key).put(&key, text("x"), Some(end), now).unwrap();
    }
    store
}

#[test]
fn keys_that_nobody_asks_for_end_too() {
    let now = Instant::now();
    let store = expiring(10_000, now);
    store.lock(b"stays").put(b"stays", text("x"), None, now).unwrap();
    let mut rng = Rng::with_seed(1);
    assert_eq!(store.expire(now, &mut rng).expired, 0);
    let later = now + Duration::from_millis(10_000);
    let mut calls = 0;
    while store.expiring() > 0 {
        assert!(store.expire(later, &mut rng).expired > 0);
        calls += 1;
        assert!(calls < 100, "{} keys are left", store.len());
    }
    assert_eq!(store.len(), 1);
}

#[test]
fn a_look_costs_little_where_nothing_is_over() {
    let now = Instant::now();
    let store = expiring(10_000, now + Duration::from_secs(3600));
    let sampled = store.expire(now, &mut Rng::with_seed(1));
    assert_eq!(sampled, Sampled { looked: 64 * 20, expired: 0 });
}

#[test]
fn few_that_are_over_are_left_behind() {
    let now = Instant::now();
    let store = expiring(10_000, now);
    let half = now + Duration::from_millis(5_000);
    let mut rng = Rng::with_seed(1);
    for _ in 0..20 {
        store.expire(half, &mut rng);
    }
    let over = store.len().saturating_sub(5_000);
    assert!(over < 2_500, "{over} keys that are over are still there");
}

#[test]
fn a_key_that_is_over_is_not_seen_though_it_is_there() {
    let now = Instant::now();
    let store = expiring(1, now);
    let end = now + Duration::from_millis(1);
    let mut seen = 0;
    store.scan(0, 1000, end, |_, _| seen += 1);
    assert_eq!((seen, store.len()), (0, 1));
    assert!(!store.lock(b"0").contains(b"0", end));
    assert_eq!((store.len(), store.expiring()), (0, 0));
}

#[test]
fn a_key_that_gets_another_end_is_counted_once() {
    let now = Instant::now();
    let store = expiring(1, now);
    let end = Some(now + Duration::from_secs(9));
    let mut shard = store.lock(b"0");
    assert!(shard.set_expiry(b"0", end, now));
    shard.put(b"0", text("y"), end, now).unwrap();
    assert_eq!(shard.expiring(), 1);
    shard.put(b"0", text("y"), None, now).unwrap();
    assert_eq!(shard.expiring(), 0);
}

#[test]
fn room_that_is_not_used_is_given_back() {
    let store = Store::new().limited(3);
    let slots = store.reserve(2).unwrap();
    assert_eq!(store.reserve(2).unwrap_err(), NoSlot);
    assert!(store.reserve(1).is_ok());
    drop(slots);
    assert!(store.reserve(3).is_ok());
    assert_eq!(store.reserve(usize::MAX).unwrap_err(), NoSlot);
    assert!(store.is_empty());
}

#[test]
fn threads_that_lock_the_same_keys_in_any_order_neither_hang_nor_mix() {
    let store = Store::new();
    let keys: Vec<Vec<u8>> = (0..8).map(|n: u8| vec![n]).collect();
    let barrier = Barrier::new(4);
    let now = Instant::now();
    let turn = |thread: usize| {
        barrier.wait();
        let mut keys = keys.clone();
        if thread.is_multiple_of(2) {
            keys.reverse();
        }
        for round in 0..500 {
            let mut shards = store.lock_each(keys.iter().map(Vec::as_slice));
            let value = format!("{thread}:{round}");
            for key in &keys {
                shards.of(key).put(key, text(&value), None, now).unwrap();
            }
            let read = |key: &Vec<u8>| shards.of(key).read::<Text>(key, now).unwrap().cloned();
            assert!(keys.iter().map(read).all(|read| read.is_some_and(|read| read == value)));
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let turn = &turn;
            scope.spawn(move || turn(thread));
        }
    });
    assert_eq!(store.len(), 8);
}
