//! Which keys move when members come and go.

use super::*;
use crate::pool::key::key_of;

const KEYS: usize = 20_000;

/// By key: the name of the member that it leads to.
fn owners(tier: &Tier) -> Vec<String> {
    let views = look(tier);
    let mut rng = fastrand::Rng::with_seed(7);
    let keys = (0..KEYS).map(|key| key_of(&key.to_be_bytes()));
    keys.map(|key| {
        let candidates = Candidates { hash: Some(key), ..candidates(tier, &views) };
        let index = tier.balance().choose(&candidates, &mut rng).unwrap();
        tier.members()[index].backend.name().to_owned()
    })
    .collect()
}

/// Keys that moved, and those that had to: of or to the member that is in only one of two tiers.
fn moved(algorithm: Algorithm, weights: &[u32], joins: u32) -> (usize, usize) {
    let few = members(weights);
    let mut many = few.clone();
    many.insert(weights.len() / 2, member(weights.len(), joins));
    let changing = many[weights.len() / 2].backend.name().to_owned();
    let (few, many) = (owners(&tier_of(few, algorithm)), owners(&tier_of(many, algorithm)));
    let moved = few.iter().zip(&many).filter(|(before, after)| before != after).count();
    (moved, many.iter().filter(|owner| **owner == changing).count())
}

/// Joining and leaving are the same two tiers, in one order or the other.
#[test]
fn one_that_joins_or_leaves_moves_few_keys_but_its_own() {
    let pools: [(Vec<u32>, u32); 7] = [
        (vec![1; 1], 1),
        (vec![1; 2], 1),
        (vec![1; 3], 1),
        (vec![1; 9], 1),
        (vec![1; 49], 1),
        (vec![1; 199], 1),
        (vec![10, 1, 5, 2, 10, 7, 3], 4),
    ];
    for (weights, joins) in pools {
        for algorithm in HASHES {
            let (moved, own) = moved(algorithm, &weights, joins);
            println!(
                "{:12} {:3} members and one: {moved} of {KEYS} keys moved, {own} of them its own",
                algorithm.name(),
                weights.len()
            );
            let bound = if algorithm == Algorithm::Maglev { own + KEYS * 3 / 100 } else { own };
            assert!((own..=bound).contains(&moved), "{algorithm:?} {weights:?}");
        }
    }
}

#[test]
fn only_keys_of_those_that_are_out_move_and_all_others_get_some() {
    for algorithm in HASHES {
        let tier = tier(algorithm, &[2; 12]);
        let before = owners(&tier);
        for (out, left) in [(3, 11), (4, 10), (9, 9)] {
            take_out(&tier, out);
            let name = tier.members()[out].backend.name();
            let after = owners(&tier);
            let mut taken = std::collections::HashMap::<_, usize>::new();
            for (before, after) in before.iter().zip(&after) {
                let serving = tier.members().iter().filter(|m| m.backend.serves(Instant::now()));
                let stays = serving.clone().any(|member| member.backend.name() == before);
                assert!(!stays || before == after, "{algorithm:?}: {before} to {after}");
                if before == name {
                    *taken.entry(after.clone()).or_default() += 1;
                }
            }
            let moved: usize = taken.values().sum();
            assert_eq!(taken.len(), left, "{algorithm:?}: {taken:?}");
            assert!(
                taken.values().all(|keys| *keys > moved / left / 2),
                "{algorithm:?}: {taken:?}"
            );
        }
        for back in [3, 4, 9] {
            let _ = tier.members()[back].backend.probe_passed(Instant::now());
        }
        assert_eq!(owners(&tier), before);
    }
}

#[test]
fn replicas_agree_in_whatever_order_they_list_the_members() {
    for algorithm in HASHES {
        let mut members = members(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let before = owners(&tier_of(members.clone(), algorithm));
        fastrand::Rng::with_seed(3).shuffle(&mut members);
        assert_eq!(owners(&tier_of(members, algorithm)), before);
    }
}

#[test]
fn a_request_without_a_key_goes_anywhere() {
    for algorithm in HASHES {
        let counts = counts(&tier(algorithm, &[1; 4]), 400);
        assert!(counts.iter().all(|count| *count > 50), "{algorithm:?}: {counts:?}");
    }
}
