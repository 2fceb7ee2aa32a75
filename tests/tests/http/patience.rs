//! The times that a client and a backend are given.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use trunkline_tests::http::wire::Ended;

use super::site::{Plan, Site, still_serves};

/// Between two lines of a head that drips.
const PACE: Duration = Duration::from_millis(20);
const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_connection_on_which_nothing_is_asked_ends_in_silence() -> Result<()> {
    let plan = Plan { http: "keep_alive = \"200ms\"", ..Plan::PLAIN };
    let (site, upstream) = Site::in_front(&plan)?;
    site.connect()?.expect_end()?;
    // And after a request.
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send(OK)?;
    client.answer()?;
    client.expect_end()
}

#[test]
fn a_head_that_does_not_come_to_its_end_is_a_408() -> Result<()> {
    let plan = Plan { http: "head = \"200ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    for beginning in ["G", "GET /x HTTP/1.1\r\nHost: a\r\n", "\r\n"] {
        let mut client = site.asking(beginning)?;
        let answer = client.answer()?;
        ensure!(answer.status == 408 && answer.closes(), "{answer:?}");
        client.expect_end()?;
        site.expect_line(client.local_addr()?, 408, "head_timeout")?;
    }
    ensure!(upstream.is_quiet()?, "somebody was asked");
    Ok(())
}

#[test]
fn a_head_that_drips_has_no_more_time_than_any_other() -> Result<()> {
    let plan = Plan { http: "head = \"300ms\"", ..Plan::PLAIN };
    let (site, _upstream) = Site::in_front(&plan)?;
    let mut client = site.asking("GET /x HTTP/1.1\r\nHost: a\r\n")?;
    let mut sender = client.try_clone()?;
    let (enough, go_on) = mpsc::channel::<()>();
    let dripping = Builder::new().spawn(move || {
        // A line at a time, and never the last one.
        while go_on.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
            if sender.send("X: y\r\n").is_err() {
                return;
            }
        }
    })?;
    let answer = client.answer()?;
    ensure!(answer.status == 408, "{answer:?}");
    drop((client, enough));
    dripping.join().map_err(|_| anyhow::anyhow!("the sender panicked"))
}

#[test]
fn a_second_head_has_no_more_time_than_the_first() -> Result<()> {
    const HEAD: Duration = Duration::from_secs(2);
    let plan =
        Plan { http: "head = \"2s\"", routes: "{ answer = { body = \"own\" } }", ..Plan::PLAIN };
    let (site, _upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(GET)?;
    client.answer()?;
    let began = Instant::now();
    client.send("GET /x HTTP/1.1\r\n")?;
    let answer = client.answer()?;
    let took = began.elapsed();
    ensure!(answer.status == 408 && took < 2 * HEAD, "{answer:?} after {took:?}");
    Ok(())
}

#[test]
fn what_a_client_sends_for_later_keeps_no_stalled_answer_alive() -> Result<()> {
    let plan = Plan { http: "body = \"300ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")?;
    client.head()?;
    let mut sender = client.try_clone()?;
    let (enough, go_on) = mpsc::channel::<()>();
    let dripping = Builder::new().spawn(move || {
        while go_on.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
            if sender.send("G").is_err() {
                return;
            }
        }
    })?;
    let (_, ended) = client.rest()?;
    ensure!(ended == Ended::Reset, "a truncated answer ends in order");
    site.expect_line(client.local_addr()?, 200, "backend_stalled")?;
    drop(enough);
    dripping.join().map_err(|_| anyhow::anyhow!("the sender panicked"))
}

#[test]
fn a_body_that_stops_is_a_408_and_the_backend_is_cut_off() -> Result<()> {
    let plan = Plan { http: "body = \"200ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    for head in ["Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n9\r\n"] {
        let mut client = site.asking(format!("POST /x HTTP/1.1\r\nHost: a\r\n{head}hello"))?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        let answer = client.answer()?;
        ensure!(answer.status == 408 && answer.closes(), "{answer:?}");
        client.expect_end()?;
        let (_, ended) = backend.rest()?;
        ensure!(ended == Ended::Reset, "the backend could take it for whole");
        site.expect_line(client.local_addr()?, 408, "body_timeout")?;
    }
    still_serves(&site, &upstream)
}

#[test]
fn a_whole_request_has_a_deadline() -> Result<()> {
    let plan = Plan { http: "request = \"300ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    let answer = client.answer()?;
    ensure!(answer.status == 504, "{answer:?}");
    site.expect_line(client.local_addr()?, 504, "request_timeout")?;
    // In the middle of an answer there is nothing left to say.
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")?;
    let (_, ended) = client.rest()?;
    ensure!(ended == Ended::Reset, "a truncated answer ends in order");
    Ok(())
}

#[test]
fn an_answer_that_its_client_does_not_take_ends_by_force() -> Result<()> {
    let plan = Plan { http: "body = \"200ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    // Where the end of the connection is the end of the body, an orderly one would make it whole.
    let mut client = site.asking("GET /x HTTP/1.0\r\nHost: a\r\n\r\n")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\n\r\n")?;
    let piece = vec![b'x'; 1 << 16];
    while backend.send(&piece).is_ok() {}
    site.expect_line(client.local_addr()?, 200, "client_stalled")?;
    let (_, ended) = client.rest()?;
    ensure!(ended == Ended::Reset, "a truncated answer ends in order");
    still_serves(&site, &upstream)
}
