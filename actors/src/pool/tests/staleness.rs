//! No worker has a view of its own that could be stale.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::*;
use crate::backend::ejection::EjectionPolicy;

/// What is changed, and who gets no lease from then on.
type Change = fn(&Arc<Pool>, &[Member; 3], Instant);

const CHANGES: [(&str, Change); 4] = [
    ("a backend goes down", |_, members, now| take_out(&members[0], now)),
    ("a backend is ejected", |pool, members, now| {
        let policy = EjectionPolicy::default();
        for _ in 0..policy.failures {
            let _ = pool.answered(&members[0].backend, false, Duration::ZERO, now);
        }
        assert!(members[0].backend.is_ejected(now));
    }),
    ("a backend is drained", |pool, members, now| {
        let [a, b, c] = members.clone();
        let drained = Member { draining: true, ..a };
        pool.update(PoolSettings::default(), vec![drained, b, c], now);
    }),
    ("a backend leaves", |pool, members, now| {
        pool.update(PoolSettings::default(), members[1..].to_vec(), now);
    }),
];

#[test]
fn what_is_asked_for_after_a_change_is_granted_after_it() {
    for (what, change) in CHANGES {
        for _ in 0..50 {
            let members = [1, 2, 3].map(|host| member(&format!("10.0.0.{host}:80"), false));
            let (pool, changed) = (pool(&members), AtomicBool::new(false));
            let gone = members[0].backend.id();
            let now = Instant::now();
            std::thread::scope(|scope| {
                for seed in 0..3 {
                    let (pool, changed) = (&pool, &changed);
                    scope.spawn(move || {
                        let mut rng = fastrand::Rng::with_seed(seed);
                        let mut after = 0;
                        while after < 100 {
                            let known = changed.load(SeqCst);
                            let lease = pool.lease(&Asked::default(), now, &mut rng).unwrap();
                            assert!(!known || lease.backend().id() != gone, "{what}");
                            after += u32::from(known);
                        }
                    });
                }
                change(&pool, &members, now);
                changed.store(true, SeqCst);
            });
        }
    }
}
