use proptest::prelude::*;

use super::*;

const POLICY: EjectionPolicy = EjectionPolicy {
    failures: 5,
    success_rate: None,
    least_requests: 100,
    interval: Duration::from_secs(10),
    time: Duration::from_secs(10),
    longest: Duration::from_secs(35),
    share: 50,
};

const SECOND: Duration = Duration::from_secs(1);

fn rates(of: &[(u64, u64)]) -> Vec<Rate> {
    of.iter().map(|&(successes, requests)| Rate { requests, successes }).collect()
}

#[test]
fn each_further_ejection_is_longer_up_to_the_longest() {
    let (mut ejection, mut now) = (Ejection::default(), Instant::now());
    assert!(!ejection.is_out(now));
    for lasts in [10, 20, 30, 35, 35, 35] {
        let until = ejection.eject(&POLICY, now);
        assert_eq!(until, now + lasts * SECOND);
        assert!(ejection.is_out(until - Duration::from_nanos(1)));
        assert!(!ejection.is_out(until));
        now = until;
    }
}

#[test]
fn an_ejection_is_not_extended_by_what_was_sent_before_it() {
    let (mut ejection, now) = (Ejection::default(), Instant::now());
    let until = ejection.eject(&POLICY, now);
    assert_eq!(ejection.eject(&POLICY, now + 9 * SECOND), until);
    assert_eq!(ejection.eject(&POLICY, until), until + 20 * SECOND);
}

#[test]
fn each_interval_without_ejection_makes_the_next_one_shorter() {
    let (mut ejection, mut now) = (Ejection::default(), Instant::now());
    for _ in 0..9 {
        now = ejection.eject(&POLICY, now);
    }
    // It was ejected in this interval.
    ejection.settle(&POLICY, now + POLICY.interval / 2);
    for left in [3, 2, 1] {
        now += POLICY.interval;
        ejection.settle(&POLICY, now);
        let next = ejection.clone().eject(&POLICY, now);
        assert_eq!(next, now + (left + 1) * POLICY.time.min(POLICY.longest / (left + 1)));
    }
    now += POLICY.interval;
    ejection.settle(&POLICY, now);
    assert_eq!(ejection, Ejection::default());
    ejection.settle(&POLICY, now + POLICY.interval);
    assert_eq!(ejection.eject(&POLICY, now), now + POLICY.time);
}

#[test]
fn at_least_one_of_three_may_be_ejected_and_never_all() {
    let most = |share, upto: usize| (0..=upto).map(|n| most_ejected(n, share)).collect::<Vec<_>>();
    assert_eq!(most(50, 6), [0, 0, 1, 1, 2, 2, 3]);
    assert_eq!(most(10, 6), [0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(most(49, 4), [0, 0, 0, 1, 1]);
    assert_eq!(most(100, 4), [0, 0, 1, 2, 3]);
    assert_eq!(most(255, 4), [0, 0, 1, 2, 3]);
    assert_eq!(most_ejected(30, 10), 3);
}

#[test]
fn a_success_rate_far_below_the_others_stands_out_and_the_worst_comes_first() {
    let good = (99, 100);
    assert_eq!(outliers(&rates(&[good, good, (50, 100), good, good]), 1.9, 100), [2]);
    let two = rates(&[(60, 100), good, good, good, good, good, good, (40, 100)]);
    assert_eq!(outliers(&two, 1.0, 100), [7, 0]);
    // 1.41 deviations are as far as one of three can be.
    let three = rates(&[good, (0, 100), good]);
    assert_eq!(outliers(&three, 1.4, 100), [1]);
    assert!(outliers(&three, 1.9, 100).is_empty());
}

#[test]
fn too_few_backends_or_requests_are_no_statistics() {
    let (good, bad) = ((100, 100), (0, 100));
    assert!(outliers(&rates(&[good, bad]), 0.5, 100).is_empty());
    assert!(outliers(&rates(&[good, bad, (99, 99)]), 0.5, 100).is_empty());
    assert_eq!(outliers(&rates(&[good, bad, good, (0, 99)]), 0.5, 100), [1]);
    assert!(outliers(&rates(&[(0, 0), (0, 0), (0, 0)]), 0.5, 0).is_empty());
}

#[test]
fn equal_rates_have_no_outlier_however_they_round() {
    for members in 3..50 {
        for successes in 0..=10 {
            assert!(outliers(&rates(&vec![(successes, 10); members]), 0.5, 1).is_empty());
        }
    }
}

proptest! {
    #[test]
    fn never_more_than_the_share_are_ejected(members in 0usize..500, share in 0u8..=100) {
        let most = most_ejected(members, share);
        let shared = members * usize::from(share) / 100;
        prop_assert!(most <= shared.max(usize::from(members >= 3)));
        prop_assert!(most < members || members == 0);
        prop_assert!(most >= shared.min(members.saturating_sub(1)));
        prop_assert!(most <= most_ejected(members + 1, share), "more members allow no fewer");
    }

    #[test]
    fn ejections_grow_and_shrink_by_one_step(
        steps in prop::collection::vec((any::<bool>(), 0u32..40), 1..60),
    ) {
        let (mut ejection, mut now) = (Ejection::default(), Instant::now());
        // What it must be, in steps.
        let (mut counted, mut until) = (0u32, None);
        for (eject, after) in steps {
            now += after * SECOND;
            let out = until.is_some_and(|until| until > now);
            prop_assert_eq!(ejection.is_out(now), out);
            if eject {
                let ends = ejection.eject(&POLICY, now);
                if !out {
                    counted = (counted + 1).min(4);
                    until = Some(now + (counted * POLICY.time).min(POLICY.longest));
                }
                prop_assert_eq!(Some(ends), until);
                prop_assert!(ends - now <= POLICY.longest);
            } else {
                ejection.settle(&POLICY, now);
                if until.is_some_and(|until| until + POLICY.interval <= now) {
                    counted = counted.saturating_sub(1);
                }
                prop_assert_eq!(ejection.is_out(now), out);
            }
        }
    }

    #[test]
    fn outliers_are_below_the_mean_and_never_all(
        stats in prop::collection::vec((0u64..300, 0u64..300), 0..40), deviations in 0.5..10f64,
    ) {
        let stats = rates(&stats);
        let found = outliers(&stats, deviations, 100);
        let rate = |index: &usize| {
            stats[*index].successes.min(stats[*index].requests) as f64 / stats[*index].requests as f64
        };
        let counted: Vec<_> = (0..stats.len()).filter(|at| stats[*at].requests >= 100).collect();
        let mean = counted.iter().map(rate).sum::<f64>() / counted.len() as f64;
        prop_assert!(found.iter().all(|at| counted.contains(at) && rate(at) < mean));
        prop_assert!(found.is_sorted_by(|a, b| rate(a) <= rate(b)));
        prop_assert!(found.len() < counted.len().max(1));
    }
}
