use std::future::poll_fn;

use super::*;
use crate::stream::Stream;
use crate::stream::testing::{Transport, read_to_end, write_all};

fn waiting() -> usize {
    WAITING.with_borrow(Vec::len)
}

async fn fill(pipe: &mut Pipe, from: &Stream, most: usize) -> Result<usize, FillError> {
    let tcp = from.plain().unwrap();
    poll_fn(|cx| pipe.poll_fill(cx, tcp, most)).await
}

async fn drain(pipe: &mut Pipe, to: &Stream) -> io::Result<usize> {
    let tcp = to.plain().unwrap();
    poll_fn(|cx| pipe.poll_drain(cx, tcp)).await
}

#[tokio::test]
async fn bytes_go_through_it_in_order_until_the_end() {
    let (mut client, client_side) = Transport::Tcp.pair().await;
    let (mut backend, backend_side) = Transport::Tcp.pair().await;
    let mut pipe = Pipe::lend().unwrap();
    write_all(&mut client, b"onetwo").await.unwrap();
    for (most, taken) in [(3, 3), (100, 3)] {
        assert_eq!(fill(&mut pipe, &client_side, most).await.unwrap(), taken);
        assert_eq!(pipe.held(), taken);
        assert_eq!(drain(&mut pipe, &backend_side).await.unwrap(), taken);
        assert_eq!(pipe.held(), 0);
    }
    drop(client);
    assert_eq!(fill(&mut pipe, &client_side, 100).await.unwrap(), 0);
    drop(backend_side);
    assert_eq!(read_to_end(&mut backend).await.0, b"onetwo");
}

#[tokio::test]
async fn a_socket_without_bytes_is_waited_for() {
    let (mut client, client_side) = Transport::Tcp.pair().await;
    let mut pipe = Pipe::lend().unwrap();
    let tcp = client_side.plain().unwrap();
    poll_fn(|cx| {
        assert!(pipe.poll_fill(cx, tcp, 100).is_pending());
        Poll::Ready(())
    })
    .await;
    let (filled, written) =
        tokio::join!(fill(&mut pipe, &client_side, 100), write_all(&mut client, b"now"));
    written.unwrap();
    assert_eq!(filled.unwrap(), 3);
}

#[tokio::test]
async fn an_empty_pipe_goes_back_to_its_thread_and_one_with_bytes_in_it_never() {
    let (mut client, client_side) = Transport::Tcp.pair().await;
    assert_eq!(waiting(), 0);
    drop(Pipe::lend().unwrap());
    assert_eq!(waiting(), 1);
    let mut pipe = Pipe::lend().unwrap();
    assert_eq!(waiting(), 0, "the same again");
    write_all(&mut client, b"secret").await.unwrap();
    fill(&mut pipe, &client_side, 100).await.unwrap();
    drop(pipe);
    assert_eq!((waiting(), LENT.get()), (0, 0));
}

#[test]
fn no_more_are_lent_than_the_thread_may_have() {
    let lent: Vec<_> = std::iter::from_fn(Pipe::lend).collect();
    assert_eq!(lent.len(), PIPES_PER_THREAD as usize);
    drop(lent);
    assert_eq!(waiting(), PIPES_PER_THREAD as usize);
    assert!(Pipe::lend().is_some());
}

#[tokio::test]
async fn a_socket_that_was_reset_is_no_end() {
    let (mut client, client_side) = Transport::Tcp.pair().await;
    client.abort();
    drop(client);
    let mut pipe = Pipe::lend().unwrap();
    let error = fill(&mut pipe, &client_side, 100).await.unwrap_err();
    assert!(
        matches!(&error, FillError::Socket(error) if error.kind() == io::ErrorKind::ConnectionReset),
        "{error:?}"
    );
}

#[test]
fn a_kernel_that_does_not_splice_is_no_failure_of_the_socket() {
    use rustix::io::Errno;
    assert!(matches!(FillError::of(Errno::NOSYS.into()), FillError::Unable));
    assert!(matches!(FillError::of(Errno::CONNRESET.into()), FillError::Socket(_)));
}
