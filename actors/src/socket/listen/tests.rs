use std::future::poll_fn;
use std::net::TcpStream as Client;
use std::time::Duration;

use futures_util::FutureExt;

use super::*;

const OPTIONS: ListenOptions = ListenOptions {
    backlog: 1024,
    tcp: TcpOptions {
        keepalive: Some(Duration::from_secs(77)),
        user_timeout: Some(Duration::from_secs(33)),
    },
};

fn bind(address: &str, workers: usize) -> Result<Listening, BindError> {
    Listening::bind(address.parse().unwrap(), NonZeroUsize::new(workers).unwrap(), &OPTIONS)
}

async fn accept(socket: &AcceptSocket) -> (Stream, SocketAddr) {
    poll_fn(|cx| socket.poll_accept(cx)).await.unwrap()
}

#[tokio::test]
async fn all_workers_share_one_port_and_each_gets_connections() {
    let listening = bind("127.0.0.1:0", 2).unwrap();
    assert_ne!(listening.local_addr().port(), 0);
    let sockets = [0, 1].map(|worker| listening.accept_socket(worker).unwrap());
    // Made while nobody accepts: they wait in the kernel.
    let clients: Vec<_> =
        (0..64).map(|_| Client::connect(listening.local_addr()).unwrap()).collect();
    let mut accepted = [0, 0];
    while accepted[0] + accepted[1] < clients.len() {
        tokio::select! {
            _ = accept(&sockets[0]) => accepted[0] += 1,
            _ = accept(&sockets[1]) => accepted[1] += 1,
        }
    }
    assert!(accepted[0] > 0 && accepted[1] > 0, "{accepted:?}");
}

#[tokio::test]
async fn a_connection_waits_while_its_acceptor_is_started_anew() {
    let listening = bind("127.0.0.1:0", 1).unwrap();
    drop(listening.accept_socket(0).unwrap());
    let client = Client::connect(listening.local_addr()).unwrap();
    let (stream, peer) = accept(&listening.accept_socket(0).unwrap()).await;
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(stream.peer_addr().unwrap(), peer);
}

#[tokio::test]
async fn two_holds_on_one_socket_accept_from_the_same_queue() {
    let listening = bind("127.0.0.1:0", 1).unwrap();
    let [own, standing_in] = [(); 2].map(|()| listening.accept_socket(0).unwrap());
    let _clients = [(); 2].map(|()| Client::connect(listening.local_addr()).unwrap());
    accept(&standing_in).await;
    accept(&own).await;
    assert!(accept(&own).now_or_never().is_none());
}

#[tokio::test]
async fn what_is_set_on_the_listening_socket_holds_for_its_connections() {
    let listening = bind("127.0.0.1:0", 1).unwrap();
    let _client = Client::connect(listening.local_addr()).unwrap();
    let (stream, _) = accept(&listening.accept_socket(0).unwrap()).await;
    let socket = SockRef::from(stream.plain().unwrap());
    assert!(socket.tcp_nodelay().unwrap());
    assert!(socket.keepalive().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(77));
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(33)));
}

#[test]
fn a_port_that_somebody_else_shares_by_reuseport_is_in_use() {
    let other = bind("127.0.0.1:0", 2).unwrap();
    let error = bind(&other.local_addr().to_string(), 2).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("ss -ltnp 'sport = :"), "{error}");
}

#[test]
fn a_port_that_was_let_go_can_be_bound_again_at_once() {
    let address = bind("127.0.0.1:0", 2).unwrap().local_addr().to_string();
    assert!(bind(&address, 2).is_ok());
}

#[test]
fn an_address_of_another_machine_is_refused_with_a_remedy() {
    // TEST-NET-1 of RFC 5737: nobody's.
    let error = bind("192.0.2.1:0", 1).unwrap_err();
    assert!(matches!(error, BindError::NotOurs { .. }), "{error:?}");
    assert!(error.to_string().ends_with("or 0.0.0.0 for all of them"), "{error}");
}

#[test]
fn a_privileged_port_is_refused_with_a_remedy() {
    let address = SocketAddr::from(([0, 0, 0, 0], 80));
    let error = BindError::new(address, Errno::ACCESS.into());
    assert!(error.to_string().contains("port 80 needs a privilege; choose"), "{error}");
}

#[tokio::test]
async fn a_queued_connection_is_had_at_once_where_a_new_hold_has_not_heard_of_it() {
    let listening = bind("127.0.0.1:0", 1).unwrap();
    let client = Client::connect(listening.local_addr()).unwrap();
    let hold = listening.accept_socket(0).unwrap();
    assert!(accept(&hold).now_or_never().is_none());
    let (_, peer) = listening.accept_now(0).unwrap().unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    assert!(listening.accept_now(0).unwrap().is_none());
}

#[tokio::test]
async fn the_unspecified_ipv6_address_serves_ipv4_clients_under_their_own_address() {
    let listening = match bind("[::]:0", 1) {
        Ok(listening) => listening,
        Err(BindError::NoIpv6 { .. }) => {
            eprintln!("SKIPPED: this machine has no IPv6");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let port = listening.local_addr().port();
    let client = Client::connect(("127.0.0.1", port)).unwrap();
    let (_, peer) = accept(&listening.accept_socket(0).unwrap()).await;
    assert_eq!(peer, client.local_addr().unwrap());
}
