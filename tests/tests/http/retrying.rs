//! Requests that are sent again elsewhere, and those that never are.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use trunkline_tests::http::wire::{Ended, Upstream, Wire};
use trunkline_tests::port::ReservedPort;

use super::site::{Plan, Site};

mod bodies;
mod guards;
mod load;
mod statuses;

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const PUT: &str = "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
const POST: &str = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Nobody is taken out.
const TRIED: Plan<'static> = Plan { pool: "fall = 100\neject.failures = 0", ..Plan::PLAIN };

/// A site with two backends, the second of which is asked only where the first has failed.
fn pair(plan: &Plan<'_>) -> Result<(Site, Upstream, Upstream)> {
    let (first, second) = (Upstream::new()?, Upstream::new()?);
    let backends = [
        format!("{{ address = \"{}\" }}", first.address()?),
        format!("{{ address = \"{}\", backup = true }}", second.address()?),
    ];
    Ok((Site::start(plan, &backends)?, first, second))
}

/// Ends a backend's connection in one way or the other.
fn end(backend: Wire, reset: bool) -> Result<()> {
    if reset {
        return backend.abort();
    }
    drop(backend);
    Ok(())
}

/// Receives a request whose body is `length` bytes, and returns all of it.
fn received(upstream: &Upstream, length: usize) -> Result<(Wire, Vec<u8>)> {
    let mut backend = upstream.accept()?;
    let mut all = backend.head()?.into_bytes();
    all.extend_from_slice(&backend.bytes(length)?);
    Ok((backend, all))
}

#[test]
fn what_may_be_repeated_goes_to_another_backend_when_the_first_ends_before_it_answers() -> Result<()>
{
    let (mut site, first, second) = pair(&TRIED)?;
    let delete = GET.replace("GET", "DELETE");
    for (request, length) in [(GET, 0), (&*delete, 0), (PUT, 5)] {
        for reset in [false, true] {
            let mut client = site.asking(request)?;
            let (failing, told) = received(&first, length)?;
            end(failing, reset)?;
            let (mut serving, told_again) = received(&second, length)?;
            ensure!(told == told_again, "the second one got something else");
            serving.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")?;
            ensure!(client.answer()?.text() == "ok", "no answer");
            site.expect_tries(client.local_addr()?, 200, "done", 2)?;
        }
    }
    ensure!(first.is_quiet()? && second.is_quiet()?, "somebody was asked again");
    Ok(())
}

#[test]
fn a_post_is_never_sent_twice_unless_its_route_says_so() -> Result<()> {
    for (repeatable, status) in [(false, 502), (true, 200)] {
        let routes = format!("{{ pool = \"main\", repeatable = {repeatable} }}");
        let (mut site, first, second) = pair(&Plan { routes: &routes, ..TRIED })?;
        let mut client = site.asking(POST)?;
        let (failing, told) = received(&first, 5)?;
        failing.abort()?;
        if repeatable {
            let (mut serving, told_again) = received(&second, 5)?;
            ensure!(told == told_again, "the second one got something else");
            serving.send(OK)?;
        }
        let answer = client.answer()?;
        ensure!(answer.status == status, "{answer:?}");
        let (code, tries) = if repeatable { ("done", 2) } else { ("backend_reset", 1) };
        site.expect_tries(client.local_addr()?, status.into(), code, tries)?;
        ensure!(second.is_quiet()?, "it was sent twice");
    }
    Ok(())
}

#[test]
fn nothing_is_repeated_once_an_answer_has_begun() -> Result<()> {
    let (site, first, second) = pair(&TRIED)?;
    let hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    for said in ["H", "HTTP/1.1 200 OK\r\nContent-Le", hints] {
        for reset in [false, true] {
            let mut client = site.asking(GET)?;
            let mut failing = first.accept()?;
            failing.head()?;
            failing.send(said)?;
            if said == hints {
                client.expect(hints)?;
            }
            end(failing, reset)?;
            let answer = client.answer()?;
            ensure!(answer.status == 502, "{answer:?} after {said:?}, reset: {reset}");
            ensure!(second.is_quiet()?, "it was sent again after {said:?}, reset: {reset}");
        }
    }
    Ok(())
}

#[test]
fn a_backend_that_does_not_answer_in_the_time_for_a_try_is_left_for_another() -> Result<()> {
    let pool = format!("{}\nretry.per_try = \"200ms\"", TRIED.pool);
    let (mut site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(GET)?;
    let mut silent = first.accept()?;
    silent.head()?;
    let mut serving = second.accept()?;
    serving.head()?;
    serving.send(OK)?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    ensure!(silent.rest()?.1 == Ended::Reset, "the silent one is not told");
    site.expect_tries(client.local_addr()?, 200, "done", 2)?;
    // What may not be repeated has as much time, and then none.
    let mut client = site.asking(POST)?;
    let mut silent = first.accept()?;
    silent.head()?;
    ensure!(client.answer()?.status == 504, "it was answered");
    site.expect_tries(client.local_addr()?, 504, "try_timeout", 1)?;
    ensure!(second.is_quiet()?, "it was sent twice");
    Ok(())
}

#[test]
fn when_nobody_answers_in_time_the_client_is_told_so() -> Result<()> {
    let pool = format!("{}\nretry.per_try = \"200ms\"\nattempts = 2", TRIED.pool);
    let (mut site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(GET)?;
    let _silent = (received(&first, 0)?, received(&second, 0)?);
    let answer = client.answer()?;
    ensure!(answer.status == 504, "{answer:?}");
    site.expect_tries(client.local_addr()?, 504, "try_timeout", 2)
}

#[test]
fn no_more_backends_are_tried_than_attempts_says() -> Result<()> {
    for (attempts, tries) in [(1, 1), (2, 2)] {
        let pool = format!("{}\nattempts = {attempts}", TRIED.pool);
        let upstreams = [Upstream::new()?, Upstream::new()?, Upstream::new()?];
        let addresses: Vec<_> = upstreams.iter().map(Upstream::address).collect::<Result<_>>()?;
        let mut site = Site::start(&Plan { pool: &pool, ..TRIED }, &addresses)?;
        let mut client = site.asking(GET)?;
        for upstream in &upstreams[..attempts] {
            received(upstream, 0)?.0.abort()?;
        }
        ensure!(client.answer()?.status == 502, "it was answered");
        site.expect_tries(client.local_addr()?, 502, "backend_reset", tries)?;
        for upstream in &upstreams[attempts..] {
            ensure!(upstream.is_quiet()?, "one more was tried");
        }
    }
    Ok(())
}

#[test]
fn without_a_budget_nothing_is_sent_twice() -> Result<()> {
    let pool = format!("{}\nretry.budget = 0", TRIED.pool);
    let (mut site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(GET)?;
    received(&first, 0)?.0.abort()?;
    ensure!(client.answer()?.status == 502, "it was answered");
    site.expect_tries(client.local_addr()?, 502, "backend_reset", 1)?;
    ensure!(second.is_quiet()?, "it was sent twice");
    Ok(())
}

#[test]
fn a_backend_that_is_the_only_one_is_asked_once_more() -> Result<()> {
    let upstream = Upstream::new()?;
    let mut site = Site::start(&TRIED, &[upstream.address()?])?;
    let mut client = site.asking(GET)?;
    received(&upstream, 0)?.0.abort()?;
    received(&upstream, 0)?.0.send(OK)?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    site.expect_tries(client.local_addr()?, 200, "done", 2)
}

#[test]
fn connections_that_fail_cost_nothing_whatever_was_asked() -> Result<()> {
    let (dead, upstream) = (ReservedPort::new()?, Upstream::new()?);
    let backends = [
        format!("{{ address = \"{}\" }}", dead.address()),
        format!("{{ address = \"{}\", backup = true }}", upstream.address()?),
    ];
    let pool = format!("{}\nretry.budget = 0\nretry.buffer = \"0B\"", TRIED.pool);
    let mut site = Site::start(&Plan { pool: &pool, ..TRIED }, &backends)?;
    for (request, length) in [(GET, 0), (PUT, 5), (POST, 5)] {
        let mut client = site.asking(request)?;
        let (mut serving, _) = received(&upstream, length)?;
        serving.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")?;
        ensure!(client.answer()?.text() == "ok", "no answer");
        site.expect_tries(client.local_addr()?, 200, "done", 2)?;
    }
    Ok(())
}

#[test]
fn a_kept_connection_that_turns_out_to_be_closed_is_not_held_against_its_backend() -> Result<()> {
    let (mut site, first, second) = pair(&TRIED)?;
    let mut client = site.asking(GET)?;
    let (mut kept, _) = received(&first, 0)?;
    kept.send(OK)?;
    client.answer()?;
    let mut client = site.asking(GET)?;
    kept.head()?;
    drop(kept);
    let (mut fresh, _) = received(&first, 0)?;
    fresh.send(OK)?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    site.expect_tries(client.local_addr()?, 200, "done", 2)?;
    ensure!(second.is_quiet()?, "the second one was asked");
    Ok(())
}

#[test]
fn all_tries_together_have_no_more_time_than_one_request() -> Result<()> {
    let pool = format!("{}\nretry.per_try = \"200ms\"\nattempts = 16", TRIED.pool);
    for (http, code) in [
        ("request = \"500ms\"", "request_timeout"),
        ("first_byte = \"500ms\"", "first_byte_timeout"),
    ] {
        let (mut site, first, second) = pair(&Plan { pool: &pool, http, ..TRIED })?;
        let began = Instant::now();
        let mut client = site.asking(GET)?;
        let _silent = (received(&first, 0)?, received(&second, 0)?);
        let answer = client.answer()?;
        ensure!(answer.status == 504, "{answer:?}");
        // Sixteen would take longer.
        ensure!(began.elapsed() < Duration::from_secs(2), "after {:?}", began.elapsed());
        site.expect_line(client.local_addr()?, 504, code)?;
    }
    Ok(())
}
