//! Idle times, heartbeats and send time-outs, with all that can happen beside them.

use super::rig::{Note, Rig, seconds};
use crate::protocol::{Closed, Heartbeat};

fn beating(every: u64, misses: u32) -> Rig {
    let heartbeat = Heartbeat::new(seconds(every), misses).unwrap();
    Rig::hardy().with(|limits| limits.heartbeat = Some(heartbeat))
}

#[test]
fn an_idle_connection_closes_by_default_and_is_told_again_otherwise() {
    let rig = Rig::default();
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.advance(seconds(9)).await;
        peer.expect_nothing().await;
        assert_eq!(peer.expect_end().await, Closed::Idle);
    });
    let rig = Rig::hardy();
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.advance(seconds(35)).await;
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
        peer.advance(seconds(9)).await;
    });
    assert_eq!(rig.journal.count("idle"), 3);
}

#[test]
fn bytes_in_either_direction_keep_a_connection_from_being_idle() {
    let rig = Rig::hardy();
    rig.connect().idle(seconds(10)).run(async |peer| {
        for _ in 0..5 {
            peer.advance(seconds(8)).await;
            peer.send("x").await;
            peer.advance(seconds(8)).await;
            peer.notify(Note("a")).await;
        }
    });
    assert_eq!(rig.journal.count("idle"), 0);
}

#[test]
fn messages_of_other_actors_alone_are_no_movement() {
    let rig = Rig::default();
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.advance(seconds(8)).await;
        peer.notify(Note("quiet")).await;
        peer.advance(seconds(3)).await;
        assert_eq!(peer.expect_end().await, Closed::Idle);
    });
}

#[test]
fn a_hook_that_waits_keeps_a_connection_from_being_idle() {
    let rig = Rig::hardy();
    let journal = rig.journal.clone();
    rig.connect().idle(seconds(10)).run(async move |peer| {
        peer.send("sleep 100\n").await;
        peer.advance(seconds(109)).await;
        assert_eq!(journal.count("idle"), 0);
        peer.advance(seconds(3)).await;
        assert_eq!(journal.count("idle"), 1);
        peer.advance(seconds(10)).await;
        assert_eq!(journal.count("idle"), 2);
    });
}

#[test]
fn the_idle_time_can_be_changed_while_it_runs() {
    let rig = Rig::default();
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.send("idle 100\n").await;
        peer.expect("idle 100 0\n").await;
        peer.advance(seconds(99)).await;
        peer.send("idle none\n").await;
        peer.expect("idle none 1\n").await;
        peer.advance(seconds(1000)).await;
        // Sooner than any alarm that was ever set.
        peer.notify(Note("idle 5")).await;
        let before = tokio::time::Instant::now();
        peer.expect("idle 5 2\n").await;
        assert_eq!(peer.expect_end().await, Closed::Idle);
        assert!((seconds(5)..seconds(6)).contains(&before.elapsed()), "{:?}", before.elapsed());
    });
}

#[test]
fn a_silent_peer_is_asked_and_then_cut_off() {
    let rig = beating(10, 3);
    rig.connect().run(async |peer| {
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
        let before = tokio::time::Instant::now();
        peer.expect("ping\nping\nping\n").await;
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::HeartbeatLost);
        let took = before.elapsed();
        assert!((seconds(40)..seconds(41)).contains(&took), "{took:?}");
    });
    let written = rig.journal.take();
    assert_eq!(written[4..], ["heartbeat 1", "heartbeat 2", "heartbeat 3", "close heartbeat_lost"]);
}

#[test]
fn any_byte_is_a_sign_of_life() {
    let rig = beating(10, 1);
    rig.connect().run(async |peer| {
        for _ in 0..10 {
            peer.expect("ping\n").await;
            peer.send("x").await;
        }
    });
    assert_eq!(rig.journal.count("heartbeat 1"), 10);
}

#[test]
fn a_long_hook_costs_neither_the_peer_its_life_nor_the_connection_its_timers() {
    let rig = beating(10, 3);
    rig.connect().run(async |peer| {
        peer.send("sleep 1000\n").await;
        peer.advance(seconds(1001)).await;
        peer.expect_nothing().await;
        peer.expect("ping\nping\nping\n").await;
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::HeartbeatLost);
    });
    let written = rig.journal.take();
    assert_eq!(written[4..], ["heartbeat 1", "heartbeat 2", "heartbeat 3", "close heartbeat_lost"]);
}

#[test]
fn who_does_not_read_does_not_call_the_peer_silent() {
    let rig = beating(10, 1);
    rig.connect().run(async |peer| {
        peer.send("pause\n").await;
        peer.expect("pause 0\n").await;
        peer.advance(seconds(100)).await;
        peer.send("a\n").await;
        peer.expect_nothing().await;
        peer.notify(Note("resume")).await;
        peer.expect("resume 1\na 2\n").await;
        peer.expect("ping\n").await;
        peer.expect_cut().await;
    });
}

#[test]
fn a_paused_connection_can_be_idle() {
    let rig = Rig::default();
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.send("pause\n").await;
        peer.expect("pause 0\n").await;
        assert_eq!(peer.expect_end().await, Closed::Idle);
    });
}

#[test]
fn a_crash_ends_a_pause() {
    Rig::hardy().connect().run(async |peer| {
        peer.send("pause\n").await;
        peer.expect("pause 0\n").await;
        peer.send("a\n").await;
        peer.expect_nothing().await;
        peer.connection().send(Note("panic")).unwrap();
        peer.expect("error\na 0\n").await;
    });
}

#[test]
fn a_peer_that_takes_nothing_is_cut_off() {
    let rig = Rig::default();
    rig.connect().window(10).run(async |peer| {
        peer.send("a longer line\n").await;
        peer.advance(seconds(29)).await;
        assert!(peer.connection().is_open());
        peer.advance(seconds(2)).await;
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::SendTimeout);
    });
    assert_eq!(rig.journal.count("close send_timeout"), 1);
}

#[test]
fn a_peer_that_takes_nothing_is_cut_off_while_reading_is_paused_or_a_hook_runs() {
    for then in ["pause", "sleep 100"] {
        Rig::default().connect().window(10).run(async move |peer| {
            peer.send("a longer line\n").await;
            peer.settle().await;
            peer.connection().send(Note(then)).unwrap();
            peer.advance(seconds(29)).await;
            assert!(peer.connection().is_open(), "{then}");
            peer.advance(seconds(2)).await;
            assert_eq!(peer.closed().await, Closed::SendTimeout, "{then}");
        });
    }
}
