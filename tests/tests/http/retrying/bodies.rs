//! Requests with bodies: what was kept of one is sent again byte for byte.

use anyhow::{Context, Result, ensure};
use trunkline_tests::http::lenient::{ALL, Seen};
use trunkline_tests::http::wire::{Upstream, Wire};

use super::super::site::Plan;
use super::{OK, TRIED, end, pair, received};

/// Receives a whole request, however its body is framed.
fn whole(upstream: &Upstream) -> Result<(Wire, Seen)> {
    let mut backend = upstream.accept()?;
    let mut all = backend.head()?.into_bytes();
    loop {
        if let Some(seen) = ALL[0].first(&all) {
            return Ok((backend, seen));
        }
        all.extend_from_slice(&backend.bytes(1).context("the request is not whole")?);
    }
}

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|at| b'a' + (at % 23) as u8).collect()
}

fn put(length: usize) -> String {
    format!("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn a_body_that_comes_in_pieces_is_sent_again_from_its_beginning() -> Result<()> {
    let (mut site, first, second) = pair(&TRIED)?;
    let body = body(3000);
    for reset in [false, true] {
        let mut client = site.asking(put(body.len()))?;
        let mut failing = first.accept()?;
        failing.head()?;
        client.send(&body[..1000])?;
        failing.expect(&body[..1000])?;
        client.send(&body[1000..2000])?;
        failing.expect(&body[1000..2000])?;
        end(failing, reset)?;
        let mut serving = second.accept()?;
        serving.head()?;
        serving.expect(&body[..2000])?;
        client.send(&body[2000..])?;
        serving.expect(&body[2000..])?;
        serving.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")?;
        ensure!(client.answer()?.text() == "ok", "no answer");
        site.expect_tries(client.local_addr()?, 200, "done", 2)?;
    }
    Ok(())
}

#[test]
fn a_chunked_body_is_sent_again_whether_it_had_come_to_its_end_or_not() -> Result<()> {
    let head = "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for is_whole in [false, true] {
        let (mut site, first, second) = pair(&TRIED)?;
        let mut client = site.asking(head)?;
        let mut failing = first.accept()?;
        failing.head()?;
        client.send("5\r\nhello\r\n")?;
        failing.expect("5\r\nhello\r\n")?;
        if is_whole {
            client.send("6\r\n world\r\n0\r\n\r\n")?;
            failing.expect("6\r\n world\r\n0\r\n\r\n")?;
        }
        failing.abort()?;
        if !is_whole {
            client.send("6\r\n world\r\n0\r\n\r\n")?;
        }
        let (mut serving, seen) = whole(&second)?;
        ensure!(seen.body == b"hello world", "{seen:?}");
        serving.send(OK)?;
        ensure!(client.answer()?.text() == "ok", "no answer");
        ensure!(serving.is_quiet()?, "more than the request came");
        site.expect_tries(client.local_addr()?, 200, "done", 2)?;
    }
    Ok(())
}

#[test]
fn a_body_as_long_as_the_buffer_is_sent_again_and_a_longer_one_is_not() -> Result<()> {
    let pool = format!("{}\nretry.buffer = \"1KiB\"", TRIED.pool);
    // All at once, and behind the head.
    for (length, at_once) in [(1024, false), (1024, true), (1025, false), (1025, true)] {
        let (mut site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
        let body = body(length);
        let mut request = put(length).into_bytes();
        if at_once {
            request.extend_from_slice(&body);
        }
        let mut client = site.asking(request)?;
        let mut failing = first.accept()?;
        failing.head()?;
        if !at_once {
            client.send(&body)?;
        }
        failing.expect(&body)?;
        failing.abort()?;
        let (status, code, tries) = match length {
            1024 => {
                let (mut serving, seen) = whole(&second)?;
                ensure!(seen.body == body, "another body came");
                serving.send(OK)?;
                (200, "done", 2)
            }
            _ => (502, "backend_reset", 1),
        };
        let answer = client.answer()?;
        ensure!(answer.status == status, "{answer:?} to {length} bytes, at once: {at_once}");
        site.expect_tries(client.local_addr()?, status.into(), code, tries)?;
        ensure!(second.is_quiet()?, "{length} bytes were sent again, at once: {at_once}");
    }
    Ok(())
}

#[test]
fn without_a_buffer_only_requests_without_a_body_are_sent_again() -> Result<()> {
    let pool = format!("{}\nretry.buffer = \"0B\"", TRIED.pool);
    let (site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(super::PUT)?;
    received(&first, 5)?.0.abort()?;
    ensure!(client.answer()?.status == 502, "a body was kept");
    ensure!(second.is_quiet()?, "a body was sent again");
    let mut client = site.asking(super::GET)?;
    received(&first, 0)?.0.abort()?;
    received(&second, 0)?.0.send(OK)?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    Ok(())
}

#[test]
fn what_is_kept_over_several_tries_is_no_more_than_the_buffer() -> Result<()> {
    let pool = format!("{}\nretry.buffer = \"1KiB\"\nattempts = 3", TRIED.pool);
    let (site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let body = body(1500);
    let mut client = site.asking(put(body.len()))?;
    let mut failing = first.accept()?;
    failing.head()?;
    client.send(&body[..800])?;
    failing.expect(&body[..800])?;
    failing.abort()?;
    let mut failing = second.accept()?;
    failing.head()?;
    failing.expect(&body[..800])?;
    client.send(&body[800..])?;
    failing.expect(&body[800..])?;
    failing.abort()?;
    let answer = client.answer()?;
    ensure!(answer.status == 502, "{answer:?}");
    ensure!(first.is_quiet()? && second.is_quiet()?, "it was sent a third time");
    Ok(())
}

#[test]
fn the_time_that_a_client_takes_for_its_body_is_not_that_of_a_try() -> Result<()> {
    let pool = format!("{}\nretry.per_try = \"200ms\"\nattempts = 1", TRIED.pool);
    let (mut site, first, _second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(put(5))?;
    let (mut serving, _) = received(&first, 0)?;
    client.send("he")?;
    serving.expect("he")?;
    // It takes as long as a whole try, which comes to nothing.
    let mut other = site.asking(super::GET)?;
    let _silent = received(&first, 0)?;
    ensure!(other.answer()?.status == 504, "it was answered");
    client.send("llo")?;
    serving.expect("llo")?;
    serving.send(OK)?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    site.expect_tries(client.local_addr()?, 200, "done", 1)
}

#[test]
fn a_client_that_waits_to_be_told_to_go_on_is_told_by_the_second_backend() -> Result<()> {
    let head = "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    let (mut site, first, second) = pair(&TRIED)?;
    let mut client = site.asking(head)?;
    received(&first, 0)?.0.abort()?;
    let (mut serving, told) = received(&second, 0)?;
    ensure!(String::from_utf8(told)?.contains("\r\nExpect: 100-continue\r\n"), "not asked");
    serving.send(go_on)?;
    client.expect(go_on)?;
    client.send("hello")?;
    serving.expect("hello")?;
    serving.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    site.expect_tries(client.local_addr()?, 200, "done", 2)?;
    // Once it was told, it would not be told again: it is not repeated.
    let mut client = site.asking(head)?;
    let (mut failing, _) = received(&first, 0)?;
    failing.send(go_on)?;
    client.expect(go_on)?;
    client.send("hello")?;
    failing.expect("hello")?;
    failing.abort()?;
    ensure!(client.answer()?.status == 502, "it was answered");
    ensure!(second.is_quiet()?, "it was sent again");
    Ok(())
}
