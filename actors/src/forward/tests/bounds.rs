//! What one connection may take: time, memory and turns.

use std::io::ErrorKind;
use std::task::Waker;

use tokio::join;
use tokio::time::{Instant, sleep};

use crate::forward::*;
use crate::scratch::SCRATCH_SIZE;
use crate::stream::memory;
use crate::stream::testing::{read_to_end, write_all};

#[tokio::test(start_paused = true)]
async fn it_ends_when_nothing_has_moved_for_the_idle_time() {
    let (mut client, client_side) = memory::pair(1000);
    let (mut backend, backend_side) = memory::pair(1000);
    let begun = Instant::now();
    let idle = Duration::from_secs(60);
    let forward = Forward::new(client_side, backend_side, Some(idle));
    let (closed, ()) = join!(forward, async {
        for _ in 0..5 {
            sleep(Duration::from_secs(40)).await;
            write_all(&mut client, b"x").await.unwrap();
            sleep(Duration::from_secs(40)).await;
            write_all(&mut backend, b"y").await.unwrap();
        }
    });
    assert_eq!(closed.ending, Ending::IdleTimeout);
    assert_eq!(begun.elapsed().as_secs(), 10 * 40 + 60);
    let (received, end) = read_to_end(&mut client).await;
    assert_eq!((&received[..], end.is_ok()), (&b"yyyyy"[..], true), "an orderly end");
}

#[tokio::test(start_paused = true)]
async fn an_idle_end_in_the_middle_of_a_stream_is_no_orderly_one() {
    let (mut client, client_side) = memory::pair(10);
    let (mut backend, backend_side) = memory::pair(1000);
    write_all(&mut backend, &[1; 500]).await.unwrap();
    let closed = Forward::new(client_side, backend_side, Some(Duration::from_secs(60))).await;
    assert_eq!(closed.ending, Ending::IdleTimeout);
    let (_, end) = read_to_end(&mut client).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn what_a_blocked_write_leaves_over_is_all_that_is_held_and_nothing_once_it_is_flushed() {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut client, client_side) = memory::pair(1 << 20);
    let (mut backend, backend_side) = memory::pair(10);
    let mut forward = Forward::new(client_side, backend_side, None);
    assert!(client.poll_write(&mut cx, &vec![7; 1 << 20]).is_ready());
    for _ in 0..10 {
        assert!(Pin::new(&mut forward).poll(&mut cx).is_pending());
        assert_eq!(forward.held(), SCRATCH_SIZE - 10);
    }
    let mut taken = 0;
    while taken < 1 << 20 {
        if let Poll::Ready(read) = backend.poll_read(&mut cx, &mut [0; 10]) {
            taken += read.unwrap();
        }
        assert!(Pin::new(&mut forward).poll(&mut cx).is_pending());
    }
    assert_eq!(forward.held(), 0);
}

#[test]
fn a_flood_lets_the_neighbours_run_after_a_few_reads() {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut client, client_side) = memory::pair(1 << 20);
    let (_backend, backend_side) = memory::pair(1 << 20);
    let mut forward = Forward::new(client_side, backend_side, None);
    assert!(client.poll_write(&mut cx, &vec![7; 1 << 20]).is_ready());
    for turn in 1..=4 {
        assert!(Pin::new(&mut forward).poll(&mut cx).is_pending());
        let reads = u64::from(turn * direction::READS_PER_TURN);
        assert_eq!(forward.moved().from_client, reads * SCRATCH_SIZE as u64);
    }
}

#[test]
fn the_future_stays_small() {
    let size = size_of::<Forward>();
    assert!(size <= 256, "{size} bytes");
}
