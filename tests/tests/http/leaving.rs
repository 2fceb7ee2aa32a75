//! Clients that half-close or go away.

use anyhow::{Result, ensure};
use trunkline_tests::http::wire::Ended;

use super::site::{Plan, Site, still_serves};

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_client_that_ends_its_side_behind_its_request_is_answered() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    for request in [GET, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"] {
        let mut client = site.asking(request)?;
        client.finish()?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        backend.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")?;
        ensure!(client.answer()?.text() == "ok", "no answer");
        client.expect_end()?;
    }
    Ok(())
}

#[test]
fn a_client_that_is_gone_takes_its_request_along() -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let client = site.asking(GET)?;
    let address = client.local_addr()?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    client.abort()?;
    let (rest, ended) = backend.rest()?;
    ensure!(rest.is_empty() && ended == Ended::Reset, "{rest:?}, {ended:?}");
    site.expect_line(address, 0, "client_reset")?;
    still_serves(&site, &upstream)
}

#[test]
fn a_client_that_goes_within_its_answer_takes_the_backend_along() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nbegin")?;
    client.head()?;
    // An orderly end with unread bytes on the way is a reset once they arrive.
    drop(client);
    let piece = vec![b'x'; 1 << 16];
    while backend.send(&piece).is_ok() {}
    still_serves(&site, &upstream)
}

#[test]
fn a_client_that_goes_within_its_body_takes_the_backend_along() -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    for abort in [false, true] {
        let client =
            site.asking("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegin")?;
        let address = client.local_addr()?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        backend.expect("begin")?;
        if abort {
            client.abort()?
        } else {
            drop(client)
        }
        let (rest, ended) = backend.rest()?;
        // In order it could be taken for the end of something.
        ensure!(rest.is_empty() && ended == Ended::Reset, "{rest:?}, {ended:?}");
        site.expect_line(address, 0, if abort { "client_reset" } else { "client_closed" })?;
    }
    still_serves(&site, &upstream)
}

#[test]
fn a_client_that_goes_within_its_head_asks_nobody() -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking("GET /x HTTP/1.1\r\nHost: a\r\nX: ")?;
    client.finish()?;
    client.expect_end()?;
    site.expect_line(client.local_addr()?, 0, "client_closed")?;
    ensure!(upstream.is_quiet()?, "somebody was asked");
    Ok(())
}

#[test]
fn requests_behind_an_end_are_answered_before_the_connection_ends() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking(format!("{GET}{GET}"))?;
    client.finish()?;
    let mut backend = upstream.accept()?;
    for _ in 0..2 {
        backend.head()?;
        backend.send(OK)?;
        ensure!(client.answer()?.text() == "ok", "no answer");
    }
    client.expect_end()
}

#[test]
fn a_client_that_stops_reading_cannot_take_what_it_has_for_the_whole() -> Result<()> {
    let plan = Plan { http: "body = \"200ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    // To HTTP/1.0 the end of the connection is the end of the answer.
    let mut client = site.asking("GET /x HTTP/1.0\r\nHost: a\r\n\r\n")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\n\r\n")?;
    let piece = vec![b'x'; 1 << 16];
    while backend.send(&piece).is_ok() {}
    site.expect_line(client.local_addr()?, 200, "client_stalled")?;
    let (_, ended) = client.rest()?;
    ensure!(ended == Ended::Reset, "a truncated answer ends in order");
    Ok(())
}

#[test]
fn an_answer_of_our_own_never_stands_within_one_of_the_backend() -> Result<()> {
    let http = "head_size = \"1MiB\"\nrequest = \"1s\"";
    let (site, upstream) = Site::in_front(&Plan { http, ..Plan::PLAIN })?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    // More than the kernel takes for a client that does not read.
    let hint = format!("HTTP/1.1 103 Early Hints\r\nX: {}\r\n\r\n", "x".repeat(500_000));
    while backend.send(&hint).is_ok() {}
    let (seen, ended) = client.rest()?;
    let seen = String::from_utf8(seen)?;
    let own = seen.find("HTTP/1.1 504").map_or("", |at| seen.get(..at).unwrap_or_default());
    ensure!(own.is_empty() || own.ends_with("\r\n\r\n"), "in the middle of a field");
    ensure!(ended == Ended::Reset, "a truncated answer ends in order");
    Ok(())
}
