//! What holds for every algorithm.

use proptest::prelude::*;

use super::*;

/// What keeps a member from being chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Serves,
    Down,
    Draining,
    Tried,
    AtItsLimit,
}

fn fate() -> impl Strategy<Value = Fate> {
    use Fate::{AtItsLimit, Down, Draining, Serves, Tried};
    prop::sample::select(vec![Serves, Serves, Down, Draining, Tried, AtItsLimit])
}

proptest! {
    // Tables are built for each.
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn somebody_is_chosen_if_somebody_may_and_nobody_who_may_not(
        fates in prop::collection::vec((1..=256u32, fate()), 1..12),
        bounded_load in prop::option::of(1.05..3.0f64),
        leases in prop::collection::vec(0..4u32, 12),
        seed: u64,
    ) {
        let now = Instant::now();
        let mut excluded = Vec::new();
        let mut in_flight = 1;
        let limit = 4;
        let members = fates.iter().zip(leases).enumerate();
        let members = members.map(|(number, ((weight, fate), leases))| {
            let member = member(number, *weight);
            let leases = if *fate == Fate::AtItsLimit { limit } else { leases };
            for _ in 0..leases {
                assert!(member.backend.begin_lease(None));
            }
            in_flight += leases;
            match fate {
                Fate::Down => assert!(member.backend.probe_failed(now).is_some()),
                Fate::Tried => excluded.push(member.backend.id()),
                Fate::Draining | Fate::Serves | Fate::AtItsLimit => {}
            }
            Member { draining: *fate == Fate::Draining, ..member }
        });
        let members: Vec<_> = members.collect();
        let anybody = fates.iter().any(|(_, fate)| *fate == Fate::Serves);
        let mut rng = fastrand::Rng::with_seed(seed);
        for algorithm in Algorithm::ALL {
            let balancing = Balancing { algorithm, bounded_load };
            let tier = Tier::new(members.clone(), &balancing, &Arc::default());
            let views = look(&tier);
            let (excluded, limit) = (excluded.as_slice(), Some(limit));
            let candidates = Candidates { excluded, limit, in_flight, ..candidates(&tier, &views) };
            for _ in 0..50 {
                let chosen = tier.balance().choose(&candidates, &mut rng);
                prop_assert_eq!(chosen.is_some(), anybody, "{:?}", algorithm);
                prop_assert!(
                    chosen.is_none_or(|index| fates[index].1 == Fate::Serves),
                    "{:?} chose {:?}", algorithm, chosen
                );
            }
        }
    }
}

#[test]
fn names_are_those_of_the_configuration() {
    let names = Algorithm::ALL.map(Algorithm::name);
    let expected =
        "round_robin least_request random two_choices peak_ewma ring_hash maglev source_hash";
    assert_eq!(names.join(" "), expected);
}
