//! Connections that wait for a place under the limits of their pool.

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use trunkline_tests::http::wire::{Upstream, Wire};

use super::SOON;
use super::site::{Setup, Site};

/// A site with one worker, which accepts in the order of arrival, and one place.
fn site(more: &str) -> Result<(Site, Upstream)> {
    let upstream = Upstream::new()?;
    let pool =
        format!("probe.enabled = false\nlimits = {{ backend_in_flight = 1, {more} }}\nfall = 100");
    let setup = Setup { server: "workers = 1", pool: &pool, ..Setup::PLAIN };
    Ok((Site::start(&setup, &[upstream.address()?])?, upstream))
}

/// A client that says its number.
fn client(site: &Site, number: u8) -> Result<Wire> {
    let mut client = Wire::connect(site.address())?;
    client.send([b'0' + number])?;
    Ok(client)
}

/// The next connection must be that of client `number`.
fn next(upstream: &Upstream, number: u8) -> Result<Wire> {
    let mut backend = upstream.accept()?;
    backend.expect([b'0' + number])?;
    ensure!(upstream.is_quiet()?, "two at a time");
    Ok(backend)
}

#[test]
fn connections_wait_in_order_and_one_at_a_time_is_forwarded() -> Result<()> {
    let (site, upstream) = site("queue_timeout = \"60s\"")?;
    let clients = (0..6).map(|number| client(&site, number)).collect::<Result<Vec<_>>>()?;
    for (number, mut client) in (0..).zip(clients) {
        let mut backend = next(&upstream, number)?;
        backend.send("served")?;
        client.expect("served")?;
        drop(client);
        backend.expect_end()?;
    }
    Ok(())
}

#[test]
fn who_finds_the_queue_full_or_has_waited_too_long_is_cut_off_with_the_reason() -> Result<()> {
    let (site, upstream) = site("queue = 1, queue_timeout = \"300ms\"")?;
    let first = client(&site, 0)?;
    let _backend = next(&upstream, 0)?;
    let mut late = client(&site, 1)?;
    // It may be cut off before it knows that it was connected; then another is.
    let mut tries = (0..20).map(|_| Wire::connect(site.address()));
    let mut refused = tries.find_map(Result::ok).context("a connection that was made")?;
    refused.rest()?;
    let line = site.closed(refused.local_addr()?)?;
    ensure!((&line["code"], &line["phase"]) == (&"full".into(), &"route".into()), "{line}");
    late.rest()?;
    let line = site.closed(late.local_addr()?)?;
    ensure!(
        (&line["code"], &line["phase"]) == (&"queue_timeout".into(), &"queue".into()),
        "{line}"
    );
    drop(first);
    Ok(())
}

#[test]
fn a_client_that_is_cut_off_while_it_waits_gives_its_place_to_another() -> Result<()> {
    let (site, upstream) = site("queue = 1, queue_timeout = \"60s\"")?;
    let first = client(&site, 0)?;
    let backend = next(&upstream, 0)?;
    let leaving = client(&site, 1)?;
    let address = leaving.local_addr()?;
    // It is in the queue once the next one is refused.
    let mut refused = Wire::connect(site.address())?;
    refused.rest()?;
    leaving.abort()?;
    let line = site.closed(address)?;
    ensure!((&line["code"], &line["phase"]) == (&"client_reset".into(), &"queue".into()), "{line}");
    let mut last = client(&site, 3)?;
    drop((first, backend));
    let mut backend = next(&upstream, 3)?;
    backend.send("served")?;
    last.expect("served")
}

#[test]
fn a_client_that_has_said_all_while_it_waits_is_served_all_the_same() -> Result<()> {
    let (site, upstream) = site("queue_timeout = \"60s\"")?;
    let first = client(&site, 0)?;
    let backend = next(&upstream, 0)?;
    let mut brief = client(&site, 1)?;
    brief.finish()?;
    drop((first, backend));
    let mut backend = next(&upstream, 1)?;
    backend.expect_end()?;
    backend.send("served")?;
    drop(backend);
    brief.expect("served")?;
    brief.expect_end()
}

#[test]
fn who_waits_when_the_server_is_told_to_stop_is_served_first() -> Result<()> {
    let (mut site, upstream) = site("queue = 1, queue_timeout = \"60s\"")?;
    let first = client(&site, 0)?;
    let backend = next(&upstream, 0)?;
    let mut waiting = client(&site, 1)?;
    // It is in the queue once the next one is refused.
    Wire::connect(site.address())?.rest()?;
    site.process.signal(Signal::TERM)?;
    site.process.wait_for_line("told to stop", SOON)?;
    drop((first, backend));
    let mut backend = next(&upstream, 1)?;
    backend.send("served")?;
    waiting.expect("served")?;
    drop(waiting);
    let status = site.process.wait(SOON)?;
    ensure!(status.success(), "{status}");
    Ok(())
}
