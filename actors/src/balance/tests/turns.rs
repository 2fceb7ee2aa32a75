//! The order of a round robin.

use proptest::prelude::*;

use super::*;

#[test]
fn round_robin_gives_each_its_weight_in_every_round() {
    let tier = tier(Algorithm::RoundRobin, &[6, 2, 4]);
    for _ in 0..3 {
        assert_eq!(counts(&tier, 6), [3, 1, 2]);
    }
}

#[test]
fn members_of_equal_weight_have_their_turns_in_their_order() {
    let tier = tier(Algorithm::RoundRobin, &[7, 7, 7]);
    let views = look(&tier);
    let mut rng = fastrand::Rng::with_seed(7);
    for turn in 0..9 {
        let chosen = tier.balance().choose(&candidates(&tier, &views), &mut rng);
        assert_eq!(chosen, Some(turn % 3));
    }
}

#[test]
fn the_turns_of_a_member_that_is_out_fall_to_all_others_alike() {
    let tier = tier(Algorithm::RoundRobin, &[1, 1, 1, 1]);
    take_out(&tier, 1);
    assert_eq!(counts(&tier, 300), [100, 0, 100, 100]);
}

#[test]
fn the_turns_of_a_member_at_its_limit_fall_to_all_others_alike() {
    let tier = tier(Algorithm::RoundRobin, &[1, 1, 1, 1]);
    assert!(tier.members()[1].backend.begin_lease(None));
    let views = look(&tier);
    let candidates = Candidates { limit: Some(1), ..candidates(&tier, &views) };
    let mut rng = fastrand::Rng::with_seed(7);
    let mut counts = [0; 4];
    for _ in 0..300 {
        counts[tier.balance().choose(&candidates, &mut rng).unwrap()] += 1;
    }
    assert_eq!(counts, [100, 0, 100, 100]);
}

#[test]
fn light_members_have_their_turns_one_after_the_other() {
    let mut weights = vec![1; 100];
    weights[40] = 100;
    let tier = tier(Algorithm::RoundRobin, &weights);
    for _ in 0..20 {
        let tenth = counts(&tier, 20);
        assert!((9..=11).contains(&tenth[40]), "{tenth:?}");
    }
}

proptest! {
    /// At every moment, whatever the weights.
    #[test]
    fn nobody_is_more_than_two_turns_off_its_share(
        weights in prop::collection::vec(1..=256u32, 1..12),
        choices in 0..3000usize,
    ) {
        let counts = counts(&tier(Algorithm::RoundRobin, &weights), choices);
        let sum: u32 = weights.iter().sum();
        for (count, weight) in counts.iter().zip(&weights) {
            let share = choices as f64 * f64::from(*weight) / f64::from(sum);
            prop_assert!((*count as f64 - share).abs() <= 2.0, "{counts:?} by {weights:?}");
        }
    }

    /// Within 1 of the exact share at every moment, for members that weigh the same.
    #[test]
    fn equal_members_are_never_more_than_one_apart(members in 1..9usize, choices in 0..500usize) {
        let counts = counts(&tier(Algorithm::RoundRobin, &vec![3; members]), choices);
        for count in counts {
            prop_assert!((count as f64 - choices as f64 / members as f64).abs() < 1.0);
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
}
