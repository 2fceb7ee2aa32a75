use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

/// Records these and closes the window.
fn turned(percentile: &Percentile, latencies: impl IntoIterator<Item = Duration>) {
    latencies.into_iter().for_each(|latency| percentile.record(latency));
    percentile.turn();
}

fn is_near(found: Duration, exact: Duration) -> bool {
    found.abs_diff(exact).as_nanos() * 16 <= exact.as_nanos() + 16
}

#[test]
fn a_percentile_is_that_of_the_last_two_windows() {
    let percentile = Percentile::default();
    turned(&percentile, (1..=100).map(|n| n * MS));
    assert!(is_near(percentile.after(95.0).unwrap(), 95 * MS));
    turned(&percentile, (101..=200).map(|n| n * MS));
    assert!(is_near(percentile.after(95.0).unwrap(), 190 * MS));
    turned(&percentile, (201..=300).map(|n| n * MS));
    assert!(is_near(percentile.after(50.0).unwrap(), 200 * MS));
    assert!(is_near(percentile.after(100.0).unwrap(), 300 * MS));
    turned(&percentile, []);
    assert!(is_near(percentile.after(50.0).unwrap(), 250 * MS));
    turned(&percentile, []);
    assert_eq!(percentile.after(50.0), None);
}

#[test]
fn too_few_answers_have_no_percentile_and_an_open_window_has_none_yet() {
    let percentile = Percentile::default();
    assert_eq!(percentile.after(50.0), None);
    turned(&percentile, [MS; 99]);
    assert_eq!(percentile.after(50.0), None);
    percentile.record(MS);
    assert_eq!(percentile.after(50.0), None, "the window is open");
    percentile.turn();
    assert!(is_near(percentile.after(50.0).unwrap(), MS));
}

#[test]
fn another_percentile_is_looked_for_anew() {
    let percentile = Percentile::default();
    turned(&percentile, (1..=1000).map(|n| n * MS));
    for of in [50.0, 99.9, 50.0, 90.0f32] {
        for _ in 0..2 {
            let exact = Duration::from_secs(1).mul_f32(of / 100.0);
            assert!(is_near(percentile.after(of).unwrap(), exact), "{of}");
        }
    }
}

#[test]
fn what_is_out_of_range_counts_as_its_end() {
    let percentile = Percentile::default();
    turned(&percentile, [Duration::ZERO; 100]);
    assert!(is_near(percentile.after(99.0).unwrap(), SHORTEST));
    turned(&percentile, [Duration::MAX; 10_000]);
    assert!(is_near(percentile.after(99.0).unwrap(), LONGEST));
}

#[test]
fn buckets_follow_one_another_without_a_gap() {
    let mut from = SHORTEST.as_nanos() as u64;
    let last = LONGEST.as_nanos() as u64;
    let mut bucket = 0;
    while from <= last {
        assert_eq!(number(from) - FIRST, bucket);
        let width = 1 << (from.ilog2() - STEPS);
        let next = (from / width + 1) * width;
        assert_eq!(number(next - 1) - FIRST, bucket);
        (from, bucket) = (next, bucket + 1);
    }
    assert_eq!(bucket, BUCKETS);
}

#[test]
fn nothing_that_several_workers_record_is_lost() {
    let percentile = Percentile::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25_000).for_each(|n| percentile.record(n * MS / 1000)));
        }
    });
    percentile.turn();
    let both = percentile.closed.lock().both;
    assert_eq!(both.iter().sum::<u32>(), 100_000);
}

proptest! {
    #[test]
    fn what_is_found_is_off_by_a_sixteenth_at_most(
        latencies in prop::collection::vec(1_000u64..=100_000_000_000, 100..400), of in 50.0..99.9f32,
        shift in 0u32..20,
    ) {
        let mut latencies: Vec<_> = latencies
            .into_iter()
            .map(|nanos| Duration::from_nanos((nanos >> shift).max(1_000)))
            .collect();
        let percentile = Percentile::default();
        turned(&percentile, latencies.iter().copied());
        latencies.sort_unstable();
        let rank = (f64::from(of) / 100.0 * latencies.len() as f64).ceil() as usize;
        let exact = latencies[rank.clamp(1, latencies.len()) - 1];
        let found = percentile.after(of).unwrap();
        prop_assert!(is_near(found, exact), "{found:?}, not {exact:?}");
        prop_assert_eq!(percentile.after(of), Some(found));
    }
}
