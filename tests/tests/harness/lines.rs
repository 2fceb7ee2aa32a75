//! What is compared with a protocol of lines: the plain echo, and the clients that send it lines.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::keepalive::{Keepalive, KeepalivePlan};
use trunkline_tests::plain_echo::{PlainEcho, PlainEchoPlan};
use trunkline_tests::procfs::listening_sockets_of;
use trunkline_tests::sample::Sample;
use trunkline_tests::short::{Short, ShortPlan};

use super::{ANY, SOON, peer};

fn plain() -> Result<PlainEcho> {
    let workers = NonZeroUsize::new(3).context("three is not zero")?;
    PlainEcho::start(peer(), &PlainEchoPlan { listen: ANY, workers })
}

#[test]
fn the_plain_echo_sends_lines_back_and_nothing_of_half_a_line() -> Result<()> {
    let server = plain()?;
    let mut stream = TcpStream::connect(server.address())?;
    stream.set_read_timeout(Some(SOON))?;
    stream.write_all(b"one\ntwo\nhal")?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    assert_eq!(lines.next().transpose()?.as_deref(), Some("one"));
    assert_eq!(lines.next().transpose()?.as_deref(), Some("two"));
    stream.write_all(b"f\n")?;
    assert_eq!(lines.next().transpose()?.as_deref(), Some("half"));
    Ok(())
}

#[test]
fn each_worker_of_the_plain_echo_has_a_socket_of_its_own() -> Result<()> {
    let mut server = plain()?;
    let address = server.address();
    let sockets = listening_sockets_of(server.process().id())?;
    assert_eq!(sockets.iter().filter(|socket| socket.address == address).count(), 3);
    Ok(())
}

#[test]
fn a_round_of_lines_is_a_sample_of_the_server() -> Result<()> {
    let mut server = plain()?;
    let plan = KeepalivePlan { size: 32, lines: true, ..KeepalivePlan::new(server.address(), 8) };
    let mut clients = Keepalive::open(peer(), &plan)?;
    let sample = Sample::take(&[server.process().id()], || clients.round(1000, SOON))?;
    assert_eq!(sample.requests, 1000);
    assert!(sample.cpu_micros > 0.0 && sample.per_second > 0.0, "{sample}");
    Ok(())
}

#[test]
fn a_round_of_short_connections_is_accounted_for_and_seen_by_the_server() -> Result<()> {
    let mut backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Echo))?;
    let plan = ShortPlan::new(backend.address(), 8);
    let mut clients = Short::start(peer(), &plan)?;
    for connections in [100, 7] {
        let round = clients.round(connections, SOON)?;
        let sums = (round.started, round.done, round.latency.count);
        assert_eq!(sums, (connections, connections, connections));
    }
    // The one that showed that all is well counts as well.
    assert_eq!(backend.counts()?.accepted, 108);
    Ok(())
}

#[test]
fn a_round_of_short_connections_to_a_server_that_died_is_an_error() -> Result<()> {
    let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Echo))?;
    let plan = ShortPlan::new(backend.address(), 8);
    let mut clients = Short::start(peer(), &plan)?;
    backend.kill()?;
    assert!(clients.round(100, SOON).is_err());
    Ok(())
}
