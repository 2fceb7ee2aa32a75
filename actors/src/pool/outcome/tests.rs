use super::super::{Asked, PoolSettings};
use super::*;
use crate::backend::health::HealthPolicy;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };

fn pool(members: u8) -> (Arc<Pool>, Vec<Arc<Backend>>) {
    let backend = |last| Arc::new(Backend::new(([10, 0, 0, last], 80).into(), None, POLICY));
    let backends: Vec<_> = (1..=members).map(backend).collect();
    let members = backends.iter().map(|backend| Member::new(Arc::clone(backend))).collect();
    (Arc::new(Pool::new("web", PoolSettings::default(), members)), backends)
}

/// So many bad answers in a row; whether one of them ejected.
fn fails(pool: &Pool, backend: &Arc<Backend>, times: u32, now: Instant) -> bool {
    (0..times)
        .filter_map(|_| pool.answered(backend, false, Duration::ZERO, now))
        .any(|transition| matches!(transition, Transition::Ejected { .. }))
}

#[test]
fn what_was_under_way_while_it_was_ejected_does_not_eject_it_again() {
    let (pool, backends) = pool(3);
    let now = Instant::now();
    assert!(fails(&pool, &backends[0], 5, now));
    assert!(!fails(&pool, &backends[0], 9, now));
    let now = now + Duration::from_secs(10);
    assert_eq!(pool.look_after(now).len(), 1);
    assert!(!fails(&pool, &backends[0], 4, now));
    assert!(fails(&pool, &backends[0], 1, now));
}

#[test]
fn one_that_goes_on_failing_is_ejected_once_there_is_room() {
    let (pool, backends) = pool(3);
    let now = Instant::now();
    assert!(fails(&pool, &backends[0], 5, now));
    assert!(!fails(&pool, &backends[1], 7, now));
    let now = now + Duration::from_secs(10);
    assert!(fails(&pool, &backends[1], 5, now));
}

#[test]
fn members_that_drain_do_not_make_a_panic() {
    let (pool, backends) = pool(8);
    let draining = |at: usize| (3..8).contains(&at);
    let members = backends
        .iter()
        .enumerate()
        .map(|(at, backend)| Member { draining: draining(at), ..Member::new(Arc::clone(backend)) });
    let now = Instant::now();
    pool.update(PoolSettings::default(), members.collect(), now);
    assert!(fails(&pool, &backends[0], 5, now));
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..100 {
        let lease = pool.lease(&Asked::default(), now, &mut rng).unwrap();
        assert_ne!(lease.backend().id(), backends[0].id());
    }
}
