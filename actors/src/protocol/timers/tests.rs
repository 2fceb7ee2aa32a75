use super::*;

mod properties;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn heartbeat(every: u64, misses: u32) -> Option<Heartbeat> {
    Some(Heartbeat::new(seconds(every), misses).unwrap())
}

/// Timers that begin now, and the time so many seconds later.
fn timers(limits: Limits) -> (Timers, impl Fn(u64) -> Instant) {
    let start = Instant::now();
    (Timers::new(limits, start), move |later| start + seconds(later))
}

const IDLE: Limits = Limits { idle: Some(seconds(10)), heartbeat: None, send: None };
const SEND: Limits = Limits { idle: None, heartbeat: None, send: Some(seconds(10)) };

#[test]
fn a_connection_pays_less_than_100_bytes() {
    assert!(size_of::<Timers>() <= 80, "{}", size_of::<Timers>());
}

#[test]
fn without_limits_nothing_is_ever_due() {
    let (mut timers, at) = timers(Limits::default());
    timers.queued(at(0));
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(timers.due(at(1_000_000_000)), None);
}

#[test]
fn idleness_is_due_after_the_limit_and_again_after_as_much_silence() {
    let (mut timers, at) = timers(IDLE);
    assert_eq!(timers.next_deadline(), Some(at(10)));
    assert_eq!(timers.due(at(9)), None);
    assert_eq!(timers.due(at(12)), Some(Due::Idle));
    assert_eq!(timers.due(at(12)), None);
    assert_eq!(timers.next_deadline(), Some(at(22)));
    assert_eq!(timers.due(at(22)), Some(Due::Idle));
}

#[test]
fn movement_in_either_direction_ends_idleness() {
    let (mut timers, at) = timers(IDLE);
    timers.received(at(8));
    assert_eq!(timers.due(at(10)), None);
    timers.sent(at(16));
    assert_eq!(timers.due(at(25)), None);
    assert_eq!(timers.due(at(26)), Some(Due::Idle));
}

#[test]
fn a_new_idle_limit_counts_from_when_it_was_set() {
    let (mut timers, at) = timers(Limits::default());
    timers.set_idle(Some(seconds(10)), at(100));
    assert_eq!(timers.next_deadline(), Some(at(110)));
    timers.set_idle(Some(seconds(10)), at(109));
    assert_eq!(timers.next_deadline(), Some(at(110)), "the same limit again changes nothing");
    timers.set_idle(None, at(109));
    assert_eq!(timers.due(at(1_000)), None);
}

#[test]
fn a_silent_peer_is_asked_and_then_lost() {
    let (mut timers, at) = timers(Limits { heartbeat: heartbeat(10, 3), ..Limits::default() });
    for (time, missed) in [(10, 0), (20, 1), (30, 2)] {
        assert_eq!(timers.due(at(time - 1)), None);
        assert_eq!(timers.due(at(time)), Some(Due::Beat { missed }));
        assert_eq!(timers.due(at(time)), None);
    }
    assert_eq!(timers.due(at(39)), None);
    assert_eq!(timers.due(at(40)), Some(Due::HeartbeatLost));
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(timers.due(at(1_000)), None);
}

#[test]
fn any_input_answers_a_beat_and_output_does_not() {
    let (mut timers, at) = timers(Limits { heartbeat: heartbeat(10, 1), ..Limits::default() });
    assert_eq!(timers.due(at(10)), Some(Due::Beat { missed: 0 }));
    timers.received(at(15));
    timers.sent(at(24));
    assert_eq!(timers.due(at(25)), Some(Due::Beat { missed: 0 }));
    timers.sent(at(34));
    assert_eq!(timers.due(at(35)), Some(Due::HeartbeatLost));
}

#[test]
fn a_peer_is_not_lost_to_beats_that_were_never_sent() {
    let (mut timers, at) = timers(Limits { heartbeat: heartbeat(10, 2), ..Limits::default() });
    assert_eq!(timers.due(at(100)), Some(Due::Beat { missed: 0 }));
    assert_eq!(timers.due(at(109)), None);
    assert_eq!(timers.due(at(110)), Some(Due::Beat { missed: 1 }));
}

#[test]
fn silence_does_not_count_while_nobody_reads() {
    let (mut timers, at) = timers(Limits { heartbeat: heartbeat(10, 1), ..Limits::default() });
    assert_eq!(timers.due(at(10)), Some(Due::Beat { missed: 0 }));
    timers.pause();
    assert_eq!(timers.next_deadline(), None);
    assert_eq!(timers.due(at(500)), None);
    timers.resume(at(500));
    timers.resume(at(505));
    assert_eq!(timers.due(at(509)), None);
    assert_eq!(timers.due(at(510)), Some(Due::Beat { missed: 0 }));
}

#[test]
fn a_peer_that_takes_nothing_while_output_waits_times_out() {
    let (mut timers, at) = timers(SEND);
    assert_eq!(timers.next_deadline(), None);
    timers.queued(at(5));
    timers.queued(at(9));
    assert_eq!(timers.next_deadline(), Some(at(15)), "more output is no progress");
    timers.received(at(14));
    timers.sent(at(14));
    assert_eq!(timers.due(at(23)), None);
    assert_eq!(timers.due(at(24)), Some(Due::SendTimeout));
    assert_eq!(timers.due(at(1_000)), None);
}

#[test]
fn output_that_went_out_in_time_is_forgotten() {
    let (mut timers, at) = timers(SEND);
    timers.queued(at(0));
    timers.flushed();
    timers.sent(at(1));
    assert_eq!(timers.due(at(1_000)), None);
    timers.queued(at(1_000));
    assert_eq!(timers.next_deadline(), Some(at(1_010)));
}

#[test]
fn of_all_that_is_due_at_once_the_gravest_comes_first() {
    let limits = Limits { heartbeat: heartbeat(10, 1), ..IDLE };
    let (mut timers, at) = timers(limits);
    assert_eq!(timers.due(at(10)), Some(Due::Idle));
    assert_eq!(timers.due(at(10)), Some(Due::Beat { missed: 0 }));
    let mut stalled = Timers::new(Limits { send: Some(seconds(10)), ..limits }, at(0));
    stalled.due(at(10));
    stalled.due(at(10));
    stalled.queued(at(10));
    assert_eq!(timers.due(at(20)), Some(Due::HeartbeatLost));
    assert_eq!(stalled.due(at(20)), Some(Due::SendTimeout));
}

#[test]
fn the_longest_limits_overflow_nothing() {
    let limits = Limits {
        idle: Some(Duration::MAX),
        heartbeat: Some(Heartbeat::new(Duration::MAX, u32::MAX).unwrap()),
        send: Some(Duration::MAX),
    };
    let (mut timers, at) = timers(limits);
    timers.queued(at(1));
    timers.received(at(1));
    assert!(timers.next_deadline().is_none_or(|next| next > at(1_000_000_000)));
    assert_eq!(timers.due(at(1_000_000_000)), None);
}

#[test]
fn a_limit_of_zero_is_not_due_twice_at_once() {
    let (mut timers, at) = timers(Limits { idle: Some(Duration::ZERO), ..Limits::default() });
    assert_eq!(timers.due(at(1)), Some(Due::Idle));
    assert_eq!(timers.due(at(1)), None);
}
