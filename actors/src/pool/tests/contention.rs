use std::thread;

use super::*;

#[test]
fn a_place_that_becomes_free_meanwhile_is_no_sign_that_all_are_down() {
    let members = ["10.0.0.1:80", "10.0.0.2:80"].map(|address| member(address, false));
    let limits = Limits { backend_in_flight: Some(1), ..Limits::default() };
    let settings = PoolSettings { limits, ..PoolSettings::default() };
    let pool = Arc::new(Pool::new("web", settings, members.to_vec()));
    thread::scope(|scope| {
        for seed in 0..4 {
            let pool = &pool;
            scope.spawn(move || {
                let mut rng = fastrand::Rng::with_seed(seed);
                for _ in 0..20_000 {
                    let lease = pool.lease(&Asked::default(), Instant::now(), &mut rng);
                    assert!(matches!(lease, Ok(_) | Err(NoBackend::Full)), "{lease:?}");
                }
            });
        }
    });
}
