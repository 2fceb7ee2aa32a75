//! Messages that crash handlers again and again, over all connections of a listener.

use super::rig::{Rig, seconds};
use crate::protocol::testing::TestPeer;
use crate::protocol::{Closed, Limits};
use trunkline_runtime::Intensity;

fn rig() -> Rig {
    let often = |limits: &mut Limits| limits.crashes = Intensity::new(100, seconds(10));
    Rig::hardy().with(often)
}

/// Has `poison` crash as many handlers as quarantine it, the first crash of all included.
async fn quarantine(peer: &mut TestPeer<Rig>, poison: &str) {
    for _ in 0..4 {
        peer.send(format!("{poison}\n")).await;
        peer.expect("error\n").await;
    }
}

#[test]
fn a_message_that_crashed_three_fresh_handlers_is_refused_and_others_pass() {
    rig().connect().run(async |peer| {
        quarantine(peer, "panic").await;
        peer.send("panic\nfail\na\npanic\n").await;
        peer.expect("quarantined\nerror\na 0\nquarantined\n").await;
        assert_eq!(peer.restarts(), 5);
    });
}

#[test]
fn every_connection_of_the_listener_refuses_it() {
    let rig = rig();
    rig.connect().run(async |peer| {
        for _ in 0..4 {
            let mut other = peer.another().await;
            other.send("panic\n").await;
            other.expect("error\n").await;
        }
        peer.send("panic\n").await;
        peer.expect("quarantined\n").await;
        assert_eq!(peer.restarts(), 0);
    });
    assert_eq!(rig.journal.count("message panic"), 4);
}

#[test]
fn a_handler_that_does_not_recover_closes_over_a_refused_message() {
    let rig = Rig::default();
    rig.connect().run(async |peer| {
        for _ in 0..4 {
            let mut other = peer.another().await;
            other.send("panic\n").await;
            assert_eq!(other.expect_end().await, Closed::Crashed);
        }
        peer.send("a\npanic\n").await;
        peer.expect("a 0\n").await;
        assert_eq!(peer.expect_end().await, Closed::Quarantined);
    });
}

#[test]
fn how_the_message_is_cut_into_pieces_does_not_matter() {
    rig().connect().run(async |peer| {
        quarantine(peer, "panic now").await;
        for piece in ["a\npa", "nic", " no", "w", "\nb\n"] {
            peer.send(piece).await;
            peer.settle().await;
        }
        peer.expect("a 0\nquarantined\nb 1\n").await;
    });
}

#[test]
fn a_message_is_not_blamed_for_what_was_read_within_it() {
    rig().connect().run(async |peer| {
        for _ in 0..10 {
            peer.send("read\npanic\n").await;
            peer.expect("error\n").await;
        }
        peer.send("read\na\n").await;
        peer.expect("read a\n").await;
        // Nor is what was read within it blamed.
        peer.send("panic\n").await;
        peer.expect("error\n").await;
    });
}

#[test]
fn a_message_of_another_actor_is_never_quarantined() {
    rig().connect().run(async |peer| {
        for _ in 0..10 {
            peer.connection().send(super::rig::Note("panic")).unwrap();
            peer.expect("error\n").await;
        }
    });
}

#[test]
fn a_crash_of_quarantined_itself_is_a_crash_of_a_message() {
    let rig = rig();
    let faults = rig.faults.clone();
    rig.connect().run(async move |peer| {
        quarantine(peer, "panic").await;
        faults.lock().insert("recovered", 1);
        peer.send("panic\na\n").await;
        // The fresh handler answers for it as for a crash.
        peer.expect("error\na 0\n").await;
    });
    let written = rig.journal.take();
    assert_eq!(
        written[written.len() - 5..],
        ["recovered Message 0", "state", "recovered Message 0", "message a", "close done"]
    );
}

#[test]
fn a_message_that_stays_away_for_long_enough_is_let_through_again() {
    rig().connect().run(async |peer| {
        quarantine(peer, "panic").await;
        peer.advance(seconds(9 * 60)).await;
        peer.send("panic\n").await;
        peer.expect("quarantined\n").await;
        peer.advance(seconds(11 * 60)).await;
        peer.send("panic\n").await;
        peer.expect("error\n").await;
    });
}
