use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use trunkline_observability::metrics::{Metrics, Source};

use super::*;
use crate::backend::Backend;
use crate::backend::health::HealthPolicy;
use crate::pool::PoolSettings;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };

/// Shows the members of a pool.
struct Shown(Pool, Mutex<Rest>);

impl Source for Shown {
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        Members::of([&self.0], &mut self.1.lock(), Instant::now()).measure(page)
    }
}

fn scrape(backends: &[Arc<Backend>]) -> String {
    let members = backends.iter().map(|backend| Member::new(Arc::clone(backend))).collect();
    let mut metrics = Metrics::default();
    metrics.register(Shown(Pool::new("web", PoolSettings::default(), members), Mutex::default()));
    metrics.encode()
}

fn backends(count: usize) -> Vec<Arc<Backend>> {
    let address = |number: usize| {
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        SocketAddr::from(([10, 0, high, low], 80))
    };
    (0..count).map(|number| Arc::new(Backend::new(address(number), None, POLICY))).collect()
}

/// The value of the sample `name`.
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn a_backend_shows_how_it_has_answered_and_what_became_of_it() {
    let backends = backends(1);
    let backend = &backends[0];
    backend.metrics().tried(true, Duration::from_millis(2), Duration::from_millis(30));
    backend.metrics().tried(false, Duration::from_secs(1), Duration::from_secs(1));
    assert!(backend.probe_failed(Instant::now()).is_some());
    let text = scrape(&backends);
    let expected = [
        ("trunkline_backend_up{pool=\"web\",backend=\"10.0.0.0:80\"}", 0),
        ("trunkline_backend_weight{pool=\"web\",backend=\"10.0.0.0:80\"}", 1),
        (
            "trunkline_backend_tries_total{pool=\"web\",backend=\"10.0.0.0:80\",result=\"failure\"}",
            1,
        ),
        (
            "trunkline_backend_transitions_total{pool=\"web\",backend=\"10.0.0.0:80\",to=\"down\"}",
            1,
        ),
        (
            "trunkline_backend_duration_seconds_bucket\
             {le=\"0.05\",pool=\"web\",backend=\"10.0.0.0:80\"}",
            1,
        ),
        ("trunkline_backend_first_byte_seconds_count{pool=\"web\",backend=\"10.0.0.0:80\"}", 2),
    ];
    for (name, expected) in expected {
        assert_eq!(value(&text, name), Some(expected), "{name} in {text}");
    }
}

#[test]
fn of_a_pool_of_many_so_many_are_shown_and_the_rest_together() {
    for more in [0, 1, 7] {
        let backends = backends(SHOWN + more);
        for backend in &backends {
            backend.metrics().tried(true, Duration::ZERO, Duration::ZERO);
        }
        let text = scrape(&backends);
        let of = |family: &str| {
            let begin = format!("{family}{{");
            text.lines().filter(|line| line.starts_with(&begin)).count()
        };
        assert_eq!(of("trunkline_backend_up"), SHOWN + more.min(1));
        assert_eq!(of("trunkline_backend_duration_seconds_count"), SHOWN + more.min(1));
        let rest = |family: &str| format!("{family}{{pool=\"web\",backend=\"other\"}}");
        let expected = (more > 0).then_some(more as u64);
        assert_eq!(value(&text, &rest("trunkline_backend_up")), expected);
        assert_eq!(value(&text, &rest("trunkline_backend_duration_seconds_count")), expected);
    }
}

#[test]
fn the_series_of_a_backend_end_with_it() {
    let backends = backends(2);
    assert!(scrape(&backends).contains("10.0.0.1:80"));
    assert!(!scrape(&backends[..1]).contains("10.0.0.1:80"));
}

#[test]
fn the_counts_of_the_rest_do_not_fall_when_one_of_them_leaves() {
    let backends = backends(SHOWN + 3);
    for (number, backend) in backends.iter().enumerate() {
        for _ in 0..=number % 3 {
            backend.metrics().tried(true, Duration::ZERO, Duration::ZERO);
        }
    }
    let mut rests = Rest::default();
    let mut rest = |backends: &[Arc<Backend>]| {
        let members = backends.iter().map(|backend| Member::new(Arc::clone(backend))).collect();
        let pool = Pool::new("web", PoolSettings::default(), members);
        let Members { seen } = Members::of([&pool], &mut rests, Instant::now());
        let rest = seen.iter().find(|seen| seen.backend == OTHER);
        rest.map(|rest| (rest.weight, rest.counts.answers.tries[0]))
    };
    // The last three of 0, 1, 2, 0, … and one more each.
    assert_eq!(rest(&backends), Some((3, 2 + 3 + 1)));
    assert_eq!(rest(&backends[..SHOWN + 2]), Some((2, 6)));
    // One that was shown by itself comes to the rest without what it had counted there.
    let last = &backends[SHOWN - 1];
    last.metrics().tried(true, Duration::ZERO, Duration::ZERO);
    let first: Vec<_> = self::backends(1).into_iter().chain(backends[..SHOWN].to_vec()).collect();
    assert_eq!(rest(&first), Some((1, 7)));
    assert_eq!(rest(&backends[..SHOWN]), None);
}
