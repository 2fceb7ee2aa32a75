//! Requests and answers on a connection that lasts.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::harness::{Lines, advance, ok, run, settle};
use crate::client::{ClientSettings, RequestError};

fn in_flight(requests: usize) -> ClientSettings {
    ClientSettings { in_flight: NonZeroUsize::new(requests).unwrap(), ..Default::default() }
}

#[test]
fn answers_in_order_come_to_the_requests_in_order() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let [a, b, c] = world.ask_all(["a", "b", "c"]);
        let mut peer = world.accept().await;
        peer.expect(["a", "b", "c"]).await;
        peer.say(["=A", "=B"]).await;
        assert_eq!((b.await, a.await), (ok("B"), ok("A")));
        peer.say(["=C"]).await;
        assert_eq!(c.await, ok("C"));
        assert!(world.client.is_connected());
    });
}

#[test]
fn answers_with_ids_come_in_any_order() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let [a, b, c] = world.ask_all(["#a", "#b", "#c"]);
        let mut peer = world.accept().await;
        peer.expect(["1 a", "2 b", "3 c"]).await;
        peer.say(["@3 C", "@1 A", "@2 B"]).await;
        assert_eq!((a.await, b.await, c.await), (ok("A"), ok("B"), ok("C")));
    });
}

#[test]
fn what_is_no_answer_goes_to_the_protocol() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let a = world.ask("a");
        peer.expect(["a"]).await;
        peer.say(["news", "=A"]).await;
        peer.expect(["heard news"]).await;
        assert_eq!(a.await, ok("A"));
    });
}

#[test]
fn with_one_in_flight_each_request_waits_for_the_answer_before_it() {
    run(Lines::default(), in_flight(1), async |mut world| {
        let [a, b] = world.ask_all(["a", "b"]);
        let mut peer = world.accept().await;
        peer.expect(["a"]).await;
        peer.expect_nothing().await;
        peer.say(["=A"]).await;
        peer.expect(["b"]).await;
        peer.say(["=B"]).await;
        assert_eq!((a.await, b.await), (ok("A"), ok("B")));
    });
}

#[test]
fn a_full_queue_refuses_at_once_and_nothing_was_sent() {
    let settings = ClientSettings { queue: NonZeroUsize::new(2).unwrap(), ..in_flight(1) };
    run(Lines::default(), settings, async |mut world| {
        let mut peer = world.accept().await;
        let a = world.ask("a");
        peer.expect(["a"]).await;
        let [b, c, d] = world.ask_all(["b", "c", "d"]);
        let refused = d.await.unwrap_err();
        assert_eq!(refused, RequestError::Full);
        assert!(!refused.was_sent());
        drop(b);
        let e = world.ask("e");
        peer.say(["=A"]).await;
        peer.expect(["c"]).await;
        peer.say(["=C"]).await;
        peer.expect(["e"]).await;
        peer.say(["=E"]).await;
        assert_eq!((a.await, c.await, e.await), (ok("A"), ok("C"), ok("E")));
    });
}

#[test]
fn what_is_given_up_before_it_was_sent_never_is() {
    run(Lines::default(), in_flight(1), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b, c] = world.ask_all(["a", "b", "c"]);
        drop(b);
        peer.expect(["a"]).await;
        peer.say(["=A"]).await;
        peer.expect(["c"]).await;
        peer.say(["=C"]).await;
        assert_eq!((a.await, c.await), (ok("A"), ok("C")));
    });
}

#[test]
fn the_answer_to_what_was_given_up_is_thrown_away() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a", "b"]);
        peer.expect(["a", "b"]).await;
        drop(a);
        peer.say(["=A", "=B"]).await;
        assert_eq!(b.await, ok("B"));
    });
}

#[test]
fn a_deadline_that_passes_says_whether_the_request_was_sent() {
    run(Lines::default(), in_flight(1), async |mut world| {
        let mut peer = world.accept().await;
        let within = Duration::from_secs(1);
        let sent = world.client.request("a".into(), within);
        let waiting = world.client.request("b".into(), within);
        peer.expect(["a"]).await;
        let (sent, waiting) = (sent.await.unwrap_err(), waiting.await.unwrap_err());
        assert_eq!((sent, waiting), (RequestError::Unanswered, RequestError::Deadline));
        assert!(sent.was_sent() && !waiting.was_sent());
        peer.say(["=A"]).await;
        settle().await;
        let c = world.ask("c");
        peer.expect(["c"]).await;
        peer.say(["=C"]).await;
        assert_eq!(c.await, ok("C"), "the late answer was matched, and nobody's");
    });
}

#[test]
fn what_nobody_polls_is_not_sent_after_its_deadline_either() {
    run(Lines::default(), in_flight(1), async |mut world| {
        let mut peer = world.accept().await;
        let a = world.ask("a");
        let late = world.client.request("late".into(), Duration::from_secs(1));
        let b = world.ask("b");
        peer.expect(["a"]).await;
        advance(2).await;
        peer.say(["=A"]).await;
        peer.expect(["b"]).await;
        peer.say(["=B"]).await;
        assert_eq!((a.await, b.await), (ok("A"), ok("B")));
        assert_eq!(late.await, Err(RequestError::Deadline));
    });
}

#[test]
fn a_peer_that_pushes_without_end_does_not_keep_requests_back() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        // In one piece, so that nobody else runs before the request is made.
        peer.say([&*["news"; 500].join("\n")]).await;
        let a = world.ask("a");
        let mut before = 0;
        while peer.line().await.unwrap() != "a" {
            before += 1;
        }
        assert!(before < 10, "{before} pushes were answered before the request was sent");
        peer.say(["=A"]).await;
        assert_eq!(a.await, ok("A"));
    });
}

#[test]
fn a_peer_that_answers_before_it_reads_on_is_read_meanwhile() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let (long, longer) = ("x".repeat(10_000), "y".repeat(19_000));
        let short = ["a", "b", "c", "d", "e"];
        let short: Vec<_> = short.iter().map(|name| (*name, world.ask(name))).collect();
        let long_ones: Vec<_> = (0..40).map(|_| world.ask(&long)).collect();
        // All that the peer does not read fills the way to it.
        settle().await;
        for (name, _) in &short {
            peer.expect([name]).await;
            // Together more than the way back holds.
            peer.say([&*format!("={longer}")]).await;
        }
        for _ in &long_ones {
            peer.expect([&*long]).await;
            peer.say(["=x"]).await;
        }
        for (_, asked) in short {
            assert_eq!(asked.await, ok(&longer));
        }
        for asked in long_ones {
            assert_eq!(asked.await, ok("x"));
        }
    });
}

#[test]
fn the_tree_shows_how_a_client_stands() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, _b] = world.ask_all(["a", "b"]);
        peer.expect(["a", "b"]).await;
        peer.say(["=A"]).await;
        assert_eq!(a.await, ok("A"));
        let detail = world.detail("connection");
        let counts = ["connections", "waiting", "in_flight", "sent", "answered", "repeated"];
        assert_eq!(counts.map(|count| detail[count].as_u64()), [1, 0, 1, 2, 1, 0].map(Some));
        assert!(detail["peer"].is_string());
        assert!(world.runtime.registry().find("test/client/connection/protocol").is_some());
    });
}
