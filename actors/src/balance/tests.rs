use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::view::{Optics, Views};
use super::*;
use crate::backend::health::HealthPolicy;
use crate::backend::{Backend, BackendId};
use crate::pool::{Asked, Member, Pool, PoolSettings, Weight};

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(3600) };
const ALL: [Algorithm; 3] = [Algorithm::RoundRobin, Algorithm::LeastRequest, Algorithm::Random];

fn tier(algorithm: Algorithm, weights: &[u32]) -> Tier {
    let member = |weight: &u32| Member {
        weight: Weight::try_from(*weight).unwrap(),
        ..Member::new(Arc::new(Backend::new(([10, 0, 0, 1], 80).into(), None, POLICY)))
    };
    let balancing = Balancing { algorithm, ..Balancing::default() };
    Tier::new(weights.iter().map(member).collect(), &balancing, &Arc::default())
}

fn choose(tier: &Tier, excluded: &[BackendId], rng: &mut fastrand::Rng) -> Option<usize> {
    let optics = Optics { panic: 0, slow_start: None };
    let views = Views::look(std::slice::from_ref(tier), &optics, 0, Instant::now());
    let view = &views.tiers[0];
    let candidates = Candidates { tier, view, excluded, limit: None, hash: None, in_flight: 1 };
    tier.balance().choose(&candidates, rng)
}

/// How often each member was chosen.
fn counts(tier: &Tier, choices: usize) -> Vec<usize> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut counts = vec![0; tier.members().len()];
    for _ in 0..choices {
        counts[choose(tier, &[], &mut rng).unwrap()] += 1;
    }
    counts
}

fn take_out(tier: &Tier, index: usize) {
    assert!(tier.members()[index].backend.probe_failed(Instant::now()).is_some());
}

#[test]
fn round_robin_gives_each_its_weight_in_every_round() {
    let tier = tier(Algorithm::RoundRobin, &[6, 2, 4]);
    for _ in 0..3 {
        assert_eq!(counts(&tier, 6), [3, 1, 2]);
    }
}

#[test]
fn the_turns_of_a_member_that_is_out_fall_to_all_others_alike() {
    let tier = tier(Algorithm::RoundRobin, &[1, 1, 1, 1]);
    take_out(&tier, 1);
    assert_eq!(counts(&tier, 300), [100, 0, 100, 100]);
}

#[test]
fn least_request_prefers_the_fewest_leases_for_the_weight() {
    let balancing = Balancing { algorithm: Algorithm::LeastRequest, ..Balancing::default() };
    let settings = PoolSettings { balancing, ..PoolSettings::default() };
    let members = tier(Algorithm::LeastRequest, &[3, 1]).members().to_vec();
    let pool = Arc::new(Pool::new("web", settings, members.clone()));
    let mut rng = fastrand::Rng::with_seed(7);
    let leases: Vec<_> =
        (0..40).map(|_| pool.lease(&Asked::default(), Instant::now(), &mut rng).unwrap()).collect();
    assert_eq!(members[0].backend.in_flight(), 30);
    assert_eq!(members[1].backend.in_flight(), 10);
    drop(leases);
}

#[test]
fn least_request_breaks_ties_by_chance() {
    for count in counts(&tier(Algorithm::LeastRequest, &[5, 5, 5]), 3000) {
        assert!((900..1100).contains(&count), "{count}");
    }
}

#[test]
fn random_follows_the_weights() {
    let counts = counts(&tier(Algorithm::Random, &[1, 2, 5]), 8000);
    for (count, share) in counts.into_iter().zip([1000, 2000, 5000]) {
        assert!(count.abs_diff(share) < 150, "{count} instead of {share}");
    }
}

#[test]
fn an_empty_tier_offers_nobody() {
    for algorithm in ALL {
        let mut rng = fastrand::Rng::with_seed(7);
        assert_eq!(choose(&tier(algorithm, &[]), &[], &mut rng), None);
    }
}

proptest! {
    #[test]
    fn nobody_who_is_out_or_excluded_is_chosen(
        members in prop::collection::vec((1..=20u32, 0..3u8), 1..12),
        seed in any::<u64>(),
    ) {
        let weights: Vec<u32> = members.iter().map(|(weight, _)| *weight).collect();
        let anybody = members.iter().any(|(_, fate)| *fate == 0);
        let mut rng = fastrand::Rng::with_seed(seed);
        for algorithm in ALL {
            let tier = tier(algorithm, &weights);
            let mut excluded = Vec::new();
            for (index, (_, fate)) in members.iter().enumerate() {
                match fate {
                    1 => take_out(&tier, index),
                    2 => excluded.push(tier.members()[index].backend.id()),
                    _ => {}
                }
            }
            for _ in 0..50 {
                let chosen = choose(&tier, &excluded, &mut rng);
                prop_assert_eq!(chosen.is_some(), anybody);
                prop_assert!(chosen.is_none_or(|index| members[index].1 == 0));
            }
        }
    }

    /// The order holds for the pool: what four workers got together is what one would have got.
    #[test]
    fn four_workers_share_one_round(
        weights in prop::collection::vec(1..=9u32, 1..9),
        out in 0..9usize,
        choices in [0..400usize, 0..400, 0..400, 0..400],
    ) {
        let round = || {
            let tier = tier(Algorithm::RoundRobin, &weights);
            if weights.len() > 1 && out < weights.len() {
                take_out(&tier, out);
            }
            tier
        };
        let shared = round();
        let of_workers: Vec<Vec<usize>> = std::thread::scope(|scope| {
            let tier = &shared;
            let workers = choices.map(|choices| scope.spawn(move || counts(tier, choices)));
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let together: Vec<usize> =
            (0..weights.len()).map(|index| of_workers.iter().map(|counts| counts[index]).sum()).collect();
        let of_one = counts(&round(), choices.iter().sum());
        prop_assert_eq!(together, of_one);
    }

    /// Within 1 of the exact share at every moment, for members that weigh the same.
    #[test]
    fn equal_members_are_never_more_than_one_apart(members in 1..9usize, choices in 0..500usize) {
        let counts = counts(&tier(Algorithm::RoundRobin, &vec![3; members]), choices);
        for count in counts {
            prop_assert!((count as f64 - choices as f64 / members as f64).abs() < 1.0);
        }
    }
}
