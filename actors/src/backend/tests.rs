use std::time::Duration;

use super::*;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };

fn backend() -> Backend {
    Backend::new(([10, 0, 0, 1], 80).into(), None, POLICY)
}

#[test]
fn the_gate_opens_when_the_trial_is_due_and_not_before() {
    let now = Instant::now();
    let backend = backend();
    let _ = backend.probe_failed(now);
    let due = now + POLICY.retry_after;
    assert!(!backend.serves(due - Duration::from_nanos(1)));
    assert!(backend.serves(due));
    assert!(matches!(backend.admit(due), Admission::Trial(_)));
    assert!(!backend.serves(due));
}

#[test]
fn no_two_cells_have_the_same_id() {
    let [a, b] = [(); 2].map(|()| backend().id());
    assert_ne!(a, b);
}
