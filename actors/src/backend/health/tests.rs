use proptest::prelude::*;

use super::*;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 3, probe_fall: 2, rise: 2, retry_after: Duration::from_secs(1) };

fn after(now: Instant, seconds: u64) -> Instant {
    now + Duration::from_secs(seconds)
}

fn down(now: Instant) -> Health {
    let mut health = Health::default();
    for _ in 0..POLICY.fall {
        let _ = health.failed(None, &POLICY, now);
    }
    health
}

fn trial(health: &mut Health, now: Instant) -> Trial {
    match health.admit(now) {
        Admission::Trial(trial) => trial,
        refused @ (Admission::Ordinary | Admission::Refused) => panic!("no trial: {refused:?}"),
    }
}

#[test]
fn failures_in_a_row_take_it_out_and_a_success_between_them_does_not() {
    let now = Instant::now();
    let mut health = Health::default();
    for _ in 0..5 {
        assert_eq!(health.failed(None, &POLICY, now), None);
        assert_eq!(health.failed(None, &POLICY, now), None);
        assert_eq!(health.standing(), Standing::Shaky);
        assert_eq!(health.connected(None, now), None);
        assert_eq!(health.standing(), Standing::Up);
    }
    let _ = health.failed(None, &POLICY, now);
    let _ = health.failed(None, &POLICY, now);
    assert_eq!(
        health.failed(None, &POLICY, now),
        Some(Transition::WentDown {
            reason: DownReason::Connections,
            failures: 3,
            retry_at: Some(after(now, 1))
        })
    );
    assert_eq!(health.admit(now), Admission::Refused);
}

#[test]
fn probes_take_it_out_and_bring_it_back() {
    let now = Instant::now();
    let mut health = Health::default();
    assert_eq!(health.probe_failed(&POLICY, now), None);
    assert!(matches!(
        health.probe_failed(&POLICY, now),
        Some(Transition::WentDown { reason: DownReason::Probes, failures: 2, .. })
    ));
    assert_eq!(health.probe_passed(&POLICY, after(now, 1)), None);
    assert_eq!(health.probe_failed(&POLICY, after(now, 2)), None, "the passes start again");
    assert_eq!(health.probe_passed(&POLICY, after(now, 3)), None);
    assert_eq!(
        health.probe_passed(&POLICY, after(now, 4)),
        Some(Transition::CameUp { reason: UpReason::Probes, down_for: Duration::from_secs(4) })
    );
}

#[test]
fn one_trial_is_admitted_at_a_time_and_its_success_brings_it_back() {
    let now = Instant::now();
    let mut health = down(now);
    let now = after(now, 1);
    let trial = trial(&mut health, now);
    assert_eq!(health.admit(after(now, 100)), Admission::Refused);
    assert_eq!(health.standing(), Standing::OnTrial);
    assert_eq!(health.connected(None, now), None, "an old connection says nothing new");
    assert_eq!(
        health.connected(Some(trial), now),
        Some(Transition::CameUp { reason: UpReason::Trial, down_for: Duration::from_secs(1) })
    );
    assert_eq!(health.admit(now), Admission::Ordinary);
}

#[test]
fn the_wait_doubles_up_to_half_a_minute_while_trials_fail() {
    let mut now = Instant::now();
    let mut health = down(now);
    for expected in [1, 2, 4, 8, 16, 30, 30] {
        assert_eq!(health.standing(), Standing::Down { retry_at: after(now, expected) });
        now = after(now, expected);
        let trial = trial(&mut health, now);
        assert_eq!(health.failed(Some(trial), &POLICY, now), None);
    }
}

#[test]
fn a_trial_that_was_released_makes_room_for_the_next_at_once() {
    let now = Instant::now();
    let mut health = down(now);
    let now = after(now, 1);
    let first = trial(&mut health, now);
    health.released(first);
    let second = trial(&mut health, now);
    assert_ne!(first, second);
    health.released(first);
    assert_eq!(health.standing(), Standing::OnTrial, "the first no longer counts");
}

#[test]
fn a_trial_of_an_earlier_outage_decides_nothing_in_the_next() {
    let now = Instant::now();
    let mut health = down(now);
    let now = after(now, 1);
    let old = trial(&mut health, now);
    let _ = health.probe_passed(&POLICY, now);
    let _ = health.probe_passed(&POLICY, now);
    for _ in 0..POLICY.fall {
        let _ = health.failed(None, &POLICY, now);
    }
    let now = after(now, 1);
    let new = trial(&mut health, now);
    assert_eq!(health.connected(Some(old), now), None);
    assert_eq!(health.failed(Some(old), &POLICY, now), None);
    assert_eq!(health.standing(), Standing::OnTrial);
    assert!(health.connected(Some(new), now).is_some());
}

#[test]
fn failing_probes_put_the_trial_off() {
    let now = Instant::now();
    let mut health = down(now);
    let _ = health.probe_failed(&POLICY, after(now, 1));
    assert_eq!(health.standing(), Standing::Down { retry_at: after(now, 3) });
}

#[test]
fn a_connection_does_not_bring_back_what_answers_probes_badly() {
    let now = Instant::now();
    let mut health = Health::default();
    let _ = health.probe_answered_badly(&POLICY, now);
    let gone_down = health.probe_answered_badly(&POLICY, now);
    assert!(matches!(gone_down, Some(Transition::WentDown { retry_at: None, .. })));
    assert_eq!(health.standing(), Standing::Unfit);
    assert_eq!(health.admit(after(now, 100)), Admission::Refused);
    let _ = health.probe_failed(&POLICY, after(now, 101));
    assert_eq!(health.admit(after(now, 200)), Admission::Refused, "it may only be starting again");
    assert_eq!(health.probe_passed(&POLICY, after(now, 201)), None);
    assert!(health.probe_passed(&POLICY, after(now, 202)).is_some());
    assert_eq!(health.admit(after(now, 202)), Admission::Ordinary);
}

#[test]
fn a_trial_that_a_probe_has_overtaken_brings_nothing_back() {
    let now = Instant::now();
    let mut health = down(now);
    let now = after(now, 1);
    let trial = trial(&mut health, now);
    assert_eq!(health.probe_answered_badly(&POLICY, now), None);
    assert_eq!(health.connected(Some(trial), now), None);
    assert_eq!(health.standing(), Standing::Unfit);
}

#[derive(Debug, Clone)]
enum Event {
    Admit,
    Connected(usize),
    Failed(usize),
    Dropped(usize),
    ProbePassed,
    ProbeFailed,
    ProbeAnsweredBadly,
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => Just(Event::Admit),
        2 => (0..8usize).prop_map(Event::Connected),
        3 => (0..8usize).prop_map(Event::Failed),
        1 => (0..8usize).prop_map(Event::Dropped),
        1 => Just(Event::ProbePassed),
        1 => Just(Event::ProbeFailed),
        1 => Just(Event::ProbeAnsweredBadly),
        2 => (0..40_000u64).prop_map(Event::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_transitions_alternate_and_at_most_one_trial_is_out(
        events in prop::collection::vec(event(), 0..200),
        fall in 0..4u32, probe_fall in 0..4u32, rise in 0..4u32, retry in 1..60_000u64,
    ) {
        let retry_after = Duration::from_millis(retry);
        let policy = HealthPolicy { fall, probe_fall, rise, retry_after };
        let mut now = Instant::now();
        let mut health = Health::default();
        let mut out: Vec<Option<Trial>> = Vec::new();
        let mut up = true;
        for event in events {
            let transition = match event {
                Event::Wait(millis) => {
                    now += Duration::from_millis(millis);
                    None
                }
                Event::Admit => {
                    match health.admit(now) {
                        Admission::Ordinary => out.push(None),
                        Admission::Trial(trial) => {
                            prop_assert!(!up && !out.contains(&Some(trial)));
                            prop_assert_eq!(health.admit(now), Admission::Refused);
                            out.push(Some(trial));
                        }
                        Admission::Refused => prop_assert!(!up),
                    }
                    None
                }
                Event::Connected(which) if which < out.len() => {
                    health.connected(out.swap_remove(which), now)
                }
                Event::Failed(which) if which < out.len() => {
                    health.failed(out.swap_remove(which), &policy, now)
                }
                Event::Dropped(which) if which < out.len() => {
                    if let Some(trial) = out.swap_remove(which) {
                        health.released(trial);
                    }
                    None
                }
                Event::Connected(_) | Event::Failed(_) | Event::Dropped(_) => None,
                Event::ProbePassed => health.probe_passed(&policy, now),
                Event::ProbeFailed => health.probe_failed(&policy, now),
                Event::ProbeAnsweredBadly => health.probe_answered_badly(&policy, now),
            };
            match transition {
                Some(Transition::WentDown { .. }) => {
                    prop_assert!(up);
                    up = false;
                }
                Some(Transition::CameUp { .. }) => {
                    prop_assert!(!up);
                    up = true;
                }
                Some(Transition::Ejected { .. } | Transition::Readmitted) => {
                    prop_assert!(false, "ejections are none of its business");
                }
                None => {}
            }
            match health.standing() {
                Standing::Up | Standing::Shaky => prop_assert!(up),
                Standing::Unfit => prop_assert!(!up),
                Standing::OnTrial => prop_assert!(!up && out.iter().any(Option::is_some)),
                Standing::Down { retry_at } => {
                    prop_assert!(!up);
                    prop_assert!(retry_at <= now + LONGEST_RETRY.max(retry_after));
                }
            }
        }
    }
}
