//! Hashes that may not give too much to one member.

use proptest::prelude::*;

use super::*;
use crate::backend::lease::Lease;
use crate::pool::{Asked, Pool, PoolSettings};

fn pool(algorithm: Algorithm, bounded_load: f64, members: &[Member]) -> Arc<Pool> {
    let balancing = Balancing { algorithm, bounded_load: Some(bounded_load) };
    let settings = PoolSettings { balancing, ..PoolSettings::default() };
    Arc::new(Pool::new("web", settings, members.to_vec()))
}

/// Leases for a key; checks that nobody then has more than the bound.
fn lease(pool: &Arc<Pool>, bound: f64, key: u64, members: &[Member]) -> Lease {
    let asked = Asked { hash: Some(key), ..Asked::default() };
    let lease = pool.lease(&asked, Instant::now(), &mut fastrand::Rng::with_seed(key)).unwrap();
    let sum: u32 = members.iter().map(|member| member.weight.get()).sum();
    let chosen = members.iter().find(|member| member.backend.id() == lease.backend().id()).unwrap();
    let share = f64::from(pool.in_flight() * chosen.weight.get()) / f64::from(sum);
    let (leases, most) = (chosen.backend.in_flight(), (bound * share + 1e-9).ceil());
    assert!(f64::from(leases) <= most, "{leases} of {} leases, not {most}", pool.in_flight());
    lease
}

#[test]
fn one_key_that_everybody_asks_for_is_spread_over_as_many_members_as_it_takes() {
    for algorithm in HASHES {
        let members = members(&[1; 10]);
        let pool = pool(algorithm, 1.25, &members);
        let leases: Vec<_> = (0..1000).map(|_| lease(&pool, 1.25, 42, &members)).collect();
        let mut counts: Vec<_> = members.iter().map(|member| member.backend.in_flight()).collect();
        counts.sort_unstable();
        // Eight members are full, and a place or two of them, which was the bound on the way, is not
        // taken back.
        assert!(counts[2..].iter().all(|count| *count >= 110), "{algorithm:?}: {counts:?}");
        assert!(counts.iter().all(|count| *count <= 125), "{algorithm:?}: {counts:?}");
        drop(leases);
        let chosen = |_| lease(&pool, 1.25, 42, &members).backend().id();
        let of_idle: Vec<_> = (0..10).map(chosen).collect();
        assert!(of_idle.iter().all(|id| *id == of_idle[0]), "{algorithm:?}");
    }
}

#[test]
fn a_bound_refuses_nobody() {
    for algorithm in HASHES {
        let members = members(&[1, 1]);
        let pool = pool(algorithm, 1.05, &members);
        let asked = Asked { hash: Some(1), ..Asked::default() };
        let excluded = vec![members[0].backend.id()];
        let asked = Asked { excluded, ..asked };
        let mut rng = fastrand::Rng::with_seed(1);
        // All of them go to the second, which is far above its share.
        let leases = [(); 50].map(|()| pool.lease(&asked, Instant::now(), &mut rng).unwrap());
        assert_eq!(members[1].backend.in_flight(), 50);
        drop(leases);
    }
}

proptest! {
    // Tables are built for each.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_bound_holds_for_all_weights_and_orders_of_keys(
        weights in prop::collection::vec(1..=20u32, 1..8),
        bound in 1.05..4.0f64,
        // The key of a lease; or which of those that are out ends.
        orders in prop::collection::vec((any::<bool>(), 0..4u64), 1..150),
    ) {
        for algorithm in HASHES {
            let members = members(&weights);
            let pool = pool(algorithm, bound, &members);
            let mut leases = Vec::new();
            for (ends, key) in &orders {
                if *ends && !leases.is_empty() {
                    drop(leases.swap_remove(*key as usize % leases.len()));
                } else {
                    leases.push(lease(&pool, bound, *key, &members));
                }
            }
        }
    }
}
