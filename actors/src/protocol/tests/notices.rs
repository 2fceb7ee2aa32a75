//! Messages of other actors: their order, their bound, what who asked is told, and the address.

use trunkline_runtime::{AskError, Intensity, Recipient, SendError};

use super::rig::{Note, Rig, seconds};
use crate::protocol::Closed;

#[test]
fn messages_of_other_actors_are_received_in_order() {
    Rig::default().connect().run(async |peer| {
        for note in ["a", "b", "c"] {
            peer.connection().send(Note(note)).unwrap();
        }
        peer.expect("a 0\nb 1\nc 2\n").await;
    });
}

#[test]
fn who_asks_is_answered_when_the_hook_is_over() {
    Rig::default().connect().run(async |peer| {
        let before = tokio::time::Instant::now();
        assert_eq!(peer.connection().ask(Note("sleep 5"), seconds(60)).await, Ok(()));
        assert!(before.elapsed() >= seconds(5));
        let late = peer.connection().ask(Note("sleep 5"), seconds(1)).await;
        assert_eq!(late, Err(AskError::Deadline));
    });
}

#[test]
fn who_asks_a_handler_that_crashes_learns_it_and_the_next_is_answered() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        for crash in ["panic", "fail"] {
            let crashed = peer.connection().ask(Note(crash), seconds(60));
            let next = peer.connection().ask(Note("quiet"), seconds(60));
            assert_eq!(crashed.await, Err(AskError::Crashed), "{crash}");
            assert_eq!(next.await, Ok(()), "{crash}");
        }
        peer.connection().send(Note("sleep 10")).unwrap();
        peer.settle().await;
        let waits = peer.connection().ask(Note("quiet"), seconds(60));
        peer.connection().node().inject_panic();
        assert_eq!(waits.await, Ok(()), "what waits in the inbox outlives a crash");
    });
}

#[test]
fn a_crash_on_command_within_a_hook_is_a_crash_to_who_asked() {
    Rig::hardy().connect().run(async |peer| {
        let asked = peer.connection().ask(Note("sleep 10"), seconds(60));
        peer.settle().await;
        peer.connection().node().inject_panic();
        assert_eq!(asked.await, Err(AskError::Crashed));
    });
}

#[test]
fn who_asks_at_the_end_is_told_that_it_is_over() {
    for end in ["timeout", "gone", "close"] {
        Rig::default().connect().run(async move |peer| {
            let at_work = peer.connection().ask(Note(end), seconds(60));
            let waiting = peer.connection().ask(Note("a"), seconds(60));
            let expected = if end == "close" { Ok(()) } else { Err(AskError::Stopped) };
            assert_eq!(at_work.await, expected, "{end}");
            assert_eq!(waiting.await, Err(AskError::Stopped), "{end}");
        });
    }
}

#[test]
fn who_asks_a_hook_that_is_cut_short_is_told_that_it_is_over() {
    Rig::default().connect().run(async |peer| {
        let asked = peer.connection().ask(Note("wait"), seconds(60));
        peer.settle().await;
        peer.connection().disconnect();
        assert_eq!(asked.await, Err(AskError::Stopped));
        peer.expect_cut().await;
    });
}

#[test]
fn a_full_inbox_hands_messages_back() {
    Rig::default().with(|limits| limits.inbox = 2).connect().run(async |peer| {
        peer.send("sleep 5\n").await;
        peer.settle().await;
        let connection = peer.connection();
        assert!(connection.send(Note("a")).is_ok());
        assert!(connection.send(Note("b")).is_ok());
        assert!(matches!(connection.send(Note("c")), Err(SendError::Full(Note("c")))));
        assert_eq!(connection.ask(Note("c"), seconds(60)).await, Err(AskError::Full));
        peer.expect("a 1\nb 2\n").await;
        assert!(peer.connection().send(Note("d")).is_ok());
        peer.expect("d 3\n").await;
    });
}

#[test]
fn an_address_outlives_its_connection_and_hands_messages_back() {
    Rig::default().connect().run(async |peer| {
        let connection = peer.connection().clone();
        assert!(connection.is_open());
        peer.send("close\n").await;
        peer.closed().await;
        assert!(!connection.is_open());
        assert!(matches!(connection.send(Note("late")), Err(SendError::Stopped(Note("late")))));
        assert_eq!(connection.ask(Note("late"), seconds(60)).await, Err(AskError::Stopped));
        connection.close();
        connection.disconnect();
    });
}

#[test]
fn close_waits_for_the_hook_and_leaves_the_rest() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("sleep 5\na\n").await;
        peer.settle().await;
        let waiting = peer.connection().ask(Note("b"), seconds(60));
        peer.connection().close();
        peer.expect_nothing().await;
        assert_eq!(peer.expect_end().await, Closed::ByActor);
        assert_eq!(waiting.await, Err(AskError::Stopped));
    });
    assert_eq!(rig.journal.take()[3..], ["message sleep 5", "close actor_closed"]);
}

#[test]
fn disconnect_waits_for_nothing() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("hold\na\n").await;
        peer.settle().await;
        peer.connection().disconnect();
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::Disconnected);
        // As a group does with a member that is too slow.
        let other = peer.another().await;
        let recipient = Recipient::<Note>::from(other.connection().clone());
        assert!(recipient.close());
        peer.settle().await;
        assert!(recipient.is_gone());
    });
    assert_eq!(rig.journal.take()[3..6], ["message hold", "held", "close disconnected"]);
}

#[test]
fn a_connection_may_send_to_itself() {
    Rig::default().connect().run(async |peer| {
        peer.send("myself\na\n").await;
        peer.expect("to myself 1\na 2\n").await;
    });
}

#[test]
fn a_crash_keeps_the_inbox_and_loses_only_the_message_at_hand() {
    let rig = Rig::hardy().with(|limits| limits.crashes = Intensity::new(100, seconds(10)));
    rig.connect().run(async |peer| {
        let asks: Vec<_> = (0..20)
            .map(|n| if n % 3 == 0 { "panic" } else { "quiet" })
            .map(|note| (note, peer.connection().ask(Note(note), seconds(60))))
            .collect();
        for (note, ask) in asks {
            let expected = if note == "panic" { Err(AskError::Crashed) } else { Ok(()) };
            assert_eq!(ask.await, expected);
        }
    });
}
