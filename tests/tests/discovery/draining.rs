//! The connections of a backend that drains.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trunkline_actors::tree::pool::{Drain, Reconfigure, Undrain};

use super::town::{Town, literal, live};

const SOON: Duration = Duration::from_secs(5);

/// A client's end and the backend's end of a connection through the listener.
async fn connect(town: &Town, backend: &TcpListener) -> (TcpStream, TcpStream) {
    let mut client = TcpStream::connect(town.address).await.unwrap();
    client.write_all(b"?").await.unwrap();
    let (mut theirs, _) = tokio::time::timeout(SOON, backend.accept()).await.unwrap().unwrap();
    assert_eq!(theirs.read_u8().await.unwrap(), b'?');
    (client, theirs)
}

/// Whether both ends still hear one another.
async fn holds((client, theirs): &mut (TcpStream, TcpStream)) -> bool {
    let there = client.write_all(b"!").await.is_ok() && theirs.read_u8().await.is_ok();
    there && theirs.write_all(b"!").await.is_ok() && client.read_u8().await.is_ok()
}

#[test]
fn connections_of_a_draining_backend_are_ended_over_time_and_no_others() {
    live(Vec::new(), Vec::new(), None, |town| async move {
        let (one, other) = (bind().await, bind().await);
        let (pool, old, new) = (town.actor(), at(&one), at(&other));
        pool.ask(Reconfigure(vec![literal(&old.to_string())]), SOON).await.unwrap();
        let mut bound = Vec::new();
        for _ in 0..4 {
            bound.push(connect(&town, &one).await);
        }
        let both = vec![literal(&old.to_string()), literal(&new.to_string())];
        pool.ask(Reconfigure(both), SOON).await.unwrap();
        let (began, over) = (Instant::now(), Duration::from_millis(800));
        pool.ask(Drain { address: old, over }, SOON).await.unwrap().unwrap();
        // From now on everybody new comes to the other.
        let mut later = Vec::new();
        for _ in 0..3 {
            later.push(connect(&town, &other).await);
        }
        let mut ends = Vec::new();
        for (_, theirs) in &mut bound {
            let read = tokio::time::timeout(SOON, theirs.read_u8()).await;
            assert!(read.expect("it is ended").is_err());
            ends.push(began.elapsed());
        }
        // One at a time, the last when the time is over, and each has its grace.
        let last = ends.last().copied().unwrap_or_default();
        assert!(last >= over, "they were ended too early: {ends:?}");
        for pair in &mut later {
            assert!(holds(pair).await, "a connection of another backend was ended");
        }
        assert_eq!(town.cells()[&old].in_flight(), 0);
        pool.ask(Undrain { address: old }, SOON).await.unwrap().unwrap();
        pool.ask(Reconfigure(vec![literal(&old.to_string())]), SOON).await.unwrap();
        assert!(holds(&mut connect(&town, &one).await).await);
    });
}

#[test]
fn without_a_time_connections_stay_as_long_as_they_like() {
    live(Vec::new(), Vec::new(), None, |town| async move {
        let (one, other) = (bind().await, bind().await);
        let (pool, old, new) = (town.actor(), at(&one), at(&other));
        pool.ask(Reconfigure(vec![literal(&old.to_string())]), SOON).await.unwrap();
        let mut stays = connect(&town, &one).await;
        pool.ask(Drain { address: old, over: Duration::ZERO }, SOON).await.unwrap().unwrap();
        pool.ask(Reconfigure(vec![literal(&new.to_string())]), SOON).await.unwrap();
        let _later = connect(&town, &other).await;
        assert!(holds(&mut stays).await, "neither drain nor removal ends it");
    });
}

async fn bind() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

fn at(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap()
}
