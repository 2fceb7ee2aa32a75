use super::*;

fn wheel() -> Wheel {
    Wheel {
        origin: Instant::now(),
        ticks: BTreeMap::new(),
        entries: Slab::new(),
        driver: None,
        armed: None,
    }
}

#[test]
fn ticks_beyond_32_bits_are_the_moments_that_they_stand_for() {
    let wheel = wheel();
    for tick in [1, u64::from(u32::MAX), 1 << 32, (1 << 32) + 1, 1 << 40] {
        let at = wheel.origin + Duration::from_millis(tick * 10);
        assert_eq!(time_of(wheel.origin, tick), at);
        assert_eq!(wheel.tick_of(at), tick);
        assert_eq!(wheel.tick_of(at - Duration::from_millis(9)), tick, "rounded up");
        assert_eq!(wheel.tick_of(at + Duration::from_nanos(1)), tick + 1, "rounded up");
    }
}

#[test]
fn a_deadline_beyond_32_bits_of_ticks_is_due_at_its_time_and_not_before() {
    let mut wheel = wheel();
    let tick = (1 << 32) + 7;
    let at = time_of(wheel.origin, tick);
    let entry = wheel.add(at);
    for early in [1, 7, u64::from(u32::MAX), tick - 1] {
        assert!(wheel.expire(time_of(wheel.origin, early)).is_empty());
        assert!(!wheel.entries[entry].is_due(), "at tick {early}");
    }
    wheel.expire(at);
    assert!(wheel.entries[entry].is_due());
}

#[test]
fn those_of_one_tick_leave_in_any_order_and_the_rest_are_due_together() {
    for gone in [[0, 1], [1, 3], [3, 0], [2, 3]] {
        let mut wheel = wheel();
        let at = time_of(wheel.origin, 5);
        let entries: Vec<usize> = (0..4).map(|_| wheel.add(at)).collect();
        for place in gone {
            wheel.remove(entries[place]);
        }
        wheel.expire(at);
        for (place, entry) in entries.iter().enumerate() {
            let due = wheel.entries.get(*entry).is_some_and(Entry::is_due);
            assert_eq!(due, !gone.contains(&place), "{place} of {gone:?}");
        }
        assert!(wheel.ticks.is_empty());
    }
}

#[test]
fn the_last_of_a_tick_takes_the_tick_along() {
    let mut wheel = wheel();
    let at = time_of(wheel.origin, 5);
    let (first, second) = (wheel.add(at), wheel.add(at));
    wheel.reset(second, time_of(wheel.origin, 6));
    wheel.remove(first);
    assert_eq!(wheel.ticks.keys().copied().collect::<Vec<_>>(), [6]);
    wheel.remove(second);
    assert!(wheel.ticks.is_empty());
}

#[test]
fn a_deadline_that_has_come_is_not_undone_by_being_set_to_the_same_time() {
    let mut wheel = wheel();
    let at = time_of(wheel.origin, 3);
    let entry = wheel.add(at);
    wheel.expire(at);
    wheel.reset(entry, at);
    assert!(wheel.entries[entry].is_due());
    wheel.reset(entry, time_of(wheel.origin, 4));
    assert!(!wheel.entries[entry].is_due(), "moved on, it is to come again");
    wheel.expire(time_of(wheel.origin, 4));
    assert!(wheel.entries[entry].is_due());
}
