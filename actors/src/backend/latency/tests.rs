use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn millis(cost: f64) -> f64 {
    cost / 1e6
}

fn near(cost: f64, expected: f64) -> bool {
    (millis(cost) - expected).abs() < 1e-6 * expected.max(1.0)
}

#[test]
fn a_backend_that_was_never_measured_costs_nothing() {
    let now = Instant::now();
    let ewma = PeakEwma::new(now);
    assert_eq!(ewma.cost(now), 0.0);
    assert_eq!(ewma.cost(now + DECAY), 0.0);
    ewma.observe(Duration::ZERO, now);
    assert!(ewma.cost(now) > 0.0, "what took no time is measured, too");
}

#[test]
fn a_peak_counts_at_once_and_fades_with_its_time_constant() {
    let now = Instant::now();
    let ewma = PeakEwma::new(now);
    ewma.observe(10 * MS, now + DECAY);
    ewma.observe(500 * MS, now + DECAY);
    let now = now + DECAY;
    assert!(near(ewma.cost(now), 500.0));
    assert!(near(ewma.cost(now + DECAY), 500.0 / std::f64::consts::E));
    assert!(ewma.cost(now + 100 * DECAY) < 1.0, "it is tried again");
    ewma.observe(10 * MS, now + DECAY);
    let e = std::f64::consts::E;
    assert!(near(ewma.cost(now + DECAY), 500.0 / e + 10.0 * (1.0 - 1.0 / e)));
}

#[test]
fn a_clock_read_before_anothers_counts_its_peak_and_moves_nothing_else() {
    let now = Instant::now() + DECAY;
    let ewma = PeakEwma::new(now - DECAY);
    ewma.observe(100 * MS, now);
    ewma.observe(10 * MS, now - 5 * MS);
    assert!(near(ewma.cost(now), 100.0));
    ewma.observe(200 * MS, now - 5 * MS);
    assert!(near(ewma.cost(now), 200.0));
    assert!(near(ewma.cost(now - 5 * MS), 200.0));
}

#[test]
fn workers_that_measure_at_once_leave_the_highest() {
    let now = Instant::now();
    let ewma = PeakEwma::new(now);
    let ewma = &ewma;
    std::thread::scope(|scope| {
        for worker in 0..4u32 {
            scope.spawn(move || {
                for sample in 0..5_000u32 {
                    let latency = (worker * 5_000 + sample + 1) * MS;
                    ewma.observe(latency, now + sample * Duration::from_nanos(10));
                    let cost = millis(ewma.cost(now));
                    assert!((1.0..=20_000.0).contains(&cost), "{cost}");
                }
            });
        }
    });
    let cost = millis(ewma.cost(now));
    assert!((19_999.0..=20_000.0).contains(&cost), "{cost}");
}

proptest! {
    #[test]
    fn the_cost_is_between_the_last_latency_and_the_highest(
        samples in prop::collection::vec((1u64..100_000, 0u64..20_000_000), 1..60),
    ) {
        let mut now = Instant::now();
        let ewma = PeakEwma::new(now);
        let mut highest = 0.0f64;
        for (latency, after) in samples {
            now += Duration::from_micros(after);
            let before = ewma.cost(now);
            let sample = Duration::from_micros(latency);
            highest = highest.max(sample.as_nanos() as f64);
            ewma.observe(sample, now);
            let cost = ewma.cost(now);
            prop_assert!(cost >= sample.as_nanos() as f64 && cost <= highest * (1.0 + 1e-12));
            prop_assert!(cost >= before * (1.0 - 1e-12), "what faded stays faded, no more");
            prop_assert!(ewma.cost(now + DECAY) < cost);
        }
    }

    #[test]
    fn many_answers_of_the_same_latency_lead_there_however_they_are_spread(
        first in 1u64..1_000_000, then in 1u64..1_000, every in 1u64..500,
    ) {
        let mut now = Instant::now();
        let ewma = PeakEwma::new(now);
        ewma.observe(Duration::from_micros(first), now);
        let end = now + 30 * DECAY;
        while now < end {
            now += Duration::from_millis(every);
            ewma.observe(Duration::from_micros(then), now);
        }
        let error = (ewma.cost(now) / 1e3 - then as f64).abs() / then as f64;
        prop_assert!(error < 1e-3, "{error}");
    }
}
