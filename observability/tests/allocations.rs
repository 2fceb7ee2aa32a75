//! What is written on the way of a request allocates nothing.

use std::time::Duration;

use allocation_counter::measure;
use trunkline_observability::metrics::{Counters, Histogram, LATENCY, TraceId};

#[test]
fn to_count_allocates_nothing() {
    let counters = Counters::<6>::default();
    let histogram = Histogram::with_exemplars(&LATENCY);
    let count = || {
        for each in 0..100u32 {
            counters.count(each as usize % 6);
            let sampled = each.is_multiple_of(10).then(|| TraceId::from(1 + u128::from(each)));
            histogram.observe_in(Duration::from_micros(u64::from(each) * 100), sampled);
        }
    };
    // On a thread that has never counted before.
    let first =
        std::thread::scope(|scope| scope.spawn(|| measure(count).count_total).join().unwrap());
    assert_eq!((first, measure(count).count_total), (0, 0));
    assert_eq!((counters.total(), histogram.snapshot().count()), (200, 200));
    assert!(measure(|| drop(histogram.snapshot())).count_total > 0, "it does count");
}
