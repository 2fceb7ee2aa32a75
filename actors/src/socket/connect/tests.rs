use std::net::TcpListener;

use socket2::{Domain, Socket, Type};

use super::*;

const OPTIONS: TcpOptions = TcpOptions {
    keepalive: Some(Duration::from_secs(77)),
    user_timeout: Some(Duration::from_secs(33)),
};
const LONG: Duration = Duration::from_secs(60);

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A port that is taken and refuses: bound, not listening.
fn refusing() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

#[tokio::test]
async fn a_connection_has_its_options() {
    let (_listener, address) = listener();
    let stream = connect(&[address], LONG, &OPTIONS).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
    let socket = SockRef::from(stream.plain().unwrap());
    assert!(socket.tcp_nodelay().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(77));
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(33)));
}

#[tokio::test]
async fn a_refusal_is_the_backends_fault() {
    let (_socket, address) = refusing();
    let error = connect(&[address], LONG, &OPTIONS).await.unwrap_err();
    assert_eq!((error.failure, error.address), (ConnectFailure::Refused, address));
    assert_eq!(error.failure.fault(), Fault::Backend);
    assert!(error.to_string().starts_with(&format!("cannot connect to {address}: ")), "{error}");
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let (_socket, refusing) = refusing();
    let (_listener, address) = listener();
    let stream = connect(&[refusing, address], LONG, &OPTIONS).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
}

#[tokio::test]
async fn a_backend_without_addresses_is_unreachable() {
    let error = connect(&[], LONG, &OPTIONS).await.unwrap_err();
    assert_eq!(error.failure, ConnectFailure::Unreachable);
}

/// A socket whose queue is full, so that the kernel drops what would open further connections.
fn silent() -> (Socket, Vec<std::net::TcpStream>, SocketAddr) {
    let (socket, address) = refusing();
    socket.listen(0).unwrap();
    let fill = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(1)).ok();
    let queued = (0..4).map_while(fill).collect();
    (socket, queued, address)
}

#[tokio::test(start_paused = true)]
async fn an_address_that_does_not_answer_leaves_the_next_its_share_of_the_time() {
    let (_socket, _queued, silent) = silent();
    let (_listener, address) = listener();
    let begun = Instant::now();
    let stream = connect(&[silent, address], LONG, &OPTIONS).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
    assert_eq!(begun.elapsed(), LONG / 2);
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_time_is_named_so() {
    let (_socket, _queued, silent) = silent();
    let begun = Instant::now();
    let error = connect(&[silent], LONG, &OPTIONS).await.unwrap_err();
    assert_eq!(error.failure, ConnectFailure::TimedOut);
    assert_eq!(begun.elapsed(), LONG);
}

#[test]
fn running_out_of_descriptors_or_ports_is_our_own_fault() {
    for errno in [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS] {
        let failure = ConnectFailure::of(&errno.into());
        assert_eq!(failure, ConnectFailure::LocalLimits, "{errno}");
        assert_eq!(failure.fault(), Fault::Ours);
    }
}
