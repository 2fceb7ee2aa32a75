//! Clients as recipients of messages.

use std::num::NonZeroUsize;
use std::time::Duration;

use trunkline_runtime::{AskError, SendError};

use super::harness::{LONG, Lines, ok, run, settle};
use crate::client::{Asked, ClientSettings, RequestError};
use crate::dispatch::{Dispatch, RoundRobin};

fn asked(request: &str) -> Asked<Lines> {
    Asked(request.to_owned())
}

#[test]
fn a_message_is_answered_with_what_became_of_the_request() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let recipient = world.client.recipient(LONG);
        let mut peer = world.accept().await;
        let [a, b] = ["a", "b"].map(|request| recipient.ask(asked(request), LONG));
        peer.expect(["a", "b"]).await;
        assert_eq!(recipient.waiting(), 2);
        peer.say(["=A"]).await;
        assert_eq!(a.await, Ok(ok("A")));
        assert!(recipient.is_open());
        world.refuse(true);
        peer.reset();
        assert_eq!(b.await, Ok(Err(RequestError::Broken)));
        settle().await;
        assert!(!recipient.is_open() && !recipient.is_gone());
        assert_eq!(recipient.waiting(), 0);
    });
}

#[test]
fn a_message_that_is_not_taken_is_handed_back() {
    let settings = ClientSettings { queue: NonZeroUsize::MIN, ..Default::default() };
    run(Lines::default(), settings, async |mut world| {
        let peer = world.accept().await;
        world.refuse(true);
        peer.reset();
        settle().await;
        let recipient = world.client.recipient(LONG);
        recipient.send(asked("a")).unwrap();
        match recipient.send(asked("b")) {
            Err(SendError::Full(Asked(request))) => assert_eq!(request, "b"),
            other => panic!("{other:?}"),
        }
        world.stop();
        settle().await;
        assert_eq!(recipient.ask(asked("c"), LONG).await, Err(AskError::Stopped));
    });
}

#[test]
fn a_message_is_not_sent_after_the_time_that_each_has() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let first = world.accept().await;
        world.refuse(true);
        first.reset();
        settle().await;
        let recipient = world.client.recipient(Duration::from_secs(1));
        let late = recipient.ask(asked("late"), LONG);
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.refuse(false);
        let mut peer = world.accept().await;
        peer.expect_nothing().await;
        assert_eq!(late.await, Ok(Err(RequestError::Deadline)));
    });
}

#[test]
fn a_dispatcher_passes_over_a_client_that_is_not_connected() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let dispatch = Dispatch::new("clients", RoundRobin::default());
        let _member = dispatch.join(world.client.recipient(LONG));
        let mut peer = world.accept().await;
        let answer = dispatch.ask(asked("a"), LONG);
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            biased;
            _ = &mut answer => panic!("nobody has answered"),
            () = peer.expect(["a"]) => {}
        }
        peer.say(["=A"]).await;
        assert_eq!(answer.await.unwrap(), ok("A"));
        world.refuse(true);
        peer.reset();
        settle().await;
        assert!(dispatch.ask(asked("b"), LONG).await.is_err());
    });
}
