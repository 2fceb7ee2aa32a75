//! SIGTERM in the middle.

use anyhow::{Result, ensure};
use rustix::process::Signal;

use super::SOON;
use super::site::{Plan, Site};

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_request_under_way_gets_its_whole_answer_and_a_close() -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut idle = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send(OK)?;
    idle.answer()?;
    let mut waiting = site.asking(GET)?;
    backend.head()?;
    let mut uploading =
        site.asking("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhe")?;
    let mut taking = upstream.accept()?;
    taking.head()?;
    taking.expect("he")?;
    let mut reading = site.asking(GET)?;
    let mut giving = upstream.accept()?;
    giving.head()?;
    giving.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")?;
    reading.head()?;

    site.process().signal(Signal::TERM)?;
    // Who waits for nothing is told at once; the drain has begun.
    idle.expect_end()?;
    backend.send(OK)?;
    let answer = waiting.answer()?;
    ensure!(answer.closes() && answer.text() == "ok", "{answer:?}");
    waiting.expect_end()?;
    uploading.send("y!")?;
    taking.expect("y!")?;
    taking.send(OK)?;
    let answer = uploading.answer()?;
    ensure!(answer.closes() && answer.text() == "ok", "{answer:?}");
    uploading.expect_end()?;
    giving.send("ay")?;
    reading.expect("okay")?;
    reading.expect_end()?;
    drop((idle, waiting, uploading, reading));
    let status = site.process().wait(SOON)?;
    ensure!(status.success(), "{status}");
    Ok(())
}

#[test]
fn an_answer_that_outlasts_the_drain_does_not_look_whole() -> Result<()> {
    let plan = Plan { server: "drain = \"300ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\n\r\nok")?;
    client.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")?;
    site.process().signal(Signal::TERM)?;
    let (rest, _) = client.rest()?;
    ensure!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    Ok(())
}
