use std::sync::atomic::AtomicBool;

use super::super::{Grant, Limits, Member, PoolSettings};
use super::*;
use crate::backend::Backend;
use crate::backend::health::HealthPolicy;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };

fn pool(members: u8, limits: Limits) -> Arc<Pool> {
    let backend = |last| Backend::new(([10, 0, 0, last], 80).into(), None, POLICY);
    let members = (1..=members).map(|last| Member::new(Arc::new(backend(last)))).collect();
    Arc::new(Pool::new("web", PoolSettings { limits, ..PoolSettings::default() }, members))
}

/// Asks on four threads, again and again, and holds what is given for a moment. Says whether all who
/// waited were served although nobody looks after the pool, and what the others were told.
fn rush(pool: &Arc<Pool>) -> (bool, Vec<NoBackend>) {
    let served = AtomicBool::new(true);
    let refused = Mutex::<Vec<NoBackend>>::default();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (served, refused) = (&served, &refused);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
                let runtime = runtime.unwrap();
                let mut rng = fastrand::Rng::with_seed(seed);
                for _ in 0..3_000 {
                    match pool.grant(Asked::default(), Instant::now(), &mut rng) {
                        Ok(Grant::Lease(lease)) => drop(lease),
                        Ok(Grant::Queued(ticket)) => {
                            let waited = async {
                                tokio::time::timeout(Duration::from_secs(20), ticket).await
                            };
                            match runtime.block_on(waited) {
                                Ok(Ok(lease)) => drop(lease),
                                Ok(Err(refusal)) => refused.lock().push(refusal),
                                Err(_) => served.store(false, SeqCst),
                            }
                        }
                        Err(refusal) => refused.lock().push(refusal),
                    }
                }
            });
        }
    });
    (served.into_inner(), refused.into_inner())
}

#[test]
fn nobody_is_left_waiting_and_nobody_is_told_that_all_are_down() {
    for (in_flight, backend_in_flight) in [(Some(1), None), (None, Some(1)), (Some(2), Some(1))] {
        for queue in [1, 1000] {
            let limits = Limits { in_flight, backend_in_flight, queue, ..Limits::default() };
            let pool = pool(2, limits);
            let (served, refused) = rush(&pool);
            assert!(served, "{limits:?}");
            assert!(refused.iter().all(|refusal| *refusal == NoBackend::Full), "{limits:?}");
            assert!(queue == 1 || refused.is_empty(), "{limits:?}");
            assert_eq!((pool.in_flight(), pool.waiting()), (0, 0), "{limits:?}");
        }
    }
}

#[test]
fn one_who_has_tried_somebody_does_not_stop_those_behind() {
    let limits = Limits { backend_in_flight: Some(1), ..Limits::default() };
    let pool = pool(2, limits);
    let (now, mut rng) = (Instant::now(), fastrand::Rng::with_seed(1));
    let mut grant = |asked| pool.grant(asked, now, &mut rng).unwrap();
    let leases = [(); 2].map(|()| match grant(Asked::default()) {
        Grant::Lease(lease) => lease,
        Grant::Queued(_) => panic!("there are two places"),
    });
    let [first, second] = leases;
    let excluded = vec![first.backend().id()];
    let Grant::Queued(picky) = grant(Asked { excluded, ..Asked::default() }) else { panic!() };
    let Grant::Queued(next) = grant(Asked::default()) else { panic!() };
    drop(first);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let next = runtime.block_on(next).unwrap();
    assert_eq!(pool.waiting(), 1);
    drop(second);
    let picky = runtime.block_on(picky).unwrap();
    assert_ne!(next.backend().id(), picky.backend().id());
}
