//! Handlers that crash, and actors.

use super::harness::{Lines, ok, run, settle};
use crate::client::{ClientSettings, RequestError};

const GOES_ON: Lines = Lines { goes_on: true, heartbeat: None };

#[test]
fn a_crash_before_anything_was_sent_fails_that_request_alone() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, crashed, b] = world.ask_all(["a", "panic before", "b"]);
        peer.expect(["a", "recovered", "b"]).await;
        peer.say(["=A", "=B"]).await;
        assert_eq!(crashed.await, Err(RequestError::Crashed));
        assert_eq!((a.await, b.await), (ok("A"), ok("B")));
    });
}

#[test]
fn the_answer_to_what_crashed_after_it_was_sent_is_nobodys() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, crashed, b] = world.ask_all(["a", "panic after", "b"]);
        peer.expect(["a", "panic after", "recovered", "b"]).await;
        assert_eq!(crashed.await, Err(RequestError::Crashed));
        peer.say(["=A", "=the crashed one's", "=B"]).await;
        assert_eq!((a.await, b.await), (ok("A"), ok("B")));
    });
}

#[test]
fn by_default_a_crash_closes_the_connection_and_the_rest_goes_as_it_says() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let requests = ["a", "b again", "panic after", "c"];
        let [a, b, crashed, c] = world.ask_all(requests);
        peer.expect(["a", "b again", "panic after"]).await;
        peer.expect_end().await;
        drop(peer);
        assert_eq!(crashed.await, Err(RequestError::Crashed));
        assert_eq!(a.await, Err(RequestError::Broken));
        let mut peer = world.accept().await;
        peer.expect(["b again", "c"]).await;
        peer.say(["=B", "=C"]).await;
        assert_eq!((b.await, c.await), (ok("B"), ok("C")));
    });
}

#[test]
fn a_crash_over_what_may_be_any_answer_fails_all_and_repeats_none() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a again", "b"]);
        peer.expect(["a again", "b"]).await;
        peer.say(["panic in sort", "=B"]).await;
        assert_eq!(a.await, Err(RequestError::Crashed));
        assert_eq!(b.await, Err(RequestError::Crashed), "not the answer to another");
        peer.expect_end().await;
        drop(peer);
        let c = world.ask("c");
        let mut peer = world.accept().await;
        peer.expect(["c"]).await;
        peer.say(["=C"]).await;
        assert_eq!(c.await, ok("C"));
    });
}

#[test]
fn a_crash_before_a_message_was_sorted_is_one_over_any_answer() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a", "b"]);
        peer.expect(["a", "b"]).await;
        world.node("connection/protocol").inject_panic_at_nth_message(2);
        peer.say(["=A", "=B"]).await;
        assert_eq!((a.await, b.await), (ok("A"), Err(RequestError::Crashed)));
        peer.expect_end().await;
    });
}

#[test]
fn a_crash_over_what_comes_when_nothing_is_awaited_is_for_the_handler_to_answer() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        peer.say(["panic in sort", "news"]).await;
        peer.expect(["recovered", "heard news"]).await;
    });
}

#[test]
fn a_crash_over_what_is_no_answer_leaves_requests_in_step() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a", "b"]);
        peer.expect(["a", "b"]).await;
        peer.say(["=A", "panic in message", "=B"]).await;
        peer.expect(["recovered"]).await;
        assert_eq!((a.await, b.await), (ok("A"), ok("B")));
        assert_eq!(world.node("connection/protocol").generation(), 2);
    });
}

#[test]
fn a_crash_of_the_actor_loses_and_doubles_nothing() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a", "b again"]);
        peer.expect(["a", "b again"]).await;
        world.node("connection").inject_panic();
        let c = world.ask("c");
        assert_eq!(a.await, Err(RequestError::Broken));
        peer.expect_end().await;
        let mut peer = world.accept().await;
        peer.expect(["b again", "c"]).await;
        peer.say(["=B", "=C"]).await;
        assert_eq!((b.await, c.await), (ok("B"), ok("C")));
        assert_eq!(world.node("connection").generation(), 2);
    });
}

#[test]
fn a_crash_between_two_hooks_leaves_requests_in_step() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let a = world.ask("a");
        peer.expect(["a"]).await;
        world.node("connection/protocol").inject_panic();
        peer.expect(["recovered"]).await;
        settle().await;
        peer.say(["=A"]).await;
        assert_eq!(a.await, ok("A"));
    });
}

#[test]
fn a_message_in_quarantine_may_have_been_any_answer() {
    run(GOES_ON, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        for _ in 0..4 {
            peer.say(["panic in message"]).await;
            peer.expect(["recovered"]).await;
        }
        peer.say(["panic in message"]).await;
        peer.expect(["recovered"]).await;
        assert_eq!(world.node("connection/protocol").generation(), 5, "no handler saw the last");
        let a = world.ask("a");
        peer.expect(["a"]).await;
        peer.say(["panic in message"]).await;
        assert_eq!(a.await, Err(RequestError::Crashed));
        peer.expect(["recovered"]).await;
        peer.expect_end().await;
    });
}
