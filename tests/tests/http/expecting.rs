//! Expect: 100-continue: the backend decides, and the client hears what it says.

use anyhow::{Result, ensure};

use super::site::{Plan, Site, still_serves};

const HEAD: &str =
    "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
const GO_ON: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_client_is_told_to_go_on_when_the_backend_says_so() -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking(HEAD)?;
    let mut backend = upstream.accept()?;
    let head = backend.head()?;
    ensure!(head.contains("\r\nExpect: 100-continue\r\n"), "{head}");
    ensure!(client.is_quiet()?, "it was told before the backend was asked");
    backend.send(GO_ON)?;
    client.expect(GO_ON)?;
    client.send("hello")?;
    backend.expect("hello")?;
    backend.send(OK)?;
    client.expect(OK)?;
    let line = site.line(client.local_addr()?)?;
    ensure!(
        line["first_byte_us"].as_u64() >= line["wait_us"].as_u64(),
        "what came before the body was taken for the answer: {line}"
    );
    // Both connections are in step.
    client.send("GET /y HTTP/1.1\r\nHost: a\r\n\r\n")?;
    ensure!(backend.head()?.starts_with("GET /y "), "another request came");
    backend.send(OK)?;
    client.expect(OK)
}

#[test]
fn a_refusal_reaches_the_client_instead_and_the_body_is_not_waited_for() -> Result<()> {
    for status in [413, 417] {
        let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
        let mut client = site.asking(HEAD)?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        backend.send(format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n"))?;
        let answer = client.answer()?;
        // Nobody can tell whether the body still comes.
        ensure!(answer.status == status && answer.closes(), "{answer:?}");
        client.expect_end()?;
        backend.rest()?;
        site.expect_line(client.local_addr()?, u64::from(status), "done")?;
        still_serves(&site, &upstream)?;
    }
    Ok(())
}

#[test]
fn a_backend_that_ignores_it_gets_the_body_of_a_client_that_does_not_wait() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking(HEAD)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    client.send("hello")?;
    backend.expect("hello")?;
    backend.send(OK)?;
    client.expect(OK)
}

#[test]
fn a_client_that_waits_for_ever_is_timed_out() -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan { http: "body = \"200ms\"", ..Plan::PLAIN })?;
    let mut client = site.asking(HEAD)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    let answer = client.answer()?;
    ensure!(answer.status == 408 && answer.closes(), "{answer:?}");
    site.expect_line(client.local_addr()?, 408, "body_timeout")
}

#[test]
fn an_answer_of_our_own_comes_without_a_hundred_and_ends_the_connection() -> Result<()> {
    let plan = Plan { routes: "{ answer = { status = 403, body = \"no\" } }", ..Plan::PLAIN };
    let (site, upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(HEAD)?;
    let answer = client.answer()?;
    ensure!(answer.status == 403 && answer.closes() && answer.text() == "no", "{answer:?}");
    client.expect_end()?;
    ensure!(upstream.is_quiet()?, "somebody was asked");
    Ok(())
}
