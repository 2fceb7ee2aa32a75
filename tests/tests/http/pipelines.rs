//! Many requests on one connection.

use anyhow::{Result, ensure};
use trunkline_tests::http::lenient::{self, Seen};
use trunkline_tests::http::origin::{Origin, Reply, Then};

use super::site::{Plan, Site};

/// Answers with the target.
fn echo(seen: &Seen) -> Reply {
    let (target, length) = (&seen.target, seen.target.len());
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{target}");
    Reply { bytes: answer.into_bytes(), then: Then::Next }
}

fn mixed() -> Plan<'static> {
    Plan {
        routes: "{ path = \"/own/\", answer = { body = \"own\" } }, \
                 { path = \"/no/\", host = \"b\", pool = \"main\" }, \
                 { path = \"/away/\", redirect = { to = \"http://b{target}\" } }, \
                 { path = \"/pool/\", pool = \"main\" }",
        ..Plan::PLAIN
    }
}

#[test]
fn fifty_requests_at_once_are_answered_in_order_whoever_answers() -> Result<()> {
    let origin = Origin::start(lenient::ALL[0], echo)?;
    let site = Site::start(&mixed(), &[origin.address()])?;
    let mut client = site.connect()?;
    let kinds = ["pool", "own", "pool", "away", "pool", "none"];
    let mut all = String::new();
    for number in 0..50 {
        let kind = kinds[number % kinds.len()];
        // Chunks that no backend takes would end the connection.
        let form = if kind == "pool" { number / 2 % 3 } else { number % 2 };
        all += &match form {
            0 => format!("GET /{kind}/{number} HTTP/1.1\r\nHost: a\r\n\r\n"),
            1 => format!(
                "POST /{kind}/{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
            ),
            _ => format!(
                "POST /{kind}/{number} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nhello\r\n0\r\n\r\n"
            ),
        };
    }
    client.send(&all)?;
    for number in 0..50 {
        let kind = kinds[number % kinds.len()];
        let answer = client.answer()?;
        let fits = match kind {
            "pool" => answer.text() == format!("/pool/{number}"),
            "own" => answer.status == 200 && answer.text() == "own",
            "away" => answer.field("Location") == Some(&format!("http://b/away/{number}")),
            _ => answer.status == 404,
        };
        ensure!(fits, "{kind} {number} got {answer:?}");
    }
    ensure!(client.is_quiet()?, "there is more than was asked for");
    Ok(())
}

#[test]
fn the_last_request_of_a_connection_says_so_and_what_is_behind_is_not_served() -> Result<()> {
    for route in ["{ pool = \"main\" }", "{ answer = { body = \"own\" } }"] {
        let origin = Origin::start(lenient::ALL[0], echo)?;
        let plan = Plan { http: "requests = 3", routes: route, ..Plan::PLAIN };
        let site = Site::start(&plan, &[origin.address()])?;
        let mut client = site.connect()?;
        client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5))?;
        for number in 1..=3 {
            let answer = client.answer()?;
            ensure!(answer.closes() == (number == 3), "{number}: {answer:?}");
        }
        client.expect_end()?;
    }
    Ok(())
}

#[test]
fn http_1_0_stays_only_where_it_asks_to() -> Result<()> {
    for route in ["{ pool = \"main\" }", "{ answer = { body = \"/x\" } }"] {
        let origin = Origin::start(lenient::ALL[0], echo)?;
        let site = Site::start(&Plan { routes: route, ..Plan::PLAIN }, &[origin.address()])?;
        let mut client = site.connect()?;
        for _ in 0..2 {
            client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")?;
            let answer = client.answer()?;
            let says = answer.field("Connection");
            ensure!(says == Some("keep-alive") && answer.text() == "/x", "{answer:?}");
        }
        client.send("GET /x HTTP/1.0\r\n\r\n")?;
        let answer = client.answer()?;
        ensure!(answer.closes() && answer.text() == "/x", "{answer:?}");
        client.expect_end()?;
    }
    Ok(())
}
