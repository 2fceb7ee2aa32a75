//! Connections that break, and peers that are not there.

use std::num::NonZeroUsize;
use std::time::Duration;

use trunkline_runtime::Backoff;

use super::harness::{Lines, advance, ok, run, settle};
use crate::client::{ClientSettings, RequestError};
use crate::protocol::Heartbeat;

#[test]
fn exactly_those_that_say_so_are_repeated_and_before_what_is_newer() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b, c] = world.ask_all(["a again", "b", "c again"]);
        peer.expect(["a again", "b", "c again"]).await;
        peer.reset();
        let d = world.ask("d");
        let broken = b.await.unwrap_err();
        assert_eq!(broken, RequestError::Broken);
        assert!(broken.was_sent());
        let mut peer = world.accept().await;
        peer.expect(["a again", "c again", "d"]).await;
        peer.say(["=A", "=C", "=D"]).await;
        assert_eq!((a.await, c.await, d.await), (ok("A"), ok("C"), ok("D")));
        peer.expect_nothing().await;
    });
}

#[test]
fn a_repeated_request_keeps_its_id() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [_a, b] = world.ask_all(["#a", "#b again"]);
        peer.expect(["1 a", "2 b again"]).await;
        drop(peer);
        let mut peer = world.accept().await;
        peer.expect(["2 b again"]).await;
        peer.say(["@2 B"]).await;
        assert_eq!(b.await, ok("B"));
    });
}

#[test]
fn nothing_is_repeated_after_its_deadline() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let late = world.client.request("again".into(), Duration::from_secs(1));
        peer.expect(["again"]).await;
        world.refuse(true);
        peer.reset();
        let late = late.await.unwrap_err();
        assert_eq!(late, RequestError::Unanswered);
        assert!(late.was_sent(), "once is enough");
        world.refuse(false);
        let mut peer = world.accept().await;
        peer.expect_nothing().await;
    });
}

#[test]
fn what_was_given_up_is_not_repeated() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a again", "b again"]);
        peer.expect(["a again", "b again"]).await;
        drop(a);
        peer.reset();
        let mut peer = world.accept().await;
        peer.expect(["b again"]).await;
        peer.say(["=B"]).await;
        assert_eq!(b.await, ok("B"));
    });
}

#[test]
fn requests_wait_while_nobody_listens() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let first = world.accept().await;
        world.refuse(true);
        first.reset();
        settle().await;
        assert!(!world.client.is_connected());
        let a = world.ask("a");
        let late = world.client.request("late".into(), Duration::from_secs(1));
        assert_eq!(late.await, Err(RequestError::Deadline));
        world.refuse(false);
        let mut peer = world.accept().await;
        peer.expect(["a"]).await;
        peer.say(["=A"]).await;
        assert_eq!(a.await, ok("A"));
    });
}

#[test]
fn rests_between_attempts_grow_and_a_healthy_connection_resets_them() {
    let second = Duration::from_secs(1);
    let backoff = Backoff::new(second, 8 * second, 10 * second);
    let settings = ClientSettings { backoff, ..Default::default() };
    run(Lines::default(), settings, async move |mut world| {
        let peer = world.accept().await;
        advance(11).await;
        world.refuse(true);
        let lost = tokio::time::Instant::now();
        peer.reset();
        advance(60).await;
        let times = world.attempts.lock().clone();
        let from = [vec![lost], times[1..].to_vec()].concat();
        let rests: Vec<_> = from.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        for (rest, whole) in rests.iter().zip([1.0, 2.0, 4.0, 8.0, 8.0]) {
            assert!((whole / 2.0..whole + 0.1).contains(rest), "{rests:?}");
        }
        world.refuse(false);
        let peer = world.accept().await;
        advance(11).await;
        let lost = tokio::time::Instant::now();
        peer.reset();
        world.accept().await;
        assert!(lost.elapsed() <= second, "after {:?}", lost.elapsed());
    });
}

#[test]
fn an_answer_that_nobody_awaits_closes_the_connection() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        for unsolicited in ["=A", "@7 A"] {
            let mut peer = world.accept().await;
            let again = world.ask("#again");
            let id = peer.line().await.unwrap().split_once(' ').unwrap().0.to_owned();
            if unsolicited == "=A" {
                peer.say([&*format!("@{id} A")]).await;
                assert_eq!(again.await, ok("A"));
                peer.say([unsolicited]).await;
                peer.expect_end().await;
            } else {
                peer.say([unsolicited]).await;
                peer.expect_end().await;
                drop(peer);
                let mut peer = world.accept().await;
                peer.expect([&*format!("{id} again")]).await;
                peer.say([&*format!("@{id} A")]).await;
                assert_eq!(again.await, ok("A"));
            }
        }
    });
}

#[test]
fn a_connection_full_of_what_is_never_answered_is_made_anew() {
    let settings =
        ClientSettings { in_flight: NonZeroUsize::new(2).unwrap(), ..Default::default() };
    run(Lines::default(), settings, async |mut world| {
        let mut peer = world.accept().await;
        let within = Duration::from_secs(1);
        let lost = ["a", "b"].map(|name| world.client.request(name.into(), within));
        peer.expect(["a", "b"]).await;
        let c = world.ask("c");
        for lost in lost {
            assert_eq!(lost.await, Err(RequestError::Unanswered));
        }
        peer.expect_end().await;
        drop(peer);
        let mut peer = world.accept().await;
        peer.expect(["c"]).await;
        peer.say(["=C"]).await;
        assert_eq!(c.await, ok("C"));
    });
}

#[test]
fn what_is_no_message_may_have_been_any_answer() {
    let protocol = Lines { goes_on: true, ..Default::default() };
    run(protocol, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        peer.send(b"\xff\nnews\n").await;
        peer.expect(["heard news"]).await;
        let [a, b] = world.ask_all(["a", "b again"]);
        peer.expect(["a", "b again"]).await;
        peer.send(b"\xff\n=B\n").await;
        assert_eq!(a.await, Err(RequestError::Broken));
        peer.expect_end().await;
        drop(peer);
        let mut peer = world.accept().await;
        peer.expect(["b again"]).await;
        peer.say(["=B"]).await;
        assert_eq!(b.await, ok("B"));
    });
}

#[test]
fn an_idle_connection_is_closed_and_made_anew() {
    let settings = ClientSettings { idle: Some(Duration::from_secs(60)), ..Default::default() };
    run(Lines::default(), settings, async |mut world| {
        let mut peer = world.accept().await;
        peer.expect_end().await;
        drop(peer);
        world.accept().await;
    });
}

#[test]
fn a_silent_peer_is_asked_for_a_sign_of_life_and_then_left() {
    let heartbeat = Heartbeat::new(Duration::from_secs(10), 2).ok();
    let protocol = Lines { heartbeat, ..Default::default() };
    run(protocol, ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let a = world.ask("a again");
        peer.expect(["a again", "ping", "ping"]).await;
        peer.expect_end().await;
        let mut peer = world.accept().await;
        peer.expect(["a again"]).await;
        peer.say(["=A"]).await;
        assert_eq!(a.await, ok("A"));
    });
}
