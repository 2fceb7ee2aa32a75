//! A crash in each hook: what it costs, what it does not, and what the next handler is told.

use super::rig::{Rig, seconds};
use crate::protocol::{Closed, Heartbeat};
use trunkline_runtime::Intensity;

/// What hooks wrote from `recovered` on.
fn after_the_crash(rig: &Rig) -> Vec<String> {
    let mut written = rig.journal.take().into_iter();
    let first = written.find(|line| line.starts_with("recovered"));
    first.into_iter().chain(written).collect()
}

#[test]
fn a_crash_closes_by_default_and_the_fresh_handler_says_farewell() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("a\npanic\nb\n").await;
        peer.expect("a 0\n").await;
        assert_eq!(peer.expect_end().await, Closed::Crashed);
        assert_eq!(peer.restarts(), 1);
    });
    let written = rig.journal.take();
    assert_eq!(written[4..], ["message panic", "state", "recovered Message 0", "close crashed"]);
}

#[test]
fn an_error_of_a_hook_is_a_crash() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("a\nfail\nb\n").await;
        peer.expect("a 0\nerror\nb 0\n").await;
        assert_eq!(peer.restarts(), 1);
    });
}

#[test]
fn what_the_hook_had_sent_went_out_and_is_counted() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("late\nb\n").await;
        peer.expect("half an answer\nerror\nb 0\n").await;
    });
    assert_eq!(after_the_crash(&rig)[0], "recovered Message 1");
}

#[test]
fn a_crash_of_the_first_state_or_of_open_is_one_of_the_beginning() {
    for hook in ["state", "open"] {
        let rig = Rig { greets: true, ..Rig::hardy() }.panics(hook, 1);
        rig.connect().run(async |peer| {
            peer.send("a\n").await;
            peer.expect("error\na 0\n").await;
        });
        assert_eq!(after_the_crash(&rig)[0], "recovered Open 0", "{hook}");
    }
}

#[test]
fn a_crash_of_the_next_state_or_of_recovered_leaves_the_debt_as_it_was() {
    for hook in ["state", "recovered"] {
        let rig = Rig::hardy();
        let faults = rig.faults.clone();
        rig.connect().run(async move |peer| {
            peer.send("a\n").await;
            peer.expect("a 0\n").await;
            faults.lock().insert(hook, 2);
            peer.send("late\nb\n").await;
            peer.expect("half an answer\nerror\nb 0\n").await;
            assert_eq!(peer.restarts(), 3);
        });
        let written = after_the_crash(&rig);
        let told: Vec<_> = written.iter().filter(|line| line.starts_with("recovered")).collect();
        assert!(told.iter().all(|line| *line == "recovered Message 1"), "{told:?}");
        assert_eq!(rig.journal.count("open"), 0);
    }
}

#[test]
fn a_crash_over_a_message_of_another_actor_owes_the_peer_nothing() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.connection().send(super::rig::Note("panic")).unwrap();
        peer.expect("error\n").await;
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
    });
    assert_eq!(after_the_crash(&rig)[0], "recovered Receive 0");
}

#[test]
fn a_crash_over_what_is_no_message_is_told_so() {
    let rig = Rig::hardy().panics("malformed", 1);
    rig.connect().run(async |peer| {
        peer.send("x".repeat(1500) + "\na\n").await;
        peer.expect("error\na 0\n").await;
    });
    assert_eq!(after_the_crash(&rig)[0], "recovered Malformed 0");
}

#[test]
fn a_crash_of_the_idle_hook_is_told_so() {
    let rig = Rig::hardy().panics("idle", 1);
    rig.connect().idle(seconds(10)).run(async |peer| {
        peer.advance(seconds(11)).await;
        peer.expect("error\n").await;
    });
    assert_eq!(after_the_crash(&rig)[0], "recovered Idle 0");
}

#[test]
fn a_crash_of_the_heartbeat_is_told_so() {
    let beat = Heartbeat::new(seconds(10), 3).unwrap();
    let rig = Rig::hardy().panics("heartbeat", 1).with(|limits| limits.heartbeat = Some(beat));
    rig.connect().run(async |peer| {
        peer.advance(seconds(11)).await;
        peer.expect("error\n").await;
    });
    assert_eq!(after_the_crash(&rig)[0], "recovered Heartbeat 0");
}

#[test]
fn a_crash_of_drain_is_told_so_and_drain_is_not_called_again() {
    let rig = Rig::hardy().panics("drain", 1);
    rig.connect().run(async |peer| {
        peer.stop();
        peer.expect("error\n").await;
        peer.send("a\nclose\n").await;
        peer.expect("a 0\n").await;
        assert_eq!(peer.expect_end().await, Closed::ByHandler);
    });
    let written = after_the_crash(&rig);
    assert_eq!(written[0], "recovered Drain 0");
    assert!(!written.contains(&"drain".to_owned()));
}

#[test]
fn a_crash_of_close_changes_nothing() {
    let rig = Rig::default().panics("close", 1);
    rig.connect().run(async |peer| {
        peer.send("a\nclose\n").await;
        peer.expect("a 0\n").await;
        assert_eq!(peer.expect_end().await, Closed::ByHandler);
    });
    assert_eq!(rig.journal.count("close handler_closed"), 1);
}

#[test]
fn a_crash_of_codec_is_the_end_of_the_connection_at_once() {
    let rig = Rig::hardy().panics("codec", 1);
    rig.connect().run(async |peer| {
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::Crashed);
        // It cost that connection, and no other.
        let mut other = peer.another().await;
        other.send("a\n").await;
        other.expect("a 0\n").await;
    });
}

#[test]
fn a_crash_on_command_between_hooks_is_a_crash() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
        peer.connection().node().inject_panic();
        peer.expect("error\n").await;
        peer.send("sleep 10\nb\n").await;
        peer.settle().await;
        peer.connection().node().inject_panic();
        peer.expect("error\nb 0\n").await;
    });
}

#[test]
fn a_connection_that_crashes_too_often_is_closed_without_a_farewell() {
    let rig = Rig::hardy().with(|limits| limits.crashes = Intensity::new(2, seconds(10)));
    rig.connect().run(async |peer| {
        for _ in 0..4 {
            peer.send("panic\n").await;
            peer.expect("error\n").await;
            peer.advance(seconds(6)).await;
        }
        peer.send("fail\nfail\nfail\na\n").await;
        let answers = peer.receive(100).await;
        assert_eq!(String::from_utf8_lossy(&answers), "error\n");
        assert_eq!(peer.closed().await, Closed::CrashLimit);
    });
    assert_eq!(rig.journal.count("close crash_limit"), 0);
}

#[test]
fn a_state_that_cannot_be_built_reaches_the_limit() {
    let rig = Rig::hardy().panics("state", 1000);
    rig.connect().run(async |peer| assert_eq!(peer.expect_end().await, Closed::CrashLimit));
    assert_eq!(rig.journal.count("state"), 11);
}

#[test]
fn a_panic_in_the_destructor_of_the_state_changes_nothing() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("mine\npanic\nb\nmine\nclose\n").await;
        peer.expect("error\nb 0\n").await;
        assert_eq!(peer.expect_end().await, Closed::ByHandler);
        assert_eq!(peer.restarts(), 1);
    });
    assert_eq!(rig.journal.count("state dropped"), 2);
}

#[test]
fn a_panic_in_what_a_hook_held_changes_nothing_when_it_is_cut_short() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("hold bomb\n").await;
        peer.settle().await;
        peer.connection().disconnect();
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::Disconnected);
    });
    assert_eq!(rig.journal.take()[4..], ["held", "close disconnected"]);
}
