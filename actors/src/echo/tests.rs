use tokio::join;
use tokio::time::Instant;

use super::*;
use crate::stream::memory;
use crate::stream::testing::{Talk, Transport, over_every_transport};

over_every_transport! {
    every_byte_comes_back_and_then_the_end
    a_client_that_resets_is_named
}

async fn every_byte_comes_back_and_then_the_end(transport: Transport) {
    const SIZE: u64 = 1_000_000;
    let (client, side) = transport.pair().await;
    let talk = Talk {
        sends: SIZE,
        send_seed: 5,
        expects: SIZE,
        expect_seed: 5,
        write_sizes: vec![1, 70_000],
        read_sizes: vec![3, 9000],
    };
    let (closed, ()) = join!(Echo::new(side, None), talk.over(client));
    let moved = Moved { from_client: SIZE, to_client: SIZE };
    assert_eq!(closed, Closed { ending: Ending::Done, moved });
}

async fn a_client_that_resets_is_named(transport: Transport) {
    let (mut client, side) = transport.pair().await;
    client.abort();
    drop(client);
    assert_eq!(Echo::new(side, None).await.ending, Ending::ClientReset);
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_let_go_after_the_idle_time() {
    let (_client, side) = memory::pair(10);
    let begun = Instant::now();
    let closed = Echo::new(side, Some(Duration::from_secs(5))).await;
    assert_eq!((closed.ending, begun.elapsed().as_secs()), (Ending::IdleTimeout, 5));
}
