//! A peer that reads slowly, or not at all: what waits for it is bounded.

use super::rig::{Note, Rig, seconds};
use crate::protocol::{Closed, Limits};

/// A rig whose `write` bound is so many bytes; a line of its floods has 100.
fn rig(write: usize) -> Rig {
    Rig::hardy().with(|limits: &mut Limits| limits.write = write)
}

/// One line of a flood.
fn line() -> String {
    "x".repeat(99) + "\n"
}

fn sent(rig: &Rig) -> usize {
    rig.journal.take().iter().filter(|line| line.starts_with("sent")).count()
}

#[test]
fn a_send_waits_while_as_much_waits_as_may() {
    let rig = rig(1000);
    let journal = rig.clone();
    rig.connect().window(500).run(async move |peer| {
        peer.send("flood\n").await;
        peer.settle().await;
        assert_eq!(sent(&journal), 15);
        peer.expect(line()).await;
        peer.settle().await;
        assert_eq!(sent(&journal), 1);
        for _ in 0..1000 {
            peer.expect(line()).await;
        }
        peer.settle().await;
        assert_eq!(sent(&journal), 1000);
    });
}

#[test]
fn a_bound_of_nothing_is_one_message() {
    let rig = rig(0);
    let journal = rig.clone();
    rig.connect().window(100).run(async move |peer| {
        peer.send("flood\n").await;
        peer.settle().await;
        assert_eq!(sent(&journal), 2);
        for _ in 0..10 {
            peer.expect(line()).await;
        }
    });
}

#[test]
fn a_try_hands_the_message_back_where_a_send_would_wait() {
    let rig = rig(1000);
    let journal = rig.journal.clone();
    rig.connect().window(500).run(async move |peer| {
        peer.send("fill\na\n").await;
        for _ in 0..15 {
            peer.expect(line()).await;
        }
        peer.expect("a 1\n").await;
        assert_eq!(journal.count("full, 99 back"), 1);
    });
}

#[test]
fn a_send_that_waits_is_cut_short_when_the_peer_takes_nothing() {
    let rig = rig(1000);
    rig.connect().window(500).run(async |peer| {
        peer.send("flood\n").await;
        for _ in 0..10 {
            // A line now and then is enough.
            peer.advance(seconds(29)).await;
            peer.expect(line()).await;
        }
        peer.advance(seconds(31)).await;
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::SendTimeout);
    });
    assert_eq!(rig.journal.count("close send_timeout"), 1);
}

#[test]
fn a_send_that_waits_finds_the_peer_gone() {
    let rig = rig(1000);
    rig.connect().window(500).run(async |peer| {
        peer.send("flood\n").await;
        peer.settle().await;
        peer.reset();
        assert!(matches!(peer.closed().await, Closed::PeerLost(_)));
        assert_eq!(peer.restarts(), 0);
    });
}

#[test]
fn a_send_that_waits_is_cut_short_by_a_disconnect() {
    rig(1000).connect().window(500).run(async |peer| {
        peer.send("flood\n").await;
        peer.settle().await;
        peer.connection().disconnect();
        peer.expect_cut().await;
        assert_eq!(peer.closed().await, Closed::Disconnected);
    });
}

#[test]
fn a_crash_keeps_what_was_sent_and_not_yet_taken() {
    let rig = rig(1000);
    rig.connect().window(50).run(async |peer| {
        peer.send("fill\npanic\na\n").await;
        peer.settle().await;
        for _ in 0..10 {
            peer.expect(line()).await;
        }
        let rest = peer.receive(1000).await;
        let rest = String::from_utf8_lossy(&rest).replace('x', "");
        assert!(rest.ends_with("\nerror\na 0\n"), "{rest:?}");
    });
}

#[test]
fn a_peer_that_reads_little_at_a_time_gets_all_of_it_in_order() {
    let rig = rig(200);
    rig.connect().window(7).run(async |peer| {
        for n in 0..50 {
            peer.connection().send(Note("late")).unwrap();
            peer.send(format!("{n}\n")).await;
            let mut both = Vec::new();
            while both.iter().filter(|byte| **byte == b'\n').count() < 3 {
                both.extend(peer.receive(1).await);
            }
            let both = String::from_utf8_lossy(&both).into_owned();
            assert!(both.contains("half an answer\nerror\n"), "{both:?}");
            assert!(both.contains(&format!("{n} ")), "{both:?}");
            peer.advance(seconds(2)).await;
        }
    });
}
