//! Backends that are not equally fast, in virtual time.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::*;
use crate::pool::{Asked, Pool, PoolSettings};

const MILLISECOND: Duration = Duration::from_millis(1);

/// A number of clients, each of which asks again as soon as it has its answer. `service` says how long
/// a member takes at a time. Gives the time and the member of each request.
fn closed_loop(
    algorithm: Algorithm,
    members: &[Member],
    until: Duration,
    service: impl Fn(usize, Duration) -> Duration,
) -> Vec<(Duration, usize)> {
    let balancing = Balancing { algorithm, ..Balancing::default() };
    let settings = PoolSettings { balancing, ..PoolSettings::default() };
    let pool = Arc::new(Pool::new("web", settings, members.to_vec()));
    let began = Instant::now();
    let mut rng = fastrand::Rng::with_seed(7);
    let mut choices = Vec::new();
    let mut under_way = BTreeMap::new();
    let mut ask = |now: Duration, client: u32, under_way: &mut BTreeMap<_, _>| {
        let lease = pool.lease(&Asked::default(), began + now, &mut rng).unwrap();
        let member = members.iter().position(|m| m.backend.id() == lease.backend().id()).unwrap();
        choices.push((now, member));
        let takes = service(member, now);
        under_way.insert(Reverse((now + takes, client)), (lease, takes));
    };
    for client in 0..8 {
        ask(Duration::ZERO, client, &mut under_way);
    }
    while let Some((Reverse((now, client)), (mut lease, took))) = under_way.pop_last() {
        let _ = lease.answered(true, took, began + now);
        drop(lease);
        if now < until {
            ask(now, client, &mut under_way);
        }
    }
    choices
}

/// The part of the requests in a time that went to a member.
fn share(choices: &[(Duration, usize)], from: u64, to: u64, member: usize) -> f64 {
    let time = Duration::from_secs(from)..Duration::from_secs(to);
    let within: Vec<_> = choices.iter().filter(|(at, _)| time.contains(at)).collect();
    within.iter().filter(|(_, chosen)| *chosen == member).count() as f64 / within.len() as f64
}

#[test]
fn the_faster_of_two_gets_more() {
    for (algorithm, least) in [(Algorithm::TwoChoices, 0.85), (Algorithm::PeakEwma, 0.98)] {
        let choices =
            closed_loop(algorithm, &members(&[1, 1]), Duration::from_secs(5), |member, _| {
                if member == 0 { MILLISECOND } else { 10 * MILLISECOND }
            });
        let share = share(&choices, 1, 5, 0);
        println!("{}: {share:.3} to the faster", algorithm.name());
        assert!(share > least, "{algorithm:?}: {share}");
    }
}

#[test]
fn peak_ewma_leaves_a_member_that_turns_slow_and_comes_back_to_it() {
    let slow = Duration::from_secs(5)..Duration::from_secs(15);
    let members = members(&[1, 1]);
    let choices =
        closed_loop(Algorithm::PeakEwma, &members, Duration::from_secs(60), |member, at| {
            match (member, slow.contains(&at)) {
                (0, false) => MILLISECOND,
                (0, true) => 200 * MILLISECOND,
                _ => 10 * MILLISECOND,
            }
        });
    let [fast, turned, back] = [(1, 5, 0), (6, 15, 1), (50, 60, 0)]
        .map(|(from, to, member)| share(&choices, from, to, member));
    println!(
        "to the faster: {fast:.3}, after it turned slow {turned:.3}, after it recovered {back:.3}"
    );
    // It is forgiven slowly.
    assert!(fast > 0.98 && turned > 0.98 && back > 0.9, "{fast} {turned} {back}");
}

#[test]
fn a_new_member_whose_latency_is_not_known_is_neither_flooded_nor_starved() {
    let members = members(&[1, 1, 1]);
    let now = Instant::now();
    for member in &members[..2] {
        member.backend.observe_latency(5 * MILLISECOND, now);
    }
    let balancing = Balancing { algorithm: Algorithm::PeakEwma, ..Balancing::default() };
    let settings = PoolSettings { balancing, ..PoolSettings::default() };
    let pool = Arc::new(Pool::new("web", settings, members.clone()));
    let mut rng = fastrand::Rng::with_seed(7);
    let leases: Vec<_> =
        (0..300).map(|_| pool.lease(&Asked::default(), now, &mut rng).unwrap()).collect();
    let at_new = members[2].backend.in_flight();
    assert!((90..=110).contains(&at_new), "{at_new}");
    drop(leases);
}
