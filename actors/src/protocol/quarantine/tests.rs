use std::thread;

use proptest::prelude::*;

use super::*;

const PERIOD: Duration = Duration::from_secs(100);
const POLICY: Policy = Policy { threshold: NonZeroU8::MIN.saturating_add(2), period: PERIOD };

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn quarantine() -> (Quarantine, Instant) {
    let start = Instant::now();
    (Quarantine::new([9; 16], POLICY, start), start)
}

fn message(quarantine: &Quarantine, number: usize) -> Fingerprint {
    let mut hasher = quarantine.hasher();
    hasher.update(&number.to_be_bytes());
    hasher.finish()
}

/// Crashes handlers with a message until it is quarantined.
fn poison(quarantine: &Quarantine, number: usize, now: Instant) -> Fingerprint {
    let fingerprint = message(quarantine, number);
    let news = (0..3).map(|_| quarantine.crashed(Some(fingerprint), now));
    assert_eq!(news.filter(Option::is_some).count(), 1);
    fingerprint
}

#[test]
fn by_default_three_crashes_in_ten_minutes_are_too_many() {
    let Policy { threshold, period } = Policy::default();
    assert_eq!((threshold.get(), period), (3, seconds(600)));
}

#[test]
fn a_first_crash_arms_and_a_period_without_any_disarms() {
    let (quarantine, start) = quarantine();
    assert!(!quarantine.is_armed());
    assert_eq!(quarantine.crashed(None, start), None);
    assert!(quarantine.is_armed());
    let bystander = message(&quarantine, 0);
    assert_eq!(quarantine.admit(bystander, start + PERIOD), Verdict::Pass);
    assert!(quarantine.is_armed());
    assert_eq!(quarantine.admit(bystander, start + PERIOD + seconds(1)), Verdict::Pass);
    assert!(!quarantine.is_armed());
    quarantine.crashed(None, start + PERIOD * 2);
    assert!(quarantine.is_armed());
}

#[test]
fn the_third_crash_over_a_message_quarantines_it_and_says_so_once() {
    let (quarantine, now) = quarantine();
    let (poison, other) = (message(&quarantine, 1), message(&quarantine, 2));
    assert_eq!(quarantine.crashed(Some(poison), now), None);
    assert_eq!(quarantine.crashed(Some(poison), now), None);
    assert_eq!(quarantine.admit(poison, now), Verdict::Pass);
    let news = Quarantined { fingerprint: poison, crashes: 3, period: PERIOD };
    assert_eq!(quarantine.crashed(Some(poison), now), Some(news));
    assert_eq!(quarantine.crashed(Some(poison), now), None, "a straggler");
    assert_eq!(quarantine.admit(poison, now), Verdict::Refuse);
    assert_eq!(quarantine.admit(other, now), Verdict::Pass);
    let shown = serde_json::json!({ "armed": true, "known": 1, "quarantined": 1, "refused": 1 });
    assert_eq!(quarantine.detail(), shown);
}

#[test]
fn crashes_further_apart_than_the_period_do_not_add_up() {
    let (quarantine, start) = quarantine();
    let message = message(&quarantine, 1);
    for round in 0..10 {
        assert_eq!(quarantine.crashed(Some(message), start + seconds(51) * round), None);
    }
}

#[test]
fn a_quarantined_message_heals_once_it_stays_away() {
    let (quarantine, start) = quarantine();
    let poison = poison(&quarantine, 1, start);
    let mut now = start;
    for _ in 0..5 {
        now += PERIOD;
        assert_eq!(quarantine.admit(poison, now), Verdict::Refuse, "seen again and again");
    }
    now += PERIOD + seconds(1);
    assert_eq!(quarantine.admit(poison, now), Verdict::Pass);
    assert!(!quarantine.is_armed());
    assert_eq!(quarantine.numbers().known, 0);
    assert_eq!(quarantine.crashed(Some(poison), now), None, "counts from the start");
}

#[test]
fn other_crashes_do_not_keep_a_message_in_quarantine() {
    let (quarantine, start) = quarantine();
    let poison = poison(&quarantine, 1, start);
    quarantine.crashed(None, start + PERIOD);
    assert_eq!(quarantine.admit(poison, start + PERIOD + seconds(1)), Verdict::Pass);
    assert!(quarantine.is_armed());
}

#[test]
fn ever_new_messages_push_nothing_out_of_quarantine_and_stay_bounded() {
    let (quarantine, now) = quarantine();
    let poison = poison(&quarantine, 0, now);
    for number in 1..5000 {
        quarantine.crashed(Some(message(&quarantine, number)), now);
    }
    assert_eq!(quarantine.admit(poison, now), Verdict::Refuse);
    assert_eq!(quarantine.numbers().known, CAPACITY + 1);
}

#[test]
fn the_least_recently_crashed_suspect_makes_room() {
    let (quarantine, now) = quarantine();
    let suspect = |number| quarantine.crashed(Some(message(&quarantine, number)), now);
    for number in 0..CAPACITY {
        suspect(number);
    }
    suspect(0);
    suspect(CAPACITY);
    assert!(suspect(0).is_some(), "crashed again in between, so it was kept");
    suspect(1);
    assert!(suspect(1).is_none(), "was forgotten once");
}

#[test]
fn among_too_many_quarantined_the_one_unseen_for_longest_goes() {
    let (quarantine, start) = quarantine();
    for number in 0..CAPACITY {
        poison(&quarantine, number, start);
    }
    let now = start + seconds(1);
    let verdict = |number| quarantine.admit(message(&quarantine, number), now);
    for number in (0..CAPACITY).filter(|number| *number != 77) {
        assert_eq!(verdict(number), Verdict::Refuse);
    }
    poison(&quarantine, CAPACITY, now);
    assert_eq!(quarantine.numbers().quarantined, CAPACITY);
    assert_eq!(verdict(CAPACITY), Verdict::Refuse);
    assert_eq!(verdict(76), Verdict::Refuse);
    assert_eq!(verdict(77), Verdict::Pass);
}

#[test]
fn workers_that_crash_together_hear_of_a_quarantine_once() {
    let (quarantine, now) = quarantine();
    let poison = message(&quarantine, 1);
    let news = thread::scope(|scope| {
        let crash = || (0..500).filter_map(|_| quarantine.crashed(Some(poison), now)).count();
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(crash)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum::<usize>()
    });
    assert_eq!(news, 1);
    assert_eq!(quarantine.admit(poison, now), Verdict::Refuse);
}

/// What each message has done, told without expiry: everything is looked up in the past.
#[derive(Default, Clone)]
struct History {
    crashes: Vec<Instant>,
    quarantined: Option<Instant>,
}

impl History {
    fn at(&mut self, now: Instant) -> &mut Self {
        if self.quarantined.is_some_and(|seen| now - seen > PERIOD) {
            *self = Self::default();
        }
        self
    }

    fn crash(&mut self, now: Instant) -> bool {
        if let Some(seen) = &mut self.quarantined {
            *seen = now;
            return false;
        }
        self.crashes.push(now);
        let counted = self.crashes.iter().filter(|crash| now - **crash <= PERIOD).count();
        self.quarantined = (counted >= 3).then_some(now);
        self.quarantined.is_some()
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Crash(Option<usize>),
    Admit(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::option::of(0usize..4).prop_map(Step::Crash),
        (0usize..4).prop_map(Step::Admit),
        (0u64..130).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn verdicts_are_those_of_a_model(steps in prop::collection::vec(step(), 1..200)) {
        let (quarantine, mut now) = quarantine();
        let (mut model, mut last) = (vec![History::default(); 4], None::<Instant>);
        for step in steps {
            match step {
                Step::Wait(time) => now += seconds(time),
                Step::Crash(number) => {
                    last = Some(now);
                    let fingerprint = number.map(|number| message(&quarantine, number));
                    let news = quarantine.crashed(fingerprint, now);
                    let expected = number.is_some_and(|number| model[number].at(now).crash(now));
                    prop_assert_eq!(news.is_some(), expected);
                    prop_assert!(quarantine.is_armed());
                }
                Step::Admit(number) => {
                    let verdict = quarantine.admit(message(&quarantine, number), now);
                    let seen = &mut model[number].at(now).quarantined;
                    prop_assert_eq!(verdict == Verdict::Refuse, seen.is_some());
                    *seen = seen.map(|_| now);
                    let known = model.iter_mut().any(|it| it.at(now).quarantined.is_some());
                    let recent = last.is_some_and(|last| now - last <= PERIOD);
                    prop_assert_eq!(quarantine.is_armed(), known || recent);
                }
            }
        }
    }
}
