//! Reads within a hook, and reading that is paused.

use super::rig::{Note, Rig, seconds};
use crate::protocol::{Closed, Heartbeat};

#[test]
fn a_hook_reads_the_next_messages_itself() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("read\na\nread\n").await;
        peer.expect("read a\n").await;
        peer.advance(seconds(1000)).await;
        peer.send("b\nc\n").await;
        peer.expect("read b\nc 2\n").await;
    });
    assert_eq!(rig.journal.take()[3..6], ["message read", "message read", "message c"]);
}

#[test]
fn answers_go_out_before_a_hook_waits_for_more() {
    Rig::default().connect().run(async |peer| {
        peer.send("a\nread\n").await;
        peer.expect("a 0\n").await;
        peer.send("b\n").await;
        peer.expect("read b\n").await;
    });
}

#[test]
fn a_hook_that_reads_finds_the_end_of_the_stream() {
    Rig::default().connect().run(async |peer| {
        peer.send("read\n").await;
        peer.end().await;
        peer.expect("read the end\n").await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
    });
}

#[test]
fn a_hook_that_reads_finds_the_peer_gone() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("read\n").await;
        peer.settle().await;
        peer.reset();
        assert!(matches!(peer.closed().await, Closed::PeerLost(_)));
        assert_eq!(peer.restarts(), 0);
    });
}

#[test]
fn a_hook_that_reads_is_told_what_is_too_long_or_malformed_and_may_go_on() {
    Rig::hardy().connect().run(async |peer| {
        peer.send("try-read\n".to_owned() + &"x".repeat(1500) + "\na\n").await;
        peer.expect("refused: max line length exceeded\na 1\n").await;
    });
    let rig = Rig::hardy().with(|limits| limits.message = 100);
    rig.connect().run(async |peer| {
        peer.send("try-read\n".to_owned() + &"x".repeat(500)).await;
        peer.expect("refused: a message is longer than it may be\n").await;
        // It is still there, so that nothing can follow.
        peer.expect("what?\n").await;
        assert_eq!(peer.expect_end().await, Closed::TooLarge);
    });
}

#[test]
fn a_crash_within_costs_what_was_read_and_nothing_after_it() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("read\npanic\na\n").await;
        peer.expect("error\na 0\n").await;
        peer.send("read\n").await;
        peer.settle().await;
        peer.connection().node().inject_panic();
        peer.send("b\n").await;
        peer.expect("error\nb 0\n").await;
    });
    assert_eq!(rig.journal.count("recovered Message 0"), 2);
}

#[test]
fn silence_within_a_message_is_a_time_out_after_the_idle_time() {
    let rig = Rig::hardy();
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.send("read\n").await;
        let before = tokio::time::Instant::now();
        assert_eq!(peer.expect_end().await, Closed::HandlerTimeout);
        assert!((seconds(10)..seconds(11)).contains(&before.elapsed()), "{:?}", before.elapsed());
    });
    assert_eq!(rig.journal.take()[4..], ["close handler_timeout"]);
}

#[test]
fn a_hook_may_outlive_a_time_out_and_so_do_the_timers() {
    let rig = Rig::default();
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.send("try-read\n").await;
        peer.expect("refused: the peer sent nothing within a message\n").await;
        peer.send("a\n").await;
        peer.expect("a 1\n").await;
        assert_eq!(peer.expect_end().await, Closed::Idle);
    });
}

#[test]
fn a_peer_that_is_silent_through_all_heartbeats_is_cut_off_within_a_hook_that_reads() {
    let heartbeat = Heartbeat::new(seconds(10), 3).unwrap();
    let rig = Rig::hardy().with(|limits| limits.heartbeat = Some(heartbeat));
    rig.connect().run(async |peer| {
        peer.send("try-read\n").await;
        let before = tokio::time::Instant::now();
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::HeartbeatLost);
        assert!((seconds(40)..seconds(41)).contains(&before.elapsed()), "{:?}", before.elapsed());
    });
    assert_eq!(rig.journal.take()[3..], ["message try-read", "close heartbeat_lost"]);
}

#[test]
fn a_peer_that_takes_nothing_is_cut_off_within_a_hook_that_reads() {
    let rig = Rig::hardy();
    rig.connect().window(10).run(async |peer| {
        peer.send("a longer line\ntry-read\n").await;
        peer.advance(seconds(31)).await;
        assert_eq!(peer.closed().await, Closed::SendTimeout);
        peer.expect_cut().await;
    });
    assert_eq!(rig.journal.take()[4..], ["message try-read", "close send_timeout"]);
}

#[test]
fn a_paused_connection_holds_the_peer_back_and_hears_other_actors() {
    Rig::default().connect().window(64).run(async |peer| {
        peer.send("pause\n").await;
        peer.expect("pause 0\n").await;
        let flood = "a\n".repeat(32);
        peer.send(flood).await;
        peer.expect_nothing().await;
        peer.notify(Note("b")).await;
        peer.expect("b 1\n").await;
        peer.notify(Note("resume")).await;
        peer.expect("resume 2\na 3\na 4\n").await;
    });
}

#[test]
fn what_was_read_before_the_pause_waits_as_well() {
    Rig::default().connect().run(async |peer| {
        peer.send("pause\na\n").await;
        peer.expect("pause 0\n").await;
        peer.expect_nothing().await;
        peer.notify(Note("resume")).await;
        peer.expect("resume 1\na 2\n").await;
    });
}
