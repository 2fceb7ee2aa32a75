use proptest::prelude::*;

use super::*;

fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// The bounds, what is beside them, and anything else.
fn value() -> impl Strategy<Value = u64> {
    let near =
        (0..BOUNDS, -1i64..=1).prop_map(|(bound, by)| LATENCY.0[bound].saturating_add_signed(by));
    prop_oneof![near, 0..20 * S, any::<u64>().prop_map(|any| any >> 8)]
}

#[test]
fn scales_ascend() {
    assert!(LATENCY.0.is_sorted_by(|one, next| one < next));
    assert!(LIFETIME.0.is_sorted_by(|one, next| one < next));
}

#[test]
fn what_threads_observe_at_once_is_all_there() {
    const EACH: u64 = 20_000;
    let histogram = Histogram::with_exemplars(&LATENCY);
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let histogram = &histogram;
            scope.spawn(move || {
                for each in 0..EACH {
                    let trace = (each % 64 == 0).then(|| TraceId::from(u128::from(thread + 1)));
                    histogram.observe_in(nanos(each * 1_000), trace);
                }
            });
        }
        // Whoever looks meanwhile sees no more than there is.
        let seen = histogram.snapshot();
        assert!(seen.count() <= 4 * EACH);
    });
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.count(), 4 * EACH);
    assert_eq!(snapshot.sum, 4 * (0..EACH).map(|each| each * 1_000).sum::<u64>());
    assert!(snapshot.exemplars[0].is_some());
}

#[test]
fn the_longest_duration_is_counted_above_all_bounds() {
    let histogram = Histogram::new(&LIFETIME);
    histogram.observe(Duration::MAX);
    assert_eq!(histogram.snapshot().counts[BOUNDS], 1);
}

#[test]
fn only_what_is_sampled_leaves_an_exemplar() {
    let histogram = Histogram::with_exemplars(&LATENCY);
    histogram.observe(nanos(1));
    assert_eq!(histogram.snapshot().exemplars, [None; BUCKETS]);
    histogram.observe_in(nanos(MS), Some(TraceId::from(7)));
    let exemplars = histogram.snapshot().exemplars;
    let kept: Vec<_> = exemplars.iter().flatten().map(|kept| (kept.trace, kept.value)).collect();
    assert_eq!(kept, [(TraceId::from(7), nanos(MS))]);
    assert!(exemplars[3].is_some(), "that of the bucket up to 1 ms");
}

proptest! {
    #[test]
    fn the_bucket_is_the_first_whose_bound_is_not_below(value in value()) {
        for scale in [&LATENCY, &LIFETIME] {
            let expected = scale.0.iter().position(|bound| value <= *bound).unwrap_or(BOUNDS);
            prop_assert_eq!(scale.bucket(value), expected);
        }
    }

    #[test]
    fn the_count_is_that_of_all_buckets_and_the_sum_that_of_all_values(
        values in prop::collection::vec(value(), 0..200)
    ) {
        let histogram = Histogram::new(&LATENCY);
        values.iter().for_each(|value| histogram.observe(nanos(*value)));
        let snapshot = histogram.snapshot();
        prop_assert_eq!(snapshot.count(), values.len() as u64);
        prop_assert_eq!(snapshot.sum, values.iter().fold(0u64, |sum, value| sum.wrapping_add(*value)));
    }

    #[test]
    fn a_merge_is_the_sum_of_its_parts(
        values in prop::collection::vec((any::<bool>(), value()), 0..200)
    ) {
        let [whole, one, other] = [(); 3].map(|()| Histogram::new(&LATENCY));
        for (first, value) in values {
            whole.observe(nanos(value));
            if first { &one } else { &other }.observe(nanos(value));
        }
        let mut merged = one.snapshot();
        merged.add(&other.snapshot());
        prop_assert_eq!(merged, whole.snapshot());
    }
}
