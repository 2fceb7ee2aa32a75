//! Other protocols after a 101.

use anyhow::{Result, ensure};
use trunkline_tests::http::wire::{Ended, Upstream, Wire};

use super::site::{Plan, Site};

const OFFER: &str =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const TOLD: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn offered(more: &str) -> Result<(Site, Upstream, Wire, Wire)> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let client = site.asking(format!("{OFFER}{more}"))?;
    let mut backend = upstream.accept()?;
    let head = backend.head()?;
    ensure!(head.ends_with("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), "{head}");
    Ok((site, upstream, client, backend))
}

#[test]
fn bytes_pass_both_ways_after_the_switch_and_not_before() -> Result<()> {
    let (mut site, _upstream, mut client, mut backend) = offered("early, ")?;
    client.send("and later, ")?;
    // What was sent too early has reached the server by the time that an interim answer is back.
    backend.send("HTTP/1.1 103 Early Hints\r\n\r\n")?;
    client.expect("HTTP/1.1 103 Early Hints\r\n\r\n")?;
    ensure!(backend.is_quiet()?, "something was sent before the switch");
    backend.send(format!("{SWITCH}hello"))?;
    client.expect(format!("{TOLD}hello"))?;
    client.send("and last\0\r\n\r\nGET / HTTP/1.1\r\n\r\n")?;
    backend.expect("early, and later, and last\0\r\n\r\nGET / HTTP/1.1\r\n\r\n")?;
    backend.send("HTTP/1.1 200 OK\r\n\r\n")?;
    client.expect("HTTP/1.1 200 OK\r\n\r\n")?;
    client.finish()?;
    backend.expect_end()?;
    backend.send("bye")?;
    drop(backend);
    client.expect("bye")?;
    client.expect_end()?;
    let line = site.line(client.local_addr()?)?;
    let how = (&line["status"], &line["phase"], &line["code"]);
    ensure!(how == (&101.into(), &"stream".into(), &"done".into()), "{line}");
    Ok(())
}

#[test]
fn a_reset_after_the_switch_is_passed_on() -> Result<()> {
    let (_site, _upstream, mut client, mut backend) = offered("")?;
    backend.send(SWITCH)?;
    client.expect(TOLD)?;
    backend.abort()?;
    let (rest, ended) = client.rest()?;
    ensure!(rest.is_empty() && ended == Ended::Reset, "{rest:?}, {ended:?}");
    Ok(())
}

#[test]
fn an_offer_that_is_not_taken_up_is_an_ordinary_request() -> Result<()> {
    let (_site, _upstream, mut client, mut backend) = offered("")?;
    backend.send(OK)?;
    client.expect(OK)?;
    client.send("GET /y HTTP/1.1\r\nHost: a\r\n\r\n")?;
    ensure!(backend.head()?.starts_with("GET /y "), "another request came");
    backend.send(OK)?;
    client.expect(OK)
}

#[test]
fn a_request_behind_an_offer_that_is_not_taken_up_is_served_and_checked() -> Result<()> {
    let behind = "GET /y HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n";
    let (_site, _upstream, mut client, mut backend) = offered(behind)?;
    ensure!(backend.is_quiet()?, "it was sent before the answer");
    backend.send(OK)?;
    client.expect(OK)?;
    let head = backend.head()?;
    ensure!(head.starts_with("GET /y ") && !head.contains("1.2.3.4"), "{head}");
    backend.send(OK)?;
    client.expect(OK)
}

#[test]
fn a_backend_that_refuses_an_offer_with_426_is_passed_on() -> Result<()> {
    let (_site, _upstream, mut client, mut backend) = offered("")?;
    backend.send("HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n")?;
    let answer = client.answer()?;
    ensure!(answer.status == 426, "{answer:?}");
    Ok(())
}

#[test]
fn a_switch_before_the_end_of_the_body_loses_nothing_of_it() -> Result<()> {
    let length = 8 << 20;
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking(format!(
        "POST /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Content-Length: {length}\r\n\r\n"
    ))?;
    let mut sender = client.try_clone()?;
    let sending = std::thread::Builder::new().spawn(move || {
        sender.send(vec![b'x'; length])?;
        sender.send("after")
    })?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    // By then a piece is with the proxy that the backend has no room for.
    for _ in 0..64 {
        backend.send("HTTP/1.1 103 Early Hints\r\n\r\n")?;
        client.head()?;
    }
    backend.send(SWITCH)?;
    client.expect(TOLD)?;
    ensure!(backend.bytes(length)?.iter().all(|byte| *byte == b'x'), "another body came");
    backend.expect("after")?;
    sending.join().map_err(|_| anyhow::anyhow!("the sender panicked"))?
}
