//! What each member gets, against its weight.

use super::*;
use crate::pool::{Asked, Pool, PoolSettings};

const CHOICES: usize = 40_000;

/// How far counts may be from the weights.
enum Within {
    /// As far as chance brings them: Pearson's chi-square, four standard deviations above its mean.
    Chance,
    /// Of each member's share, in per cent, beside chance.
    PerCent(f64),
}

fn within(algorithm: Algorithm) -> Within {
    match algorithm {
        // Points fall by chance: some 350 to 700 for each member.
        Algorithm::RingHash => Within::PerCent(15.0),
        Algorithm::Maglev => Within::PerCent(1.0),
        Algorithm::RoundRobin
        | Algorithm::LeastRequest
        | Algorithm::Random
        | Algorithm::TwoChoices
        | Algorithm::PeakEwma
        | Algorithm::SourceHash => Within::Chance,
    }
}

/// Nothing is under way, so that nothing but weights decides.
fn assert_shares(algorithm: Algorithm, weights: &[u32], out: &[usize]) {
    let tier = tier(algorithm, weights);
    for index in out {
        take_out(&tier, *index);
    }
    let counts = counts(&tier, CHOICES);
    let serve = |index: usize| if out.contains(&index) { 0.0 } else { f64::from(weights[index]) };
    let sum: f64 = (0..weights.len()).map(serve).sum();
    let mut chi_square = 0.0;
    let mut members = 0.0;
    for (index, count) in counts.iter().enumerate() {
        let share = CHOICES as f64 * serve(index) / sum;
        if share == 0.0 {
            assert_eq!(*count, 0);
            continue;
        }
        let off = *count as f64 - share;
        members += 1.0;
        chi_square += off * off / share;
        if let Within::PerCent(per_cent) = within(algorithm) {
            let bound = share * per_cent / 100.0 + 4.0 * share.sqrt();
            assert!(off.abs() < bound, "{algorithm:?}: {count} instead of {share}: {counts:?}");
        }
    }
    let freedom: f64 = members - 1.0;
    println!("{:14} {weights:?} less {out:?}: chi-square {chi_square:.1}", algorithm.name());
    if let Within::Chance = within(algorithm) {
        let bound = freedom + 4.0 * (2.0 * freedom).sqrt() + 1.0;
        assert!(chi_square < bound, "{algorithm:?}: {chi_square} > {bound}: {counts:?}");
    }
}

#[test]
fn an_idle_pool_divides_by_weight_by_every_algorithm() {
    for algorithm in Algorithm::ALL {
        assert_shares(algorithm, &[1], &[]);
        assert_shares(algorithm, &[3, 1], &[]);
        assert_shares(algorithm, &[1, 2, 5], &[]);
        assert_shares(algorithm, &[10, 10, 10, 10, 10, 10, 10], &[]);
    }
}

#[test]
fn those_that_are_left_divide_by_weight_by_every_algorithm() {
    for algorithm in Algorithm::ALL {
        assert_shares(algorithm, &[4, 1, 4, 2], &[2]);
        assert_shares(algorithm, &[1, 2, 1, 2, 1, 2, 1, 2], &[0, 1, 2, 3, 4]);
    }
}

/// Leases that are all out at once.
fn held(algorithm: Algorithm, weights: &[u32], leases: usize) -> Vec<u32> {
    let balancing = Balancing { algorithm, ..Balancing::default() };
    let settings = PoolSettings { balancing, ..PoolSettings::default() };
    let members = members(weights);
    let pool = Arc::new(Pool::new("web", settings, members.clone()));
    let mut rng = fastrand::Rng::with_seed(7);
    let now = Instant::now();
    let leases: Vec<_> =
        (0..leases).map(|_| pool.lease(&Asked::default(), now, &mut rng).unwrap()).collect();
    let counts = members.iter().map(|member| member.backend.in_flight()).collect();
    drop(leases);
    counts
}

#[test]
fn least_request_prefers_the_fewest_leases_for_the_weight() {
    assert_eq!(held(Algorithm::LeastRequest, &[3, 1], 40), [30, 10]);
}

#[test]
fn two_choices_fill_all_for_their_weight_within_a_few_leases() {
    for algorithm in [Algorithm::TwoChoices, Algorithm::PeakEwma] {
        for (count, share) in
            held(algorithm, &[1, 2, 5, 2], 1000).into_iter().zip([100, 200, 500, 200])
        {
            assert!(count.abs_diff(share) < 10, "{algorithm:?}: {count} instead of {share}");
        }
    }
}

#[test]
fn an_empty_tier_offers_nobody() {
    for algorithm in Algorithm::ALL {
        let tier = tier(algorithm, &[]);
        let views = look(&tier);
        let mut rng = fastrand::Rng::with_seed(7);
        assert_eq!(tier.balance().choose(&candidates(&tier, &views), &mut rng), None);
    }
}
