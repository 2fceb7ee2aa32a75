//! Answers that are tried again elsewhere because of their status.

use anyhow::{Result, ensure};
use trunkline_tests::http::wire::{Ended, Upstream};

use super::super::site::{Plan, Site};
use super::{GET, OK, POST, TRIED, pair, received};

const BUSY: &str = "HTTP/1.1 503 Busy\r\nX-Who: first\r\nContent-Length: 4\r\n\r\nbusy";
const RETRIED: &str = "fall = 100\neject.failures = 0\nretry.statuses = [502, 503]";

/// A plan whose pool says also `more`.
fn also(more: &str) -> String {
    format!("{RETRIED}\n{more}")
}

#[test]
fn an_answer_with_an_unwanted_status_is_replaced_by_that_of_another_backend() -> Result<()> {
    let (mut site, first, second) = pair(&Plan { pool: RETRIED, ..TRIED })?;
    let mut client = site.asking(GET)?;
    let (mut busy, _) = received(&first, 0)?;
    busy.send(BUSY)?;
    let (mut serving, _) = received(&second, 0)?;
    serving.send(OK)?;
    // Not a byte of the first one.
    client.expect(OK)?;
    site.expect_tries(client.local_addr()?, 200, "done", 2)?;
    let (_, ended) = busy.rest()?;
    ensure!(ended == Ended::Reset, "the rest of the unwanted answer is waited for");
    Ok(())
}

#[test]
fn an_unwanted_status_is_seen_in_a_head_that_comes_in_pieces() -> Result<()> {
    let (site, first, second) = pair(&Plan { pool: RETRIED, ..TRIED })?;
    let mut client = site.asking(GET)?;
    let (mut busy, _) = received(&first, 0)?;
    for byte in BUSY.as_bytes() {
        // It may have been left for the other by the last few.
        if busy.send([*byte]).is_err() {
            break;
        }
    }
    received(&second, 0)?.0.send(OK)?;
    client.expect(OK)
}

#[test]
fn other_statuses_and_those_of_what_may_not_be_repeated_are_passed_on() -> Result<()> {
    let other = BUSY.replace("503", "500");
    for (pool, request, length, said) in
        [(TRIED.pool, GET, 0, BUSY), (RETRIED, GET, 0, &*other), (RETRIED, POST, 5, BUSY)]
    {
        let (mut site, first, second) = pair(&Plan { pool, ..TRIED })?;
        let mut client = site.asking(request)?;
        let (mut busy, _) = received(&first, length)?;
        busy.send(said)?;
        client.expect(said)?;
        let status = said[9..12].parse()?;
        site.expect_tries(client.local_addr()?, status, "done", 1)?;
        ensure!(second.is_quiet()?, "it was sent again");
    }
    Ok(())
}

#[test]
fn an_unwanted_answer_is_passed_on_whole_where_there_is_no_other() -> Result<()> {
    let body = "x".repeat(200_000);
    let long = format!("HTTP/1.1 503 Busy\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let chunked = "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\n0\r\n\r\n";
    for more in ["attempts = 1", "retry.budget = 0"] {
        let pool = also(more);
        let (mut site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
        for (said, expected) in [(&*long, &*body), (chunked, "busy"), (BUSY, "busy")] {
            let mut client = site.asking(GET)?;
            let (mut busy, _) = received(&first, 0)?;
            // In two pieces, the first of which ends within the head.
            busy.send(&said[..20])?;
            busy.send(&said[20..])?;
            let answer = client.answer()?;
            ensure!(answer.status == 503 && answer.text() == expected, "{answer:?}");
            ensure!(client.is_quiet()?, "something came behind the answer");
            site.expect_tries(client.local_addr()?, 503, "done", 1)?;
            busy.abort()?;
        }
        ensure!(second.is_quiet()?, "it was sent again");
    }
    Ok(())
}

#[test]
fn an_unwanted_answer_to_head_is_passed_on_without_a_body() -> Result<()> {
    let pool = also("attempts = 1");
    let (site, first, _second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(GET.replace("GET", "HEAD"))?;
    let (mut busy, _) = received(&first, 0)?;
    busy.send(BUSY.trim_end_matches("busy"))?;
    let answer = client.answer_to(true)?;
    ensure!(answer.status == 503 && answer.field("Content-Length") == Some("4"), "{answer:?}");
    // Both connections are in step.
    client.send(GET)?;
    busy.head()?;
    busy.send(OK)?;
    client.expect(OK)
}

#[test]
fn where_all_answers_are_unwanted_the_last_one_is_passed_on() -> Result<()> {
    let pool = also("attempts = 2");
    let (mut site, first, second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(GET)?;
    let (mut busy, _) = received(&first, 0)?;
    busy.send(BUSY)?;
    let (mut busier, _) = received(&second, 0)?;
    let last = BUSY.replace("first", "second").replace("503", "502");
    busier.send(&last)?;
    client.expect(last)?;
    site.expect_tries(client.local_addr()?, 502, "done", 2)
}

#[test]
fn the_unwanted_answer_of_the_only_backend_is_asked_for_once_more() -> Result<()> {
    let pool = also("attempts = 2");
    let upstream = Upstream::new()?;
    let mut site = Site::start(&Plan { pool: &pool, ..TRIED }, &[upstream.address()?])?;
    let mut client = site.asking(GET)?;
    for _ in 0..2 {
        received(&upstream, 0)?.0.send(BUSY)?;
    }
    client.expect(BUSY)?;
    site.expect_tries(client.local_addr()?, 503, "done", 2)
}

#[test]
fn behind_an_interim_answer_the_unwanted_one_is_passed_on() -> Result<()> {
    let hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    let (mut site, first, second) = pair(&Plan { pool: RETRIED, ..TRIED })?;
    let mut client = site.asking(GET)?;
    let (mut busy, _) = received(&first, 0)?;
    busy.send(hints)?;
    client.expect(hints)?;
    busy.send(BUSY)?;
    client.expect(BUSY)?;
    site.expect_tries(client.local_addr()?, 503, "done", 1)?;
    ensure!(second.is_quiet()?, "it was sent again");
    Ok(())
}

#[test]
fn a_reset_within_an_unwanted_answer_that_is_passed_on_does_not_look_whole() -> Result<()> {
    let pool = also("attempts = 1");
    let (mut site, first, _second) = pair(&Plan { pool: &pool, ..TRIED })?;
    let mut client = site.asking(GET)?;
    let (mut busy, _) = received(&first, 0)?;
    busy.send("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nbusy")?;
    client.head()?;
    client.expect("busy")?;
    busy.abort()?;
    ensure!(client.rest()?.1 == Ended::Reset, "an orderly end");
    site.expect_line(client.local_addr()?, 503, "backend_reset")
}
