//! Connections to backends that were kept, and then closed by the backend.

use std::io::ErrorKind;

use anyhow::{Result, ensure};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use trunkline_tests::http::wire::{Upstream, Wire};
use trunkline_tests::procfs::open_descriptors;

use super::site::{Plan, Site};

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A backend's connection that has served once and is kept.
fn kept(plan: &Plan<'_>) -> Result<(Site, Upstream, Wire)> {
    let (site, upstream) = Site::in_front(plan)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send(OK)?;
    client.answer()?;
    Ok((site, upstream, backend))
}

const EMPTY_POST: &str = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
const SAFE: Plan<'static> = Plan { pool: "attempts = 1\nfall = 100", ..Plan::PLAIN };

#[test]
fn what_may_be_repeated_is_sent_again_when_a_kept_connection_turns_out_to_be_closed() -> Result<()>
{
    for reset in [false, true] {
        let (mut site, upstream, mut backend) = kept(&SAFE)?;
        let mut client = site.asking(GET)?;
        // It is closed at the very moment that it is used again.
        backend.head()?;
        if reset {
            backend.abort()?
        } else {
            drop(backend)
        }
        let mut fresh = upstream.accept()?;
        fresh.head()?;
        fresh.send(OK)?;
        ensure!(client.answer()?.text() == "ok", "no answer");
        site.expect_line(client.local_addr()?, 200, "done")?;
        ensure!(upstream.is_quiet()?, "it was sent a third time");
    }
    Ok(())
}

#[test]
fn what_may_be_repeated_is_not_once_an_answer_has_begun() -> Result<()> {
    for said in ["H", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\n"] {
        let (site, upstream, mut backend) = kept(&SAFE)?;
        let mut client = site.asking(GET)?;
        backend.head()?;
        backend.send(said)?;
        drop(backend);
        let mut answer = client.answer()?;
        if answer.status == 103 {
            answer = client.answer()?;
        }
        ensure!(answer.status == 502, "{answer:?} after {said:?}");
        ensure!(upstream.is_quiet()?, "it was sent again after {said:?}");
    }
    Ok(())
}

#[test]
fn what_may_not_be_repeated_goes_onto_a_connection_of_its_own() -> Result<()> {
    let (site, upstream, mut kept) = kept(&SAFE)?;
    let mut client = site.asking(EMPTY_POST)?;
    let mut fresh = upstream.accept()?;
    fresh.head()?;
    ensure!(kept.is_quiet()?, "it went onto the kept one");
    fresh.send(OK)?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    Ok(())
}

#[test]
fn what_may_not_be_repeated_fails_on_a_kept_connection_and_is_never_sent_twice() -> Result<()> {
    let (mut site, upstream, mut backend) = kept(&Plan::PLAIN)?;
    let mut client = site.asking(EMPTY_POST)?;
    backend.head()?;
    drop(backend);
    let answer = client.answer()?;
    ensure!(answer.status == 502, "{answer:?}");
    site.expect_line(client.local_addr()?, 502, "backend_reset")?;
    ensure!(upstream.is_quiet()?, "it was sent twice");
    Ok(())
}

#[test]
fn a_body_of_which_more_was_sent_than_is_kept_is_not_sent_again() -> Result<()> {
    let pool = "attempts = 1\nfall = 100\nretry = { buffer = \"4B\" }";
    let (site, upstream, mut backend) = kept(&Plan { pool, ..SAFE })?;
    let put = "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";
    let mut client = site.asking(put)?;
    backend.head()?;
    client.send("hello")?;
    backend.expect("hello")?;
    drop(backend);
    let answer = client.answer()?;
    ensure!(answer.status == 502, "{answer:?}");
    ensure!(upstream.is_quiet()?, "it was sent twice");
    Ok(())
}

#[test]
fn a_connection_that_was_closed_while_it_was_kept_is_not_used() -> Result<()> {
    for said in ["", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"] {
        let (site, upstream, mut backend) = kept(&Plan::PLAIN)?;
        backend.send(said)?;
        drop(backend);
        // Whatever is said unasked is said to nobody.
        let mut client = site.asking(EMPTY_POST)?;
        let mut fresh = upstream.accept()?;
        fresh.head()?;
        fresh.send(OK)?;
        ensure!(client.answer()?.text() == "ok", "no answer");
    }
    Ok(())
}

/// Has a body of `length` bytes answered by a backend that has read nothing of it, and reads it after
/// that. Says whether the proxy had read all of it by then.
fn answered_early(site: &Site, upstream: &Upstream, length: usize) -> Result<bool> {
    let head = format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let mut client = site.asking(head)?;
    client.send(vec![b'x'; length])?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    // All that can be moved has been by the time that these are there.
    for _ in 0..64 {
        backend.send("HTTP/1.1 103 Early Hints\r\n\r\n")?;
        client.head()?;
    }
    backend.send(OK)?;
    let was_read = !client.answer()?.closes();
    if let Err(error) = backend.bytes(length) {
        let silent = error.root_cause().downcast_ref::<std::io::Error>();
        let silent = silent.is_some_and(|error| error.kind() == ErrorKind::WouldBlock);
        ensure!(!silent, "kept without the end of a body of {length} bytes");
    }
    Ok(was_read)
}

#[test]
fn a_connection_is_not_kept_while_a_part_of_the_body_waits_to_be_sent() -> Result<()> {
    const COARSE: usize = 256 * 1024;
    const FINE: usize = 4 * 1024;
    let plan = Plan { pool: "attempts = 1\nfall = 100\nidle_timeout = \"1h\"", ..Plan::PLAIN };
    let (site, upstream) = Site::in_front(&plan)?;
    let mut most = COARSE;
    while answered_early(&site, &upstream, most)? {
        most += COARSE;
    }
    // Of some of these the kernel takes all but the end of the last piece that was read.
    for length in (most - COARSE..most + COARSE / 4).step_by(FINE) {
        answered_early(&site, &upstream, length)?;
    }
    Ok(())
}

#[test]
fn where_descriptors_run_out_kept_connections_give_way_to_requests() -> Result<()> {
    const REQUESTS: u64 = 40;
    let (mut site, upstream) = Site::in_front(&SAFE)?;
    let process = site.process().id();
    // Two for each request that is under way, and next to nothing for what only waits.
    let enough = open_descriptors(process)? as u64 + 2 * REQUESTS + 4;
    let limit = Rlimit { current: Some(enough), maximum: Some(enough) };
    prlimit(Pid::from_raw(process.try_into()?), Resource::Nofile, limit)?;
    let mut kept = Vec::new();
    // The first ones leave connections behind, onto which no POST goes.
    for request in [GET, EMPTY_POST] {
        let mut asked = Vec::new();
        for _ in 0..REQUESTS {
            let client = site.asking(request)?;
            let mut backend = upstream.accept()?;
            backend.head()?;
            asked.push((client, backend));
        }
        for (mut client, mut backend) in asked {
            backend.send(OK)?;
            ensure!(client.answer()?.status == 200, "a request was not served");
            kept.push(backend);
        }
    }
    Ok(())
}
