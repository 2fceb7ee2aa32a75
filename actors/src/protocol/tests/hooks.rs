//! Which hooks are called, in which order, and how a connection ends.

use super::rig::{Rig, seconds};
use crate::protocol::testing::TestConnection;
use crate::protocol::{Closed, Cx, Next, Peer, Protocol, Result};
use crate::stream::Loss;

/// Runs `rig` until its end, which is `closed`; what its hooks wrote after `sent` was sent.
fn journal_of(rig: &Rig, sent: &'static str, answers: &'static str, closed: Closed) -> Vec<String> {
    rig.connect().run(async move |peer| {
        peer.send(sent).await;
        peer.end().await;
        peer.expect(answers).await;
        assert_eq!(peer.expect_end().await, closed);
    });
    rig.journal.take()
}

#[test]
fn hooks_come_in_their_order_and_close_once() {
    let rig = Rig { greets: true, ..Rig::default() };
    assert_eq!(
        journal_of(&rig, "a\nb\n", "hello\na 0\nb 1\n", Closed::PeerDone),
        ["codec", "state", "open", "message a", "message b", "close done"]
    );
}

#[test]
fn a_greeting_goes_out_before_anything_is_read() {
    Rig { greets: true, ..Rig::default() }.connect().run(async |peer| {
        peer.expect("hello\n").await;
        peer.expect_nothing().await;
    });
}

#[test]
fn a_handler_that_closes_reads_no_further() {
    let rig = Rig::default();
    let written = journal_of(&rig, "a\nclose\nb\n", "a 0\n", Closed::ByHandler);
    assert_eq!(written[3..], ["message a", "message close", "close handler_closed"]);
}

#[test]
fn a_time_out_in_a_hook_ends_the_connection_and_is_no_crash() {
    let rig = Rig::hardy();
    let written = journal_of(&rig, "timeout\nb\n", "", Closed::HandlerTimeout);
    assert_eq!(written[3..], ["message timeout", "close handler_timeout"]);
}

#[test]
fn a_peer_that_a_hook_finds_gone_is_no_crash() {
    let rig = Rig::hardy();
    let written = journal_of(&rig, "gone\nb\n", "", Closed::PeerLost(Loss::Vanished));
    assert_eq!(written[3..], ["message gone", "close client_vanished"]);
}

#[test]
fn a_peer_that_cuts_the_connection_off_is_told_to_close() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
        peer.reset();
        assert_eq!(peer.closed().await, Closed::PeerLost(Loss::Reset));
    });
    assert_eq!(rig.journal.take()[3..], ["message a", "close client_reset"]);
}

#[test]
fn a_message_in_any_pieces_is_one_message() {
    Rig::default().connect().run(async |peer| {
        for piece in ["o", "ne\ntw", "o", "\n", "three\nfour\n"] {
            peer.send(piece).await;
            peer.settle().await;
        }
        peer.expect("one 0\ntwo 1\nthree 2\nfour 3\n").await;
    });
}

#[test]
fn a_pipeline_of_messages_is_answered_in_order() {
    Rig::default().connect().window(1000).run(async |peer| {
        for batch in 0..20 {
            let numbers = batch * 50..(batch + 1) * 50;
            peer.send(numbers.clone().map(|n| format!("{n}\n")).collect::<String>()).await;
            peer.expect(numbers.map(|n| format!("{n} {n}\n")).collect::<String>()).await;
        }
    });
}

#[test]
fn a_peer_that_ends_its_side_gets_all_answers() {
    Rig::default().connect().window(64).run(async |peer| {
        peer.send("a\nsleep 5\nb\nc\n").await;
        peer.end().await;
        peer.expect("a 0\nb 2\nc 3\n").await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
    });
}

#[test]
fn the_last_message_needs_no_end_of_line_where_the_stream_ends() {
    let rig = Rig::default();
    journal_of(&rig, "a\nb", "a 0\nb 1\n", Closed::PeerDone);
}

#[test]
fn what_is_malformed_closes_by_default_and_need_not() {
    let long = "x".repeat(1500) + "\n";
    let line: &'static str = String::leak(format!("a\n{long}b\n"));
    let rig = Rig::default();
    let written = journal_of(&rig, line, "a 0\nwhat?\n", Closed::Malformed);
    assert_eq!(
        written[4..],
        ["malformed Undecodable(max line length exceeded)", "close malformed"]
    );
    journal_of(&Rig::hardy(), line, "a 0\nwhat?\nb 1\n", Closed::PeerDone);
}

#[test]
fn an_answer_is_not_lost_where_the_peer_has_sent_more_than_was_read() {
    Rig::default().connect().window(64 * 1024).run(async |peer| {
        peer.send("a\nclose\n".to_owned() + &"b\n".repeat(10_000)).await;
        peer.expect("a 0\n").await;
        assert_eq!(peer.expect_end().await, Closed::ByHandler);
    });
}

#[test]
fn what_was_sent_goes_out_however_slowly_the_peer_reads() {
    Rig::default().connect().window(16).run(async |peer| {
        peer.send("fill\n").await;
        peer.send("close\n").await;
        peer.settle().await;
        for _ in 0..600 {
            peer.advance(seconds(1)).await;
            peer.expect("x".repeat(99) + "\n").await;
        }
        peer.receive(usize::from(u16::MAX)).await;
        assert_eq!(peer.closed().await, Closed::ByHandler);
    });
}

#[test]
fn a_peer_that_does_not_end_its_own_side_is_waited_for_two_seconds() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        peer.send("close\n").await;
        assert_eq!(peer.expect_end().await, Closed::ByHandler);
        peer.advance(seconds(1)).await;
        assert!(peer.tree().get("test/connections/1").is_some());
        peer.advance(seconds(2)).await;
        assert!(peer.tree().get("test/connections/1").is_none());
    });
}

/// Its hook `close` never ends.
struct Clinging;

impl Protocol for Clinging {
    type Codec = tokio_util::codec::LinesCodec;
    type State = ();

    fn codec(&self) -> Self::Codec {
        Self::Codec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, _: &mut Cx<Self>, _: String) -> Result<Next> {
        Ok(Next::Close)
    }

    async fn close(&self, cx: &mut Cx<Self>, _: Closed) {
        cx.send("farewell").await.unwrap();
        std::future::pending().await
    }
}

#[test]
fn the_farewell_goes_out_and_may_take_five_seconds() {
    TestConnection::new(Clinging).run(async |peer| {
        peer.send("a\n").await;
        let before = tokio::time::Instant::now();
        peer.expect("farewell\n").await;
        assert_eq!(peer.expect_end().await, Closed::ByHandler);
        let took = before.elapsed();
        assert!((seconds(5)..seconds(6)).contains(&took), "{took:?}");
    });
}
