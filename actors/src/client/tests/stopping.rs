//! A client that is to stop.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::harness::{Lines, advance, ok, run, settle};
use crate::client::{ClientSettings, RequestError};

#[test]
fn what_is_there_is_still_done_and_nothing_more_is_taken() {
    let settings = ClientSettings { in_flight: NonZeroUsize::MIN, ..Default::default() };
    run(Lines::default(), settings, async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a", "b"]);
        peer.expect(["a"]).await;
        world.stop();
        settle().await;
        let refused = world.ask("c").await.unwrap_err();
        assert_eq!(refused, RequestError::Stopped);
        assert!(!refused.was_sent());
        advance(1).await;
        peer.say(["=A"]).await;
        peer.expect(["b"]).await;
        peer.say(["=B"]).await;
        assert_eq!((a.await, b.await), (ok("A"), ok("B")));
        peer.expect_end().await;
    });
}

#[test]
fn after_the_grace_what_was_sent_is_broken_and_what_was_not_is_stopped() {
    let settings = ClientSettings { in_flight: NonZeroUsize::MIN, ..Default::default() };
    run(Lines::default(), settings, async |mut world| {
        let mut peer = world.accept().await;
        let [a, b] = world.ask_all(["a again", "b"]);
        peer.expect(["a again"]).await;
        world.stop();
        let begun = tokio::time::Instant::now();
        assert_eq!(a.await, Err(RequestError::Broken));
        assert_eq!(begun.elapsed().as_secs(), 5);
        assert_eq!(b.await, Err(RequestError::Stopped));
        assert_eq!(world.ask("c").await, Err(RequestError::Stopped));
    });
}

#[test]
fn a_client_without_a_connection_still_gets_one_for_what_waits() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let first = world.accept().await;
        world.refuse(true);
        drop(first);
        let a = world.ask("a");
        settle().await;
        world.stop();
        settle().await;
        world.refuse(false);
        let mut peer = world.accept().await;
        peer.expect(["a"]).await;
        peer.say(["=A"]).await;
        assert_eq!(a.await, ok("A"));
        peer.expect_end().await;
    });
}

#[test]
fn a_client_with_nothing_to_do_stops_at_once() {
    run(Lines::default(), ClientSettings::default(), async |mut world| {
        let first = world.accept().await;
        world.refuse(true);
        drop(first);
        advance(3).await;
        let begun = tokio::time::Instant::now();
        world.stop();
        while !world.root.is_empty() && world.runtime.registry().find("test/client").is_some() {
            settle().await;
            assert!(begun.elapsed() < Duration::from_secs(1), "it waits out a rest");
        }
        assert_eq!(world.ask("a").await, Err(RequestError::Stopped));
    });
}

#[test]
fn a_client_that_never_starts_refuses_as_one_that_has_stopped() {
    use std::sync::Arc;

    use crate::protocol::Means;

    let means = Arc::new(Means { upstreams: None, blocking: Arc::default() });
    let nowhere: [&str; 0] = [];
    let settings = ClientSettings::default();
    let (spec, client) =
        crate::client::spec("client", nowhere, Arc::new(Lines::default()), means, settings);
    drop(spec);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let asked = runtime.block_on(async { client.request("a".into(), Duration::MAX).await });
    assert_eq!(asked, Err(RequestError::Stopped));
}
