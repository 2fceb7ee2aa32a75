//! Limits of a pool and of its backends, and who waits for a place.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::Signal;
use trunkline_tests::http::wire::{Upstream, Wire};

use super::SOON;
use super::site::{PONG, Plan, Site};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn get(target: usize) -> String {
    format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// A pool that says also `more`, without kept connections: each request is seen to come.
fn limited(more: &str) -> String {
    format!("fall = 100\nreuse = \"never\"\n{more}")
}

/// Clients that have come one after the other, each with a request for its number.
struct Clients {
    pinging: Wire,
    wires: Vec<Wire>,
}

impl Clients {
    fn none(site: &Site) -> Result<Self> {
        Ok(Self { pinging: site.connect()?, wires: Vec::new() })
    }

    fn come(&mut self, site: &Site, count: usize) -> Result<()> {
        for _ in 0..count {
            self.wires.push(site.asking(get(self.wires.len()))?);
            site.settle(&mut self.pinging)?;
        }
        Ok(())
    }
}

/// The next request, by its number.
fn next(upstream: &Upstream) -> Result<(usize, Wire)> {
    let mut backend = upstream.accept()?;
    let head = backend.head()?;
    let target = head.split(' ').nth(1).and_then(|target| target.get(1..)).unwrap_or_default();
    Ok((target.parse()?, backend))
}

/// Who holds a place is answered, and the client that waited longest has it then; and so on.
fn all_in_order(limit: usize, upstream: &Upstream, site: &Site, count: usize) -> Result<()> {
    let mut clients = Clients::none(site)?;
    clients.come(site, count)?;
    let mut held = Vec::new();
    for expected in 0..count {
        if held.len() == limit {
            ensure!(upstream.is_quiet()?, "more than {limit} came");
            let (number, mut backend): (usize, Wire) = held.remove(0);
            backend.send(OK)?;
            ensure!(clients.wires[number].answer()?.text() == "ok", "no answer");
        }
        let (number, backend) = next(upstream)?;
        ensure!(number == expected, "{number} came before {expected}");
        held.push((number, backend));
    }
    Ok(())
}

#[test]
fn a_backend_never_has_more_than_its_limit_and_the_rest_come_in_order() -> Result<()> {
    let pool = limited("limits.backend_in_flight = 2");
    let (site, upstream) = Site::in_front(&Plan { pool: &pool, routes: PONG, ..Plan::PLAIN })?;
    all_in_order(2, &upstream, &site, 8)
}

#[test]
fn a_pool_never_has_more_than_its_limit_over_all_backends() -> Result<()> {
    let pool = limited("limits.in_flight = 3");
    let upstreams = [Upstream::new()?, Upstream::new()?];
    let addresses: Vec<_> = upstreams.iter().map(Upstream::address).collect::<Result<_>>()?;
    let plan = Plan { pool: &pool, routes: PONG, ..Plan::PLAIN };
    let site = Site::start(&plan, &addresses)?;
    let mut clients = Clients::none(&site)?;
    clients.come(&site, 8)?;
    // Those that hold places, in turn at one and the other backend.
    let mut held = Vec::new();
    for expected in 0..8 {
        if held.len() == 3 {
            for upstream in &upstreams {
                ensure!(upstream.is_quiet()?, "more than three came");
            }
            let (number, mut backend): (usize, Wire) = held.remove(0);
            backend.send(OK)?;
            ensure!(clients.wires[number].answer()?.text() == "ok", "no answer");
        }
        let (number, backend) = next(&upstreams[expected % 2])?;
        ensure!(number == expected, "{number} came before {expected}");
        held.push((number, backend));
    }
    Ok(())
}

#[test]
fn who_finds_the_queue_full_is_told_at_once_when_to_come_again() -> Result<()> {
    for (queue, waiting) in [(0, 0), (2, 2)] {
        let pool = limited(&format!(
            "limits = {{ backend_in_flight = 1, queue = {queue}, queue_timeout = \"60s\" }}"
        ));
        let plan = Plan { pool: &pool, routes: PONG, ..Plan::PLAIN };
        let (mut site, upstream) = Site::in_front(&plan)?;
        let mut clients = Clients::none(&site)?;
        clients.come(&site, 1 + waiting)?;
        let mut refused = site.asking(get(9))?;
        let answer = refused.answer()?;
        ensure!(answer.status == 503, "{answer:?}");
        let after = answer.field("Retry-After").and_then(|after| after.parse::<u64>().ok());
        let expected = if waiting > 0 { 60 } else { 1 };
        ensure!(after == Some(expected), "{answer:?}");
        site.expect_tries(refused.local_addr()?, 503, "full", 0)?;
        // Its connection stays, and the others are served.
        for expected in 0..=waiting {
            let (number, mut backend) = next(&upstream)?;
            ensure!(number == expected, "{number} came before {expected}");
            backend.send(OK)?;
            ensure!(clients.wires[number].answer()?.text() == "ok", "no answer");
        }
        refused.send(get(7))?;
        let (number, mut backend) = next(&upstream)?;
        ensure!(number == 7, "{number} came");
        backend.send(OK)?;
        ensure!(refused.answer()?.text() == "ok", "no answer");
    }
    Ok(())
}

#[test]
fn who_has_waited_too_long_is_told_so_and_never_sent_on() -> Result<()> {
    let pool = limited("limits = { backend_in_flight = 1, queue_timeout = \"300ms\" }");
    let (mut site, upstream) = Site::in_front(&Plan { pool: &pool, routes: PONG, ..Plan::PLAIN })?;
    let mut clients = Clients::none(&site)?;
    clients.come(&site, 1)?;
    let began = Instant::now();
    clients.come(&site, 1)?;
    let answer = clients.wires[1].answer()?;
    let took = began.elapsed();
    ensure!(answer.status == 503 && answer.field("Retry-After").is_some(), "{answer:?}");
    let expected = Duration::from_millis(290)..Duration::from_secs(5);
    ensure!(expected.contains(&took), "after {took:?}");
    let address = clients.wires[1].local_addr()?;
    site.expect_tries(address, 503, "queue_timeout", 0)?;
    ensure!(site.line(address)?["phase"] == "queue", "another phase");
    let (number, mut backend) = next(&upstream)?;
    backend.send(OK)?;
    ensure!(number == 0 && clients.wires[0].answer()?.text() == "ok", "no answer");
    clients.wires.push(site.asking(get(2))?);
    ensure!(next(&upstream)?.0 == 2, "what was given up was sent on");
    Ok(())
}

#[test]
fn a_client_that_leaves_the_queue_gives_its_place_to_another() -> Result<()> {
    let pool = limited("limits = { backend_in_flight = 1, queue = 1, queue_timeout = \"60s\" }");
    let (mut site, upstream) = Site::in_front(&Plan { pool: &pool, routes: PONG, ..Plan::PLAIN })?;
    let mut clients = Clients::none(&site)?;
    clients.come(&site, 2)?;
    let leaving = clients.wires.remove(1);
    let address = leaving.local_addr()?;
    leaving.abort()?;
    let line = site.line(address)?;
    let told = (&line["code"], &line["phase"], &line["tries"]);
    ensure!(told == (&"client_reset".into(), &"queue".into(), &0.into()), "{line}");
    // The one place in the queue is free.
    let mut last = site.asking(get(2))?;
    site.settle(&mut clients.pinging)?;
    ensure!(last.is_quiet()?, "it was refused");
    let (number, mut backend) = next(&upstream)?;
    backend.send(OK)?;
    ensure!(number == 0 && clients.wires[0].answer()?.text() == "ok", "no answer");
    let (number, mut backend) = next(&upstream)?;
    ensure!(number == 2, "the request of the one that has left was sent on");
    backend.send(OK)?;
    ensure!(last.answer()?.text() == "ok", "no answer");
    Ok(())
}

#[test]
fn a_client_that_leaves_while_it_is_served_frees_the_place_of_its_backend() -> Result<()> {
    let pool = limited("limits.in_flight = 1");
    let (site, upstream) = Site::in_front(&Plan { pool: &pool, routes: PONG, ..Plan::PLAIN })?;
    let mut clients = Clients::none(&site)?;
    clients.come(&site, 2)?;
    let (_, mut backend) = next(&upstream)?;
    clients.wires.remove(0).abort()?;
    backend.rest()?;
    let (number, mut backend) = next(&upstream)?;
    backend.send(OK)?;
    ensure!(number == 1 && clients.wires[0].answer()?.text() == "ok", "no answer");
    Ok(())
}

#[test]
fn a_body_that_comes_while_its_request_waits_is_not_lost() -> Result<()> {
    let pool = limited("limits.backend_in_flight = 1");
    let (site, upstream) = Site::in_front(&Plan { pool: &pool, routes: PONG, ..Plan::PLAIN })?;
    let mut clients = Clients::none(&site)?;
    clients.come(&site, 1)?;
    let mut posting =
        site.asking("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")?;
    site.settle(&mut clients.pinging)?;
    posting.send("world")?;
    // And the next request behind it.
    posting.send(get(2))?;
    site.settle(&mut clients.pinging)?;
    let (_, mut backend) = next(&upstream)?;
    backend.send(OK)?;
    let (number, mut backend) = next(&upstream)?;
    ensure!(number == 1, "{number} came");
    backend.expect("helloworld")?;
    backend.send(OK)?;
    ensure!(posting.answer()?.text() == "ok", "no answer");
    let (number, mut backend) = next(&upstream)?;
    backend.send(OK)?;
    ensure!(number == 2 && posting.answer()?.text() == "ok", "no answer");
    Ok(())
}

#[test]
fn who_waits_when_the_server_is_told_to_stop_is_served_first() -> Result<()> {
    let pool = limited("limits.backend_in_flight = 1");
    let (mut site, upstream) = Site::in_front(&Plan { pool: &pool, routes: PONG, ..Plan::PLAIN })?;
    let mut clients = Clients::none(&site)?;
    clients.come(&site, 3)?;
    site.process().signal(Signal::TERM)?;
    // Who waits for nothing is told at once: the drain has begun.
    clients.pinging.expect_end()?;
    for expected in 0..3 {
        let (number, mut backend) = next(&upstream)?;
        backend.send(OK)?;
        let answer = clients.wires[number].answer()?;
        ensure!(number == expected && answer.text() == "ok" && answer.closes(), "{answer:?}");
    }
    drop(clients);
    let status = site.process().wait(SOON)?;
    ensure!(status.success(), "{status}");
    Ok(())
}
