//! Bytes that the kernel moves, in turn with bytes that are copied.

use std::future::poll_fn;
use std::io::ErrorKind;

use proptest::prelude::*;
use socket2::SockRef;
use tokio::join;

use crate::forward::pipe::{PIPE_SIZE, PIPES_PER_THREAD, Pipe};
use crate::forward::*;
use crate::scratch::SCRATCH_SIZE;
use crate::stream::testing::{Talk, Transport, read, read_to_end, write_all};

/// More than all buffers of the kernel between two peers, at their largest.
const FLOOD: usize = 64 << 20;

/// A stream that floods a forwarding until it is blocked with a pipe that is not empty.
struct Blocked {
    client: Stream,
    backend: Stream,
    forward: Forward,
}

impl Blocked {
    async fn new() -> Self {
        let (mut client, client_side) = Transport::Tcp.pair().await;
        let (backend, backend_side) = Transport::Tcp.pair().await;
        let mut forward = Forward::new(client_side, backend_side, None);
        let chunk = vec![7; 1 << 18];
        let (mut sent, mut quiet) = (0, 0);
        // Blocked, when a hundred rounds of the reactor have let nothing more be written.
        while quiet < 100 {
            quiet += 1;
            poll_fn(|cx| {
                if let Poll::Ready(written) = client.poll_write(cx, &chunk) {
                    sent += written.unwrap();
                    quiet = 0;
                }
                assert!(Pin::new(&mut forward).poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            assert!(forward.held() <= PIPE_SIZE);
            assert!(sent <= FLOOD);
            tokio::task::yield_now().await;
        }
        assert!(forward.held() > 0);
        assert_eq!(free(), PIPES_PER_THREAD as usize - 1, "its bytes are in a pipe");
        Self { client, backend, forward }
    }
}

/// Pipes that the thread may still lend.
fn free() -> usize {
    std::iter::from_fn(Pipe::lend).collect::<Vec<_>>().len()
}

fn talk(lengths: [u64; 2], sizes: [Vec<usize>; 4]) -> [Talk; 2] {
    let [write_1, read_1, write_2, read_2] = sizes;
    let [sends, expects] = lengths;
    [
        Talk {
            sends,
            send_seed: 1,
            expects,
            expect_seed: 2,
            write_sizes: write_1,
            read_sizes: read_1,
        },
        Talk {
            sends: expects,
            send_seed: 2,
            expects: sends,
            expect_seed: 1,
            write_sizes: write_2,
            read_sizes: read_2,
        },
    ]
}

#[tokio::test]
async fn a_blocked_stream_keeps_its_pipe_and_what_it_holds_arrives() {
    let Blocked { client, mut backend, mut forward } = Blocked::new().await;
    let before = forward.moved().from_client;
    let mut buffer = vec![0; 1 << 18];
    drop(client);
    let mut received = 0;
    let closed = loop {
        let polled = poll_fn(|cx| {
            if let Poll::Ready(read) = backend.poll_read(cx, &mut buffer) {
                let read = read.unwrap();
                assert!(buffer[..read].iter().all(|byte| *byte == 7));
                received += read as u64;
                if read == 0 {
                    let _ = backend.poll_shutdown(cx);
                }
                cx.waker().wake_by_ref();
            }
            Poll::Ready(Pin::new(&mut forward).poll(cx))
        })
        .await;
        if let Poll::Ready(closed) = polled {
            break closed;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(closed.ending, Ending::Done);
    assert!(closed.moved.from_client > before);
    assert_eq!(closed.moved.from_client, received);
    assert_eq!(free(), PIPES_PER_THREAD as usize, "it gave its pipe back");
}

#[tokio::test]
async fn what_is_in_a_pipe_when_the_receiver_resets_is_lost_with_it_and_the_sender_learns() {
    let Blocked { mut client, mut backend, forward } = Blocked::new().await;
    backend.abort();
    drop(backend);
    let closed = forward.await;
    assert_eq!(closed.ending, Ending::BackendReset);
    let (_, end) = read_to_end(&mut client).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(free(), PIPES_PER_THREAD as usize);
}

#[tokio::test]
async fn an_idle_end_with_bytes_in_a_pipe_is_no_orderly_one() {
    let Blocked { client: _client, mut backend, mut forward } = Blocked::new().await;
    forward.idle = Idle::new(Some(Duration::ZERO));
    assert_eq!(forward.await.ending, Ending::IdleTimeout);
    let (_, end) = read_to_end(&mut backend).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn without_a_pipe_to_be_had_it_is_copied() {
    const SIZE: u64 = 5_000_000;
    let (client, client_side) = Transport::Tcp.pair().await;
    let (backend, backend_side) = Transport::Tcp.pair().await;
    let all: Vec<_> = std::iter::from_fn(Pipe::lend).collect();
    let [of_client, of_backend] = talk([SIZE, 0], [const { [100_000] }; 4].map(Vec::from));
    let (closed, (), ()) = join!(
        Forward::new(client_side, backend_side, None),
        of_client.over(client),
        of_backend.over(backend)
    );
    drop(all);
    let moved = Moved { from_client: SIZE, to_client: 0 };
    assert_eq!(closed, Closed { ending: Ending::Done, moved });
}

#[tokio::test]
async fn a_turn_moves_no_more_than_its_reads_and_one_pipe() {
    let (mut client, client_side) = Transport::Tcp.pair().await;
    let (mut backend, backend_side) = Transport::Tcp.pair().await;
    let mut forward = Forward::new(client_side, backend_side, None);
    let chunk = vec![7; 1 << 18];
    let mut buffer = vec![0; 1 << 18];
    let (mut before, mut largest) = (0, 0);
    while before < 100 << 20 {
        poll_fn(|cx| {
            while let Poll::Ready(written) = client.poll_write(cx, &chunk) {
                written.unwrap();
            }
            assert!(Pin::new(&mut forward).poll(cx).is_pending());
            while let Poll::Ready(read) = backend.poll_read(cx, &mut buffer) {
                read.unwrap();
            }
            Poll::Ready(())
        })
        .await;
        let after = forward.to_backend.read();
        largest = largest.max(after - before);
        before = after;
        tokio::task::yield_now().await;
    }
    assert!(largest <= (4 * SCRATCH_SIZE + PIPE_SIZE) as u64, "{largest}");
}

#[tokio::test]
async fn a_connection_that_rests_after_bulk_holds_no_pipe() {
    let (mut client, client_side) = Transport::Tcp.pair().await;
    let (mut backend, backend_side) = Transport::Tcp.pair().await;
    let mut forward = Forward::new(client_side, backend_side, None);
    let bytes = vec![7; 20 << 20];
    let talk = async {
        let mut buffer = vec![0; 1 << 18];
        let (written, received) = join!(write_all(&mut client, &bytes), async {
            let mut received = 0;
            while received < bytes.len() {
                received += read(&mut backend, &mut buffer).await.unwrap();
            }
            received
        });
        written.unwrap();
        received
    };
    let received = tokio::select! {
        received = talk => received,
        closed = &mut forward => unreachable!("{closed:?}"),
    };
    assert_eq!(received, 20 << 20);
    assert_eq!((forward.held(), free()), (0, PIPES_PER_THREAD as usize));
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![100..5000usize, 5000..30_000usize, 60_000..300_000usize];
    prop::collection::vec(size, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn however_bulk_and_messages_follow_each_other_every_byte_arrives_in_its_place(
        lengths in [0..6_000_000u64, 0..6_000_000],
        buffers in [(8..1024usize), 8..1024],
        sizes in [sizes(), sizes(), sizes(), sizes()],
    ) {
        let mean = |sizes: &Vec<usize>| (sizes.iter().sum::<usize>() / sizes.len()) as u64;
        let smallest = sizes.iter().map(mean).min().unwrap();
        let lengths = lengths.map(|length| length.min(2000 * smallest));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let closed = runtime.block_on(async {
            let (client, client_side) = Transport::Tcp.pair().await;
            let (backend, backend_side) = Transport::Tcp.pair().await;
            for (stream, kib) in [(&client_side, buffers[0]), (&backend_side, buffers[1])] {
                let socket = SockRef::from(stream.plain().unwrap());
                // Smaller still, and the kernel waits for its timers to avoid silly windows.
                socket.set_send_buffer_size(kib.max(64) * 1024).unwrap();
                socket.set_recv_buffer_size(kib.max(64) * 1024).unwrap();
            }
            let [of_client, of_backend] = talk(lengths, sizes);
            let (closed, (), ()) = join!(
                Forward::new(client_side, backend_side, None),
                of_client.over(client),
                of_backend.over(backend)
            );
            closed
        });
        let moved = Moved { from_client: lengths[0], to_client: lengths[1] };
        prop_assert_eq!(closed, Closed { ending: Ending::Done, moved });
        prop_assert_eq!(free(), PIPES_PER_THREAD as usize);
    }
}
