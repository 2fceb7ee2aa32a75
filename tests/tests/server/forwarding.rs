//! One connection through the program.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::thread;

use anyhow::{Result, anyhow};
use serde_json::Value;

use super::end::{End, Upstream};
use super::site::{Setup, Site};

/// A connection through the program: the program, the client's end and the backend's.
fn through(setup: &Setup<'_>) -> Result<(Site, End, End)> {
    let upstream = Upstream::new()?;
    let site = Site::start(setup, &[upstream.address()?])?;
    let client = site.connect()?;
    Ok((site, client, upstream.accept()?))
}

/// The same, past its beginning: bytes have passed both ways.
fn streaming() -> Result<(Site, End, End)> {
    let (site, mut client, mut backend) = through(&Setup::PLAIN)?;
    client.send("ping")?;
    backend.expect("ping")?;
    backend.send("pong")?;
    client.expect("pong")?;
    Ok((site, client, backend))
}

/// The fields of `line` that say how a connection ended.
fn how(line: &Value) -> (&str, &str) {
    let text = |key: &str| line[key].as_str().unwrap_or_default();
    (text("phase"), text("code"))
}

#[test]
fn bytes_pass_both_ways_and_a_half_close_leaves_the_other_direction_open() -> Result<()> {
    let (site, mut client, mut backend) = through(&Setup::PLAIN)?;
    client.send("ping")?;
    backend.expect("ping")?;
    backend.send("pong")?;
    client.expect("pong")?;
    client.finish()?;
    backend.expect_end()?;
    backend.send("said after the client had finished")?;
    drop(backend);
    assert_eq!(client.rest()?, b"said after the client had finished");
    let line = site.closed(client.local_addr()?)?;
    assert_eq!(how(&line), ("stream", "done"));
    assert_eq!((&line["bytes_in"], &line["bytes_out"]), (&4.into(), &38.into()));
    Ok(())
}

#[test]
fn a_half_close_of_the_backend_leaves_the_other_direction_open() -> Result<()> {
    let (site, mut client, mut backend) = through(&Setup::PLAIN)?;
    backend.finish()?;
    client.expect_end()?;
    client.send("said after the backend had finished")?;
    client.finish()?;
    assert_eq!(backend.rest()?, b"said after the backend had finished");
    assert_eq!(how(&site.closed(client.local_addr()?)?), ("stream", "done"));
    Ok(())
}

#[test]
fn ten_megabytes_arrive_whole_in_both_directions_at_once() -> Result<()> {
    let (site, mut client, mut backend) = through(&Setup::PLAIN)?;
    let megabytes = |seed: u32| -> Vec<u8> {
        (0..10_000_000_u32)
            .map(|byte| byte.wrapping_mul(2_654_435_761).wrapping_add(seed).to_be_bytes()[0])
            .collect()
    };
    let (upload, download) = (megabytes(0), megabytes(77));
    thread::scope(|scope| {
        let mut sender = client.try_clone()?;
        let uploading = scope.spawn({
            let upload = &upload;
            move || sender.send(upload).and_then(|()| sender.finish())
        });
        let mut sender = backend.try_clone()?;
        let downloading = scope.spawn({
            let download = &download;
            move || sender.send(download).and_then(|()| sender.finish())
        });
        let arriving = scope.spawn(|| backend.rest());
        let downloaded = client.rest()?;
        let lost = |_| anyhow!("a thread panicked");
        uploading.join().map_err(lost)??;
        downloading.join().map_err(lost)??;
        let uploaded = arriving.join().map_err(lost)??;
        // Not assert_eq: nobody wants to read ten megabytes.
        assert!(uploaded == upload && downloaded == download);
        anyhow::Ok(())
    })?;
    let line = site.closed(client.local_addr()?)?;
    assert_eq!(how(&line), ("stream", "done"));
    let moved = (line["bytes_in"].as_u64(), line["bytes_out"].as_u64());
    assert_eq!(moved, (Some(10_000_000), Some(10_000_000)));
    Ok(())
}

#[test]
fn an_abort_by_the_client_reaches_the_backend_as_an_abort() -> Result<()> {
    let (site, client, mut backend) = streaming()?;
    let address = client.local_addr()?;
    client.abort()?;
    backend.expect_reset()?;
    assert_eq!(how(&site.closed(address)?), ("stream", "client_reset"));
    Ok(())
}

#[test]
fn an_abort_by_the_backend_reaches_the_client_as_an_abort() -> Result<()> {
    let (site, mut client, backend) = streaming()?;
    backend.abort()?;
    client.expect_reset()?;
    let line = site.closed(client.local_addr()?)?;
    assert_eq!(how(&line), ("stream", "backend_reset"));
    Ok(())
}

#[test]
fn a_connection_on_which_nothing_moves_is_closed_after_the_idle_time() -> Result<()> {
    let setup = Setup { listener: "idle = \"300ms\"", ..Setup::PLAIN };
    let (site, mut client, mut backend) = through(&setup)?;
    client.send("a")?;
    backend.expect("a")?;
    client.expect_over()?;
    backend.expect_over()?;
    let line = site.closed(client.local_addr()?)?;
    assert_eq!(how(&line), ("stream", "idle_timeout"));
    assert!(line["total_us"].as_u64() >= Some(300_000), "{line}");
    Ok(())
}

#[test]
fn a_backend_may_be_a_host_name() -> Result<()> {
    let upstream = Upstream::new()?;
    let name = format!("localhost:{}", upstream.address()?.port());
    let site = Site::start(&Setup::PLAIN, &[&name])?;
    let mut client = site.connect()?;
    upstream.accept()?.send("hello")?;
    client.expect("hello")?;
    client.expect_end()?;
    client.finish()?;
    // Each address of a name is a backend of its own.
    let address = upstream.address()?.to_string();
    assert_eq!(site.closed(client.local_addr()?)?["backend"], address);
    Ok(())
}

#[test]
fn an_ipv6_client_reaches_an_ipv6_backend() -> Result<()> {
    if !has_ipv6() {
        return Ok(());
    }
    let upstream = Upstream::on(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)))?;
    let setup = Setup { host: "[::1]", ..Setup::PLAIN };
    let site = Site::start(&setup, &[upstream.address()?])?;
    let mut client = site.connect()?;
    upstream.accept()?.send("hello")?;
    client.expect("hello")?;
    client.expect_end()?;
    client.finish()?;
    let line = site.closed(client.local_addr()?)?;
    assert_eq!(line["backend"], upstream.address()?.to_string());
    Ok(())
}

#[test]
fn an_ipv4_client_of_all_addresses_is_served_and_logged_as_ipv4() -> Result<()> {
    if !has_ipv6() {
        return Ok(());
    }
    let upstream = Upstream::new()?;
    let setup = Setup { host: "[::]", ..Setup::PLAIN };
    let site = Site::start(&setup, &[upstream.address()?])?;
    let mut client = End::connect(SocketAddr::from(([127, 0, 0, 1], site.address().port())))?;
    upstream.accept()?.send("hello")?;
    client.expect("hello")?;
    client.expect_end()?;
    client.finish()?;
    // An IPv4 address, and not one in IPv6's clothes, is what it is looked up by.
    site.closed(client.local_addr()?)?;
    Ok(())
}

fn has_ipv6() -> bool {
    let has = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !has {
        eprintln!("SKIPPED: this machine has no IPv6");
    }
    has
}
