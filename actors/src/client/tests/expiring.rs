//! Deadlines, whatever the client is about when they come.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};

use super::harness::{LONG, Lines, World, advance, ok, run, settle};
use crate::client::asking::Asking;
use crate::client::{Asked, ClientSettings, RequestError};
use crate::protocol::Duty as _;

const SECOND: Duration = Duration::from_secs(1);

fn asked(request: &str) -> Asked<Lines> {
    Asked(request.to_owned())
}

fn one_in_flight() -> ClientSettings {
    ClientSettings { in_flight: NonZeroUsize::MIN, ..Default::default() }
}

/// Nobody listens any more, and the connection is lost.
async fn outage(world: &mut World) {
    let first = world.accept().await;
    world.refuse(true);
    first.reset();
    settle().await;
}

#[test]
fn expired_messages_leave_the_queue_in_an_outage() {
    let settings = ClientSettings { queue: NonZeroUsize::MIN, ..Default::default() };
    run(Lines::default(), settings, async |mut world| {
        outage(&mut world).await;
        let recipient = world.client.recipient(SECOND);
        let late = recipient.ask(asked("late"), LONG);
        let begun = Instant::now();
        assert!(matches!(late.await, Ok(Err(RequestError::Deadline))));
        assert!(begun.elapsed() <= SECOND + Duration::from_millis(10), "{:?}", begun.elapsed());
        assert_eq!(recipient.waiting(), 0, "it has left its place");
        let next = world.ask("next");
        world.refuse(false);
        let mut peer = world.accept().await;
        peer.expect(["next"]).await;
        peer.say(["=NEXT"]).await;
        assert_eq!(next.await, ok("NEXT"));
    });
}

#[test]
fn an_earlier_deadline_is_not_kept_back_by_a_later_one() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        outage(&mut world).await;
        let begun = Instant::now();
        let later = world.client.recipient(9 * SECOND).ask(asked("later"), LONG);
        settle().await;
        let sooner = world.client.recipient(SECOND).ask(asked("sooner"), LONG);
        assert!(matches!(sooner.await, Ok(Err(RequestError::Deadline))));
        assert_eq!(begun.elapsed().as_secs(), 1);
        assert!(matches!(later.await, Ok(Err(RequestError::Deadline))));
        assert_eq!(begun.elapsed().as_secs(), 9);
    });
}

#[test]
fn a_message_behind_another_is_given_up_in_time() {
    run(Lines::default(), one_in_flight(), async |mut world| {
        let mut peer = world.accept().await;
        let a = world.ask("a");
        peer.expect(["a"]).await;
        let late = world.client.recipient(SECOND).ask(asked("late"), LONG);
        let late = timeout(2 * SECOND, late).await.expect("it is given up");
        assert!(matches!(late, Ok(Err(RequestError::Deadline))));
        peer.say(["=A"]).await;
        assert_eq!(a.await, ok("A"));
        peer.expect_nothing().await;
    });
}

#[test]
fn a_message_that_was_sent_is_given_up_in_time_and_its_answer_thrown_away() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let mut peer = world.accept().await;
        let late = world.client.recipient(SECOND).ask(asked("late"), LONG);
        peer.expect(["late"]).await;
        let late = timeout(2 * SECOND, late).await.expect("it is given up");
        assert!(matches!(late, Ok(Err(RequestError::Unanswered))));
        let a = world.ask("a");
        peer.expect(["a"]).await;
        peer.say(["=LATE", "=A"]).await;
        assert_eq!(a.await, ok("A"));
    });
}

#[test]
fn a_connection_full_of_what_was_dropped_is_made_anew_for_what_waits() {
    run(Lines::default(), one_in_flight(), async |mut world| {
        let mut peer = world.accept().await;
        let a = world.client.request("a".to_owned(), 5 * SECOND);
        peer.expect(["a"]).await;
        drop(a);
        let b = world.ask("b");
        let mut again = timeout(10 * SECOND, world.accept()).await.expect("it is made anew");
        again.expect(["b"]).await;
        again.say(["=B"]).await;
        assert_eq!(b.await, ok("B"));
    });
}

#[test]
fn a_connection_full_of_late_messages_is_made_anew_for_what_waits() {
    run(Lines::default(), one_in_flight(), async |mut world| {
        let mut peer = world.accept().await;
        let a = world.client.recipient(5 * SECOND).ask(asked("a"), LONG);
        peer.expect(["a"]).await;
        let b = world.ask("b");
        let mut again = timeout(10 * SECOND, world.accept()).await.expect("it is made anew");
        assert!(matches!(a.await, Ok(Err(RequestError::Unanswered))));
        again.expect(["b"]).await;
        again.say(["=B"]).await;
        assert_eq!(b.await, ok("B"));
    });
}

#[test]
fn a_client_that_is_to_stop_does_not_wait_for_what_has_expired() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        outage(&mut world).await;
        let late = world.client.recipient(SECOND).ask(asked("late"), LONG);
        let begun = Instant::now();
        world.stop();
        assert!(matches!(late.await, Ok(Err(RequestError::Deadline))));
        while world.runtime.registry().find("test/client").is_some() {
            settle().await;
            assert!(begun.elapsed() < 2 * SECOND, "it waits out its grace");
        }
    });
}

#[test]
fn a_message_makes_room_for_others_while_the_actor_rests_after_a_crash() {
    let rest = trunkline_runtime::Backoff::new(60 * SECOND, 60 * SECOND, 60 * SECOND);
    let settings = ClientSettings { queue: NonZeroUsize::MIN, backoff: rest, ..Default::default() };
    run(Lines::default(), settings, async |mut world| {
        let _peer = world.accept().await;
        world.node("connection").inject_panic();
        settle().await;
        let late = world.client.recipient(SECOND).ask(asked("late"), LONG);
        advance(2).await;
        let mut next = world.ask("next");
        assert!((&mut next).now_or_never().is_none(), "it is taken");
        assert!(matches!(late.await, Ok(Err(RequestError::Deadline))));
    });
}

#[test]
fn what_was_taken_and_never_sent_waits_for_the_next_connection() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        outage(&mut world).await;
        let [a, b] = world.ask_all(["a", "b"]);
        let desk = Arc::clone(&world.client.desk);
        let mut asking = Asking::new(&desk, SocketAddr::from(([127, 0, 0, 1], 1)));
        // As in a connection that is killed just then.
        let taken = asking.poll_task(&mut Context::from_waker(Waker::noop()), || true);
        assert!(taken.is_ready());
        assert!(!desk.is_grounded());
        drop(asking);
        assert!(desk.is_grounded());
        world.refuse(false);
        let mut peer = world.accept().await;
        peer.expect(["a", "b"]).await;
        peer.say(["=A", "=B"]).await;
        assert_eq!((a.await, b.await), (ok("A"), ok("B")));
        assert_eq!(world.detail("connection")["repeated"], 0);
    });
}
