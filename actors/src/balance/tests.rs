use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::backend::health::HealthPolicy;
use crate::backend::{Backend, BackendId};
use crate::pool::{Member, Pool, PoolSettings, Weight};

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(3600) };
const ALL: [Algorithm; 3] = [Algorithm::RoundRobin, Algorithm::LeastRequest, Algorithm::Random];

fn tier(weights: &[u32]) -> Tier {
    let member = |weight: &u32| Member {
        weight: Weight::try_from(*weight).unwrap(),
        ..Member::new(Arc::new(Backend::new(([10, 0, 0, 1], 80).into(), None, POLICY)))
    };
    Tier::new(weights.iter().map(member).collect())
}

fn choose(
    balance: &dyn Balance,
    tier: &Tier,
    excluded: &[BackendId],
    rng: &mut fastrand::Rng,
) -> Option<usize> {
    balance.choose(&Candidates::new(tier, excluded, Instant::now()), rng)
}

/// How often each member was chosen.
fn counts(balance: &dyn Balance, tier: &Tier, choices: usize) -> Vec<usize> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut counts = vec![0; tier.members().len()];
    for _ in 0..choices {
        counts[choose(balance, tier, &[], &mut rng).unwrap()] += 1;
    }
    counts
}

fn take_out(tier: &Tier, index: usize) {
    assert!(tier.members()[index].backend.probe_failed(Instant::now()).is_some());
}

#[test]
fn round_robin_gives_each_its_weight_in_every_round() {
    let balance = RoundRobin::default();
    let tier = tier(&[6, 2, 4]);
    for _ in 0..3 {
        assert_eq!(counts(&balance, &tier, 6), [3, 1, 2]);
    }
}

#[test]
fn the_turns_of_a_member_that_is_out_fall_to_all_others_alike() {
    let tier = tier(&[1, 1, 1, 1]);
    take_out(&tier, 1);
    assert_eq!(counts(&RoundRobin::default(), &tier, 300), [100, 0, 100, 100]);
}

#[test]
fn least_request_prefers_the_fewest_leases_for_the_weight() {
    let settings = PoolSettings {
        algorithm: Algorithm::LeastRequest,
        attempts: NonZeroU32::MIN,
        connect_timeout: Duration::ZERO,
        reuse: crate::pool::Reuse::Safe,
        keep: crate::pool::KeepLimits { connections: 8, idle: Duration::from_secs(1) },
    };
    let members = tier(&[3, 1]).members().to_vec();
    let pool = Arc::new(Pool::new("web", settings, members.clone()));
    let mut rng = fastrand::Rng::with_seed(7);
    let leases: Vec<_> =
        (0..40).map(|_| pool.lease(&[], Instant::now(), &mut rng).unwrap()).collect();
    assert_eq!(members[0].backend.in_flight(), 30);
    assert_eq!(members[1].backend.in_flight(), 10);
    drop(leases);
}

#[test]
fn least_request_breaks_ties_by_chance() {
    for count in counts(&LeastRequest, &tier(&[5, 5, 5]), 3000) {
        assert!((900..1100).contains(&count), "{count}");
    }
}

#[test]
fn random_follows_the_weights() {
    let counts = counts(&Random, &tier(&[1, 2, 5]), 8000);
    for (count, share) in counts.into_iter().zip([1000, 2000, 5000]) {
        assert!(count.abs_diff(share) < 150, "{count} instead of {share}");
    }
}

#[test]
fn an_empty_tier_offers_nobody() {
    for algorithm in ALL {
        let mut rng = fastrand::Rng::with_seed(7);
        assert_eq!(choose(&*algorithm.start(), &tier(&[]), &[], &mut rng), None);
    }
}

proptest! {
    #[test]
    fn nobody_who_is_out_or_excluded_is_chosen(
        members in prop::collection::vec((1..=20u32, 0..3u8), 1..12),
        seed in any::<u64>(),
    ) {
        let weights: Vec<u32> = members.iter().map(|(weight, _)| *weight).collect();
        let tier = tier(&weights);
        let mut excluded = Vec::new();
        for (index, (_, fate)) in members.iter().enumerate() {
            match fate {
                1 => take_out(&tier, index),
                2 => excluded.push(tier.members()[index].backend.id()),
                _ => {}
            }
        }
        let anybody = members.iter().any(|(_, fate)| *fate == 0);
        let mut rng = fastrand::Rng::with_seed(seed);
        for algorithm in ALL {
            let balance = algorithm.start();
            for _ in 0..50 {
                let chosen = choose(&*balance, &tier, &excluded, &mut rng);
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
        let tier = tier(&weights);
        if weights.len() > 1 && out < weights.len() {
            take_out(&tier, out);
        }
        let balance = RoundRobin::default();
        let of_workers: Vec<Vec<usize>> = std::thread::scope(|scope| {
            let (balance, tier) = (&balance, &tier);
            let workers = choices.map(|choices| scope.spawn(move || counts(balance, tier, choices)));
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        let together: Vec<usize> =
            (0..weights.len()).map(|index| of_workers.iter().map(|counts| counts[index]).sum()).collect();
        let of_one = counts(&RoundRobin::default(), &tier, choices.iter().sum());
        prop_assert_eq!(together, of_one);
    }

    /// Within 1 of the exact share at every moment, for members that weigh the same.
    #[test]
    fn equal_members_are_never_more_than_one_apart(members in 1..9usize, choices in 0..500usize) {
        let counts = counts(&RoundRobin::default(), &tier(&vec![3; members]), choices);
        for count in counts {
            prop_assert!((count as f64 - choices as f64 / members as f64).abs() < 1.0);
        }
    }
}
