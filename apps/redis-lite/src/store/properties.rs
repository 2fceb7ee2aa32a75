//! Whatever is done to the keys, what is counted is what is there.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::Instant;

use super::*;

/// How many keys there may be: fewer than there are names.
const MAX_KEYS: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    Put(u8, Option<u64>),
    Push(u8),
    Pop(u8),
    Remove(u8),
    Rename(u8, u8),
    End(u8, Option<u64>),
    Pass(u64),
    Expire,
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0_u8..10;
    let end = || proptest::option::of(1_u64..20);
    let step = prop_oneof![
        6 => (key.clone(), end()).prop_map(|(key, end)| Step::Put(key, end)),
        4 => key.clone().prop_map(Step::Push),
        4 => key.clone().prop_map(Step::Pop),
        2 => key.clone().prop_map(Step::Remove),
        3 => (key.clone(), key.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
        3 => (key, end()).prop_map(|(key, end)| Step::End(key, end)),
        3 => (1_u64..10).prop_map(Step::Pass),
        1 => Just(Step::Expire),
        1 => Just(Step::Clear),
    ];
    vec(step, 0..80)
}

fn take(store: &Store, step: &Step, now: &mut Instant) {
    let end = |millis: &Option<u64>| millis.map(|millis| *now + Duration::from_millis(millis));
    // What is refused is as good a case as what is done.
    match step {
        Step::Put(key, millis) => {
            let value = Value::Text("x".into());
            drop(store.lock(&[*key]).put(&[*key], value, end(millis), *now));
        }
        Step::Push(key) => {
            if let Ok(list) = store.lock(&[*key]).obtain::<List>(&[*key], *now) {
                list.push_back("x".into());
            }
        }
        Step::Pop(key) => {
            drop(store.lock(&[*key]).edit::<List, _>(&[*key], *now, List::pop_back));
        }
        Step::Remove(key) => drop(store.lock(&[*key]).remove(&[*key], *now)),
        Step::Rename(from, to) => {
            let (from, to): (&[u8], &[u8]) = (&[*from], &[*to]);
            let mut shards = store.lock_each([from, to].into_iter());
            if let Some(mut removed) = shards.of(from).remove(from, *now) {
                let into = shards.of(to).put_into(&mut removed.slot, to, removed.entry, *now);
                assert!(into.is_ok(), "a key that moves has its room with it");
            }
        }
        Step::End(key, millis) => {
            store.lock(&[*key]).set_expiry(&[*key], end(millis), *now);
        }
        Step::Pass(millis) => *now += Duration::from_millis(*millis),
        Step::Expire => {
            store.expire(*now, &mut Rng::with_seed(1));
        }
        Step::Clear => store.clear(),
    }
}

proptest! {
    #[test]
    fn what_is_counted_is_what_is_there(steps in steps()) {
        let store = Store::new().limited(MAX_KEYS);
        let mut now = Instant::now();
        for step in &steps {
            take(&store, step, &mut now);
            let shards = store.lock_all();
            let there: usize = shards.iter().map(|shard| shard.entries.len()).sum();
            prop_assert_eq!(store.len(), there);
            prop_assert!(there <= MAX_KEYS);
            for shard in shards {
                let ends = |key: &Bytes| shard.entries.get(key).is_some_and(|e| e.expires.is_some());
                prop_assert!(shard.expiring.iter().all(ends));
                let ending = shard.entries.values().filter(|entry| entry.expires.is_some());
                prop_assert_eq!(shard.expiring.len(), ending.count());
                let spent = |entry: &Entry| List::of(&entry.value).is_some_and(List::is_empty);
                prop_assert!(!shard.entries.values().any(spent));
            }
        }
        store.clear();
        prop_assert_eq!(store.len(), 0);
    }
}
