use std::future::poll_fn;
use std::io::ErrorKind;

use proptest::prelude::*;
use socket2::SockRef;
use tokio::join;

use super::*;
use crate::stream::memory;
use crate::stream::testing::{
    Talk, Transport, over_every_transport, pattern, read, read_to_end, shutdown, write_all,
};

mod bounds;
mod bulk;

over_every_transport! {
    the_clients_end_is_passed_on_and_the_answer_still_comes
    the_backends_end_is_passed_on_and_the_client_may_still_send
    ten_megabytes_both_ways_at_once_arrive_whole
    a_reset_by_the_client_resets_the_backend
    a_reset_by_the_backend_resets_the_client
    a_backend_that_does_not_read_holds_back_the_client
    dropping_it_early_resets_both
}

async fn the_clients_end_is_passed_on_and_the_answer_still_comes(transport: Transport) {
    let (mut client, client_side) = transport.pair().await;
    let (mut backend, backend_side) = transport.pair().await;
    let (closed, (), ()) = join!(
        Forward::new(client_side, backend_side, None),
        async {
            write_all(&mut client, b"question").await.unwrap();
            shutdown(&mut client).await.unwrap();
            let (answer, end) = read_to_end(&mut client).await;
            assert_eq!((&answer[..], end.is_ok()), (&b"the answer"[..], true));
        },
        async {
            let (question, end) = read_to_end(&mut backend).await;
            assert_eq!((&question[..], end.is_ok()), (&b"question"[..], true));
            write_all(&mut backend, b"the answer").await.unwrap();
            shutdown(&mut backend).await.unwrap();
        }
    );
    let moved = Moved { from_client: 8, to_client: 10 };
    assert_eq!(closed, Closed { ending: Ending::Done, moved });
}

async fn the_backends_end_is_passed_on_and_the_client_may_still_send(transport: Transport) {
    let (mut client, client_side) = transport.pair().await;
    let (mut backend, backend_side) = transport.pair().await;
    let (closed, (), ()) = join!(
        Forward::new(client_side, backend_side, None),
        async {
            let (greeting, end) = read_to_end(&mut client).await;
            assert_eq!((&greeting[..], end.is_ok()), (&b"hello"[..], true));
            write_all(&mut client, b"thanks").await.unwrap();
            shutdown(&mut client).await.unwrap();
        },
        async {
            write_all(&mut backend, b"hello").await.unwrap();
            shutdown(&mut backend).await.unwrap();
            let (rest, end) = read_to_end(&mut backend).await;
            assert_eq!((&rest[..], end.is_ok()), (&b"thanks"[..], true));
        }
    );
    assert_eq!(closed.ending, Ending::Done);
}

async fn ten_megabytes_both_ways_at_once_arrive_whole(transport: Transport) {
    const SIZE: u64 = 10_000_000;
    let (client, client_side) = transport.pair().await;
    let (backend, backend_side) = transport.pair().await;
    for stream in [&client, &client_side, &backend, &backend_side] {
        if let Some(tcp) = stream.plain() {
            // Smaller still, and the kernel waits for its timers to avoid silly windows.
            SockRef::from(tcp).set_send_buffer_size(64 * 1024).unwrap();
            SockRef::from(tcp).set_recv_buffer_size(64 * 1024).unwrap();
        }
    }
    let of_client = Talk {
        sends: SIZE,
        send_seed: 1,
        expects: SIZE,
        expect_seed: 2,
        write_sizes: vec![50_000, 1, 3000],
        read_sizes: vec![700, 9000, 5],
    };
    let of_backend = Talk { send_seed: 2, expect_seed: 1, ..of_client.clone() };
    let (closed, (), ()) = join!(
        Forward::new(client_side, backend_side, None),
        of_client.over(client),
        of_backend.over(backend)
    );
    let moved = Moved { from_client: SIZE, to_client: SIZE };
    assert_eq!(closed, Closed { ending: Ending::Done, moved });
}

async fn a_reset_by_the_client_resets_the_backend(transport: Transport) {
    let (mut client, client_side) = transport.pair().await;
    let (mut backend, backend_side) = transport.pair().await;
    client.abort();
    drop(client);
    let closed = Forward::new(client_side, backend_side, None).await;
    assert_eq!(closed.ending, Ending::ClientReset);
    let (_, end) = read_to_end(&mut backend).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

async fn a_reset_by_the_backend_resets_the_client(transport: Transport) {
    let (mut client, client_side) = transport.pair().await;
    let (mut backend, backend_side) = transport.pair().await;
    let (closed, ()) = join!(Forward::new(client_side, backend_side, None), async {
        write_all(&mut client, b"question").await.unwrap();
        assert_eq!(read(&mut backend, &mut [0; 100]).await.unwrap(), 8);
        backend.abort();
        drop(backend);
        let (_, end) = read_to_end(&mut client).await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
    let moved = Moved { from_client: 8, to_client: 0 };
    assert_eq!(closed, Closed { ending: Ending::BackendReset, moved });
}

async fn a_backend_that_does_not_read_holds_back_the_client(transport: Transport) {
    let (mut client, client_side) = transport.pair().await;
    let (mut backend, backend_side) = transport.pair().await;
    let mut forward = Forward::new(client_side, backend_side, None);
    // Blocked, when a hundred rounds of the reactor have let nothing more be written.
    let (mut sent, mut quiet) = (0, 0);
    while quiet < 100 {
        let chunk: Vec<u8> = (sent..sent + 10_000).map(|at| pattern(3, at)).collect();
        quiet += 1;
        poll_fn(|cx| {
            if let Poll::Ready(written) = client.poll_write(cx, &chunk) {
                sent += written.unwrap() as u64;
                quiet = 0;
            }
            assert!(Pin::new(&mut forward).poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        assert!(forward.held() <= pipe::PIPE_SIZE);
        tokio::task::yield_now().await;
    }
    assert!(forward.held() > 0);
    let ((), (received, _)) = join!(
        async {
            shutdown(&mut client).await.unwrap();
            poll_fn(|cx| {
                let polled = Pin::new(&mut forward).poll(cx);
                if forward.to_backend.written() == sent {
                    Poll::Ready(())
                } else {
                    polled.map(drop)
                }
            })
            .await;
            poll_fn(|cx| Pin::new(&mut forward).poll(cx).map(drop)).await;
        },
        async {
            let (received, end) = read_to_end(&mut backend).await;
            end.unwrap();
            shutdown(&mut backend).await.unwrap();
            (received, ())
        }
    );
    assert_eq!(forward.held(), 0);
    assert_eq!(received.len() as u64, sent);
    assert!((0..).zip(received).all(|(at, byte)| byte == pattern(3, at)));
}

async fn dropping_it_early_resets_both(transport: Transport) {
    let (mut client, client_side) = transport.pair().await;
    let (mut backend, backend_side) = transport.pair().await;
    drop(Forward::new(client_side, backend_side, None));
    for peer in [&mut client, &mut backend] {
        let (_, end) = read_to_end(peer).await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn what_a_backend_said_before_it_refused_the_rest_still_arrives() {
    let (mut client, client_side) = Transport::Tcp.pair().await;
    let (mut backend, backend_side) = Transport::Tcp.pair().await;
    let (closed, (), ()) = join!(
        Forward::new(client_side, backend_side, None),
        async {
            let upload = vec![0; 1 << 20];
            while write_all(&mut client, &upload).await.is_ok() {}
            let (answer, _) = read_to_end(&mut client).await;
            assert_eq!(answer, b"too large");
        },
        async {
            read(&mut backend, &mut [0; 10]).await.unwrap();
            write_all(&mut backend, b"too large").await.unwrap();
            // With bytes unread, which makes its close a reset.
            drop(backend);
        }
    );
    assert_eq!(closed.ending, Ending::BackendReset);
    assert_eq!(closed.moved.to_client, 9);
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..20usize, 1..5000usize, 60_000..140_000usize], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn however_it_is_cut_into_pieces_every_byte_arrives_in_its_place(
        capacities in [1..200_000usize, 1..200_000],
        lengths in [0..300_000usize, 0..300_000],
        sizes in [sizes(), sizes(), sizes(), sizes()],
    ) {
        // No more than some thousand pieces.
        let mean = |sizes: &Vec<usize>| sizes.iter().sum::<usize>() / sizes.len();
        let smallest = sizes.iter().map(mean).chain(capacities).min().unwrap();
        let lengths = lengths.map(|length| length.min(2000 * smallest) as u64);
        let [write_1, read_1, write_2, read_2] = sizes;
        let (client, client_side) = memory::pair(capacities[0]);
        let (backend, backend_side) = memory::pair(capacities[1]);
        let of_client = Talk {
            sends: lengths[0], send_seed: 1, expects: lengths[1], expect_seed: 2,
            write_sizes: write_1, read_sizes: read_1,
        };
        let of_backend = Talk {
            sends: lengths[1], send_seed: 2, expects: lengths[0], expect_seed: 1,
            write_sizes: write_2, read_sizes: read_2,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (closed, (), ()) = runtime.block_on(async {
            join!(
                Forward::new(client_side, backend_side, None),
                of_client.over(client),
                of_backend.over(backend)
            )
        });
        let moved = Moved { from_client: lengths[0], to_client: lengths[1] };
        prop_assert_eq!(closed, Closed { ending: Ending::Done, moved });
    }
}
