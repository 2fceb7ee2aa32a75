//! Drains, kills, and connections that something else takes over.

use super::rig::{Note, Rig, seconds};
use crate::protocol::Closed;

#[test]
fn a_drain_closes_by_default_after_the_hook_that_runs() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("sleep 5\na\n").await;
        peer.settle().await;
        peer.stop();
        peer.expect_nothing().await;
        peer.expect("draining\n").await;
        assert_eq!(peer.expect_end().await, Closed::Drained);
    });
    assert_eq!(rig.journal.take()[3..], ["message sleep 5", "drain", "close drained"]);
}

#[test]
fn a_drain_reaches_a_connection_on_which_nothing_happens() {
    Rig::default().connect().run(async |peer| {
        peer.stop();
        peer.expect("draining\n").await;
        assert_eq!(peer.expect_end().await, Closed::Drained);
    });
}

#[test]
fn a_handler_may_go_on_through_a_drain_until_it_is_done() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.stop();
        peer.expect("draining\n").await;
        peer.advance(seconds(100)).await;
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
        peer.notify(Note("b")).await;
        peer.expect("b 1\n").await;
        peer.end().await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
    });
    assert_eq!(rig.journal.count("drain"), 1);
}

#[test]
fn a_connection_that_does_not_drain_in_time_is_cut_off_without_a_farewell() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("mine\na\nhold\n").await;
        peer.expect("a 1\n").await;
        let waiting = peer.connection().ask(Note("b"), seconds(24 * 3600));
        peer.stop();
        peer.advance(seconds(3700)).await;
        peer.expect_cut().await;
        assert_eq!(waiting.await, Err(trunkline_runtime::AskError::Stopped));
        assert!(peer.tree().nodes().iter().all(|node| !node.path.contains("connections/")));
    });
    let written = rig.journal.take();
    assert_eq!(written[6..], ["held", "state dropped"]);
}

#[test]
fn another_protocol_takes_over_with_what_was_not_read_yet() {
    let rig = Rig::hardy();
    rig.connect().run(async |peer| {
        peer.send("a\nupgrade\nb\nc").await;
        peer.expect("a 0\nhello\nb 0\n").await;
        peer.send("\n").await;
        peer.expect("c 1\n").await;
        // The address was the first protocol's, and so was the inbox.
        assert!(!peer.connection().is_open());
        peer.end().await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
    });
    let written = rig.journal.take();
    assert_eq!(
        written[3..],
        [
            "message a",
            "message upgrade",
            "codec",
            "state",
            "open",
            "message b",
            "message c",
            "close done"
        ]
    );
}

#[test]
fn what_takes_over_is_drained_too() {
    Rig::default().connect().run(async |peer| {
        peer.send("upgrade\n").await;
        peer.expect("hello\n").await;
        peer.stop();
        peer.expect("draining\n").await;
        assert_eq!(peer.expect_end().await, Closed::Drained);
    });
}

#[test]
fn messages_of_other_actors_are_refused_when_something_else_takes_over() {
    Rig::default().connect().run(async |peer| {
        peer.send("sleep 5\nupgrade\n").await;
        peer.settle().await;
        let waiting: Vec<_> =
            (0..5).map(|_| peer.connection().ask(Note("quiet"), seconds(60))).collect();
        peer.expect("hello\n").await;
        let mut refused = 0;
        for waiting in waiting {
            refused += u32::from(waiting.await.is_err());
        }
        assert!(refused >= 3, "{refused}");
    });
}

#[test]
fn all_that_was_sent_goes_out_before_something_else_takes_over() {
    Rig::default().connect().window(50).run(async |peer| {
        peer.send("fill\nupgrade\na\n").await;
        peer.settle().await;
        let all = peer.receive(70_000).await;
        let tail = String::from_utf8_lossy(&all).replace('x', "");
        assert_eq!(tail.trim(), "hello\na 0");
    });
}

#[test]
fn a_peer_that_takes_nothing_is_not_waited_for_when_something_else_takes_over() {
    Rig::default().connect().window(50).run(async |peer| {
        peer.send("fill\nupgrade\na\n").await;
        peer.advance(seconds(31)).await;
        peer.expect_cut().await;
    });
}

#[test]
fn a_connection_is_not_forwarded_where_there_are_no_pools() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
        peer.send("forward web\nb\n").await;
        peer.expect_cut().await;
        assert!(!peer.connection().is_open());
    });
    assert_eq!(rig.journal.take()[3..], ["message a", "message forward web"]);
}

#[test]
fn the_handler_is_out_of_the_tree_when_its_connection_is() {
    Rig::hardy().connect().run(async |peer| {
        let path = "test/connections/1/protocol";
        assert!(peer.tree().get(path).is_some());
        peer.send("panic\n").await;
        peer.expect("error\n").await;
        let tree = peer.tree();
        let handler = tree.get(path).unwrap();
        assert_eq!((handler.generation, handler.restarts), (2, 1));
        assert!(handler.last_exit.as_ref().is_some_and(|exit| exit.generation == 1));
        peer.send("close\n").await;
        peer.end().await;
        peer.expect_end().await;
        peer.settle().await;
        assert!(peer.tree().get(path).is_none());
    });
}
