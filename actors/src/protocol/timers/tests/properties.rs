//! What holds of any course of events, told from the course alone.
#![expect(clippy::wildcard_enum_match_arm, reason = "each question asks for a few kinds of events")]

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Received,
    Sent,
    Queued,
    Flushed,
    Paused,
    Resumed,
    SetIdle(Option<u64>),
    Due(Due),
}

/// What has happened, with its time in seconds.
type Course = Vec<(u64, Event)>;

fn event() -> impl Strategy<Value = Option<Event>> {
    prop_oneof![
        4 => Just(None),
        2 => Just(Some(Event::Received)),
        2 => Just(Some(Event::Sent)),
        1 => Just(Some(Event::Queued)),
        1 => Just(Some(Event::Flushed)),
        1 => Just(Some(Event::Paused)),
        1 => Just(Some(Event::Resumed)),
        1 => prop::option::of(1u64..9).prop_map(|idle| Some(Event::SetIdle(idle))),
    ]
}

fn tell(timers: &mut Timers, event: Event, now: Instant) {
    match event {
        Event::Received => timers.received(now),
        Event::Sent => timers.sent(now),
        Event::Queued => timers.queued(now),
        Event::Flushed => timers.flushed(),
        Event::Paused => timers.pause(),
        Event::Resumed => timers.resume(now),
        Event::SetIdle(idle) => timers.set_idle(idle.map(seconds), now),
        Event::Due(_) => {}
    }
}

fn last(course: &Course, of: impl Fn(Event) -> bool) -> u64 {
    course.iter().rev().find(|(_, event)| of(*event)).map_or(0, |(time, _)| *time)
}

/// Whether the newest event of the two kinds is of the first.
fn is_on(course: &Course, on: &[Event], off: &[Event]) -> bool {
    let mut newest = course.iter().rev().map(|(_, event)| event);
    newest.find(|event| on.contains(event) || off.contains(event)).is_some_and(|e| on.contains(e))
}

/// The limit that holds, and since when: setting the same again changes nothing.
fn idle(course: &Course, first: Option<u64>) -> (Option<u64>, u64) {
    course.iter().fold((first, 0), |(limit, since), (time, event)| match event {
        Event::SetIdle(new) if *new != limit => (*new, *time),
        _ => (limit, since),
    })
}

/// Beats since the last input, and when the silence that is due next began.
fn beats(course: &Course) -> (u32, u64) {
    let (mut beats, mut since, mut paused) = (0, 0, false);
    for (time, event) in course {
        match event {
            Event::Received if !paused => (beats, since) = (0, *time),
            Event::Resumed if paused => (beats, since, paused) = (0, *time, false),
            Event::Paused => paused = true,
            Event::Due(Due::Beat { .. }) => (beats, since) = (beats + 1, *time),
            _ => {}
        }
    }
    (beats, since)
}

/// Since when output waits of which the peer has taken nothing.
fn stalled(course: &Course) -> u64 {
    let mut since = None;
    for (time, event) in course {
        match event {
            Event::Queued => since = since.or(Some(*time)),
            Event::Sent => since = since.map(|_| *time),
            Event::Flushed => since = None,
            _ => {}
        }
    }
    since.unwrap_or(u64::MAX)
}

proptest! {
    #[test]
    fn nothing_is_early_or_late_or_twice(
        first_idle in prop::option::of(1u64..9),
        beat in prop::option::of((1u64..9, 1u32..4)),
        send in prop::option::of(1u64..9),
        steps in prop::collection::vec((0u64..6, event()), 1..120),
    ) {
        let limits = Limits {
            idle: first_idle.map(seconds),
            heartbeat: beat.and_then(|(every, misses)| heartbeat(every, misses)),
            send: send.map(seconds),
        };
        let (mut timers, at) = timers(limits);
        let (mut course, mut time) = (Course::new(), 0);
        for (step, event) in steps {
            time += step;
            let now = at(time);
            if let Some(event) = event {
                tell(&mut timers, event, now);
                course.push((time, event));
            }
            loop {
                let expected = timers.next_deadline().is_some_and(|next| next <= now);
                let Some(due) = timers.due(now) else {
                    prop_assert!(!expected, "due at the deadline that was told");
                    break;
                };
                prop_assert!(expected, "{:?} without a deadline", due);
                let same = course.iter().rev().take_while(|(at, _)| *at == time);
                prop_assert!(!same.map(|(_, e)| *e).any(|e| e == Event::Due(due)), "{:?} twice", due);
                match due {
                    Due::Idle => {
                        let (limit, since) = idle(&course, first_idle);
                        let moved = last(&course, |e| matches!(
                            e, Event::Received | Event::Sent | Event::Due(Due::Idle)));
                        prop_assert!(time - moved.max(since) >= limit.unwrap());
                    }
                    Due::Beat { missed } => {
                        let (beats, since) = beats(&course);
                        prop_assert_eq!(missed, beats);
                        prop_assert!(missed < beat.unwrap().1);
                        prop_assert!(time - since >= beat.unwrap().0);
                    }
                    Due::HeartbeatLost => {
                        let (beats, since) = beats(&course);
                        prop_assert_eq!(beats, beat.unwrap().1);
                        prop_assert!(time - since >= beat.unwrap().0);
                    }
                    Due::SendTimeout => prop_assert!(time - stalled(&course) >= send.unwrap()),
                }
                if matches!(due, Due::Beat { .. } | Due::HeartbeatLost) {
                    let reading = [Event::Received, Event::Resumed];
                    prop_assert!(!is_on(&course, &[Event::Paused], &reading));
                }
                course.push((time, Event::Due(due)));
                if matches!(due, Due::SendTimeout | Due::HeartbeatLost) {
                    prop_assert_eq!(timers.next_deadline(), None);
                    prop_assert_eq!(timers.due(at(time + 1_000_000)), None);
                    return Ok(());
                }
            }
        }
    }
}
