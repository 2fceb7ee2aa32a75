use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::*;
use crate::backend::Backend;
use crate::backend::health::{HealthPolicy, Standing, Transition};
use crate::backend::lease::Lease;
use crate::socket::ConnectFailure;

mod contention;
mod staleness;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };

fn member(address: &str, backup: bool) -> Member {
    let backend = Backend::new(address.parse().unwrap(), None, POLICY);
    Member { backup, ..Member::new(Arc::new(backend)) }
}

fn pool(members: &[Member]) -> Arc<Pool> {
    Arc::new(Pool::new("web", PoolSettings::default(), members.to_vec()))
}

fn lease(pool: &Arc<Pool>, excluded: &[&Member], now: Instant) -> Result<Lease, NoBackend> {
    let excluded: Vec<_> = excluded.iter().map(|member| member.backend.id()).collect();
    let asked = Asked { excluded, ..Asked::default() };
    pool.lease(&asked, now, &mut fastrand::Rng::with_seed(1))
}

fn address(lease: Result<Lease, NoBackend>) -> String {
    lease.unwrap().backend().name().to_owned()
}

fn take_out(member: &Member, now: Instant) {
    assert!(matches!(member.backend.probe_failed(now), Some(Transition::WentDown { .. })));
}

#[test]
fn a_lease_is_counted_until_it_is_dropped_also_by_a_panic() {
    let only = member("10.0.0.1:80", false);
    let pool = pool(std::slice::from_ref(&only));
    let now = Instant::now();
    let kept = lease(&pool, &[], now).unwrap();
    let crashed = catch_unwind(AssertUnwindSafe(|| {
        let mut lease = lease(&pool, &[], now).unwrap();
        assert_eq!(only.backend.in_flight(), 2);
        let _ = lease.connected(now);
        panic!("the connection crashes");
    }));
    assert!(crashed.is_err());
    assert_eq!(only.backend.in_flight(), 1);
    drop(kept);
    assert_eq!(only.backend.in_flight(), 0);
    assert_eq!(only.backend.totals().leases, 2);
    assert_eq!(only.backend.totals().connected, 1);
}

#[test]
fn a_lease_returns_to_its_cell_though_the_pool_was_changed_meanwhile() {
    let [a, b] = ["10.0.0.1:80", "10.0.0.2:80"].map(|address| member(address, false));
    let pool = pool(std::slice::from_ref(&a));
    let now = Instant::now();
    let lease_of_a = lease(&pool, &[], now).unwrap();
    pool.update(PoolSettings::default(), vec![b], now);
    assert_eq!(address(lease(&pool, &[], now)), "10.0.0.2:80");
    pool.update(
        PoolSettings::default(),
        vec![Member { weight: Weight::try_from(7).unwrap(), ..a.clone() }],
        now,
    );
    assert_eq!(a.backend.in_flight(), 1);
    drop(lease_of_a);
    assert_eq!(a.backend.in_flight(), 0);
}

#[test]
fn the_round_goes_on_where_it_was_when_members_change() {
    let members = ["1.1.1.1:1", "2.2.2.2:2", "3.3.3.3:3"].map(|address| member(address, false));
    let pool = pool(&members);
    let now = Instant::now();
    assert_eq!(address(lease(&pool, &[], now)), "1.1.1.1:1");
    pool.update(PoolSettings::default(), members.to_vec(), now);
    assert_eq!(address(lease(&pool, &[], now)), "2.2.2.2:2");
}

#[test]
fn backups_serve_only_when_no_other_can() {
    let [a, b] = [member("10.0.0.1:80", false), member("10.0.0.2:80", true)];
    let pool = pool(&[b.clone(), a.clone()]);
    let now = Instant::now();
    for _ in 0..3 {
        assert_eq!(address(lease(&pool, &[], now)), "10.0.0.1:80");
    }
    assert_eq!(address(lease(&pool, &[&a], now)), "10.0.0.2:80");
    take_out(&a, now);
    assert_eq!(address(lease(&pool, &[], now)), "10.0.0.2:80");
}

#[test]
fn a_pool_that_gives_no_lease_says_why() {
    let [a, b] = ["10.0.0.1:80", "10.0.0.2:80"].map(|address| member(address, false));
    let now = Instant::now();
    assert_eq!(lease(&pool(&[]), &[], now).unwrap_err(), NoBackend::Empty);
    let both = pool(&[a.clone(), b.clone()]);
    assert_eq!(lease(&both, &[&a, &b], now).unwrap_err(), NoBackend::AllTried);
    take_out(&a, now);
    take_out(&b, now);
    assert_eq!(lease(&both, &[], now).unwrap_err(), NoBackend::AllDown);
}

#[test]
fn a_backend_that_is_down_gets_one_trial_and_its_success_opens_it() {
    let only = member("10.0.0.1:80", false);
    let pool = pool(std::slice::from_ref(&only));
    let now = Instant::now();
    let gone_down = lease(&pool, &[], now).unwrap().failed(ConnectFailure::Refused, now);
    assert!(matches!(gone_down, Some(Transition::WentDown { .. })));
    assert_eq!(lease(&pool, &[], now).unwrap_err(), NoBackend::AllDown);

    let due = now + POLICY.retry_after;
    let mut trial = lease(&pool, &[], due).unwrap();
    assert!(trial.is_trial());
    assert_eq!(lease(&pool, &[], due).unwrap_err(), NoBackend::AllDown);
    assert!(matches!(trial.connected(due), Some(Transition::CameUp { .. })));
    assert!(!lease(&pool, &[], due).unwrap().is_trial());
}

#[test]
fn a_trial_that_is_dropped_without_an_outcome_makes_room_for_the_next() {
    let only = member("10.0.0.1:80", false);
    let pool = pool(std::slice::from_ref(&only));
    let now = Instant::now();
    take_out(&only, now);
    let due = now + POLICY.retry_after;
    let trial = lease(&pool, &[], due).unwrap();
    assert_eq!(only.backend.standing(), Standing::OnTrial);
    drop(trial);
    assert!(lease(&pool, &[], due).unwrap().is_trial());
    assert_eq!(only.backend.totals().failed, 0);
}

#[test]
fn a_failure_of_our_own_does_not_count_against_the_backend() {
    let only = member("10.0.0.1:80", false);
    let pool = pool(std::slice::from_ref(&only));
    let now = Instant::now();
    let failed = lease(&pool, &[], now).unwrap().failed(ConnectFailure::LocalLimits, now);
    assert_eq!(failed, None);
    assert_eq!(only.backend.standing(), Standing::Up);
    assert_eq!(only.backend.in_flight(), 0);
}

#[test]
fn only_the_first_report_of_a_lease_counts() {
    let only = member("10.0.0.1:80", false);
    let now = Instant::now();
    let mut lease = lease(&pool(std::slice::from_ref(&only)), &[], now).unwrap();
    let _ = lease.connected(now);
    let _ = lease.connected(now);
    assert_eq!(lease.failed(ConnectFailure::Broken, now), None);
    assert_eq!(only.backend.totals().connected, 1);
    assert_eq!(only.backend.totals().failed, 0);
}

#[test]
fn of_workers_that_ask_at_once_one_gets_the_trial() {
    let only = member("10.0.0.1:80", false);
    let pool = pool(std::slice::from_ref(&only));
    let now = Instant::now();
    for round in 1..=100 {
        let due = now + POLICY.retry_after * round;
        take_out(&only, due - POLICY.retry_after);
        let leases: Vec<_> = std::thread::scope(|scope| {
            let workers = [(); 4].map(|()| scope.spawn(|| lease(&pool, &[], due)));
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!(leases.iter().filter(|lease| lease.is_ok()).count(), 1);
        let _ = only.backend.probe_passed(due);
    }
}

#[test]
fn a_full_queue_keeps_nobody_from_a_place_that_those_in_it_have_tried() {
    let [a, b] = ["10.0.0.1:80", "10.0.0.2:80"].map(|address| member(address, false));
    let limits = Limits { backend_in_flight: Some(1), queue: 1, ..Limits::default() };
    let settings = PoolSettings { limits, ..PoolSettings::default() };
    let pool = Arc::new(Pool::new("web", settings, vec![a.clone(), b.clone()]));
    let now = Instant::now();
    let mut rng = fastrand::Rng::with_seed(1);
    let _of_b = lease(&pool, &[&a], now).unwrap();
    let tried = Asked { excluded: vec![a.backend.id()], ..Asked::default() };
    let Ok(Grant::Queued(_ticket)) = pool.grant(tried, now, &mut rng) else {
        panic!("the only backend that it has not tried is full");
    };
    let Ok(Grant::Lease(of_a)) = pool.grant(Asked::default(), now, &mut rng) else {
        panic!("a place is free that nobody waits for");
    };
    assert_eq!(of_a.backend().name(), a.backend.name());
    let refused = pool.grant(Asked::default(), now, &mut rng);
    assert_eq!(refused.err(), Some(NoBackend::Full));
}

#[test]
fn a_weight_out_of_range_is_refused_with_its_range() {
    assert_eq!(Weight::try_from(256).unwrap().get(), 256);
    for weight in [0, 257, 65_536 + 1] {
        let error = Weight::try_from(weight).unwrap_err().to_string();
        assert_eq!(error, format!("a weight is a whole number from 1 to 256, not {weight}"));
    }
}

#[test]
fn who_comes_back_from_an_outage_is_not_left_out_for_how_it_began() {
    let members = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"].map(|it| member(it, false));
    let pool = pool(&members);
    let now = Instant::now();
    for _ in 0..PoolSettings::default().ejection.failures {
        let _ = pool.answered(&members[0].backend, false, Duration::ZERO, now);
    }
    assert!(members[0].backend.is_ejected(now));
    take_out(&members[0], now);
    assert!(members[0].backend.is_ejected(now), "it is out for both");
    let later = now + Duration::from_secs(1);
    assert!(matches!(members[0].backend.probe_passed(later), Some(Transition::CameUp { .. })));
    assert!(!members[0].backend.is_ejected(later));
}
