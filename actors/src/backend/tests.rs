use std::time::Duration;

use super::*;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };

#[test]
fn an_ip_address_serves_at_once_and_a_host_name_when_it_was_resolved() {
    let now = Instant::now();
    assert!(Backend::new("[::1]:80", POLICY).serves(now));
    let named = Backend::new("web.local:80", POLICY);
    assert!(!named.serves(now));
    assert!(named.set_resolved(vec![([10, 0, 0, 1], 80).into()]));
    assert!(named.serves(now));
}

#[test]
fn an_empty_answer_of_the_resolver_leaves_the_last_good_one() {
    let named = Backend::new("web.local:80", POLICY);
    let good = vec![SocketAddr::from(([10, 0, 0, 1], 80))];
    assert!(named.set_resolved(good.clone()));
    assert!(!named.set_resolved(good.clone()), "nothing has changed");
    assert!(!named.set_resolved(Vec::new()));
    assert_eq!(**named.resolved(), good);
}

#[test]
fn the_gate_opens_when_the_trial_is_due_and_not_before() {
    let now = Instant::now();
    let backend = Backend::new("10.0.0.1:80", POLICY);
    let _ = backend.probe_failed(now);
    let due = now + POLICY.retry_after;
    assert!(!backend.serves(due - Duration::from_nanos(1)));
    assert!(backend.serves(due));
    assert!(matches!(backend.admit(due), Admission::Trial(_)));
    assert!(!backend.serves(due));
}

#[test]
fn no_two_cells_have_the_same_id() {
    let [a, b] = ["10.0.0.1:80"; 2].map(|address| Backend::new(address, POLICY).id());
    assert_ne!(a, b);
}
