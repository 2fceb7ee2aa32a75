//! What a backend answers: framing that smuggles, bodies where there are none, heads that are none.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use trunkline_tests::http::lenient;
use trunkline_tests::http::origin::{Origin, Reply, Then};
use trunkline_tests::http::wire::Ended;

use super::run::{LIMITED, innocent};
use crate::SOON;
use crate::site::Site;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Get,
    Head,
    Post,
    /// GET of HTTP/1.0.
    Old,
    /// GET with an offer to switch to `websocket`.
    Upgrade,
}

/// What the client is told.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// Exactly this, and the connection stays.
    Stays(&'static str),
    /// Exactly this, and an end in order.
    Ends(&'static str),
    /// Something that begins so, and is cut off.
    Cut(&'static str, &'static str),
    /// 502, with this code in the log.
    Bad(&'static str),
}
use Ask::{Get, Head, Old, Post, Upgrade};
use Told::{Bad, Cut, Ends, Stays};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const OK_OLD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const SECOND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

type Case = (&'static str, Ask, &'static str, Then, Told);

/// Answers, and what the client gets. `§` stands for a second answer that nobody asked for.
const CASES: [Case; 78] = [
    ("an answer", Get, OK, Then::Next, Stays(OK)),
    (
        "a second answer behind a length",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok§",
        Then::Next,
        Stays(OK),
    ),
    (
        "a second answer behind chunks",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n§",
        Then::Next,
        Stays("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    ),
    (
        "a second answer to POST",
        Post,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok§",
        Then::Next,
        Stays(OK),
    ),
    (
        "bytes behind a length",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!",
        Then::Next,
        Stays(OK),
    ),
    (
        "a line end behind a length",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n",
        Then::Next,
        Stays(OK),
    ),
    ("a body to HEAD", Head, OK, Then::Next, Stays("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")),
    (
        "a chunked body to HEAD",
        Head,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Then::Next,
        Stays("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ),
    (
        "a second answer to HEAD",
        Head,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n§",
        Then::Next,
        Stays("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ),
    (
        "HEAD without a length",
        Head,
        "HTTP/1.1 200 OK\r\nX: y\r\n\r\n",
        Then::Next,
        Stays("HTTP/1.1 200 OK\r\nX: y\r\n\r\n"),
    ),
    (
        "204 with a length and a body",
        Get,
        "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 204 No Content\r\n\r\n"),
    ),
    (
        "204 and a second answer",
        Get,
        "HTTP/1.1 204 No Content\r\n\r\n§",
        Then::Next,
        Stays("HTTP/1.1 204 No Content\r\n\r\n"),
    ),
    (
        "204 with chunks",
        Get,
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Then::Next,
        Bad("misplaced_coding"),
    ),
    (
        "304 with a length",
        Get,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: x\r\n\r\n",
        Then::Next,
        Stays("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: x\r\n\r\n"),
    ),
    (
        "304 with a body",
        Get,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n"),
    ),
    (
        "304 and a second answer",
        Get,
        "HTTP/1.1 304 Not Modified\r\n\r\n§",
        Then::Next,
        Stays("HTTP/1.1 304 Not Modified\r\n\r\n"),
    ),
    (
        "205 with a body",
        Get,
        "HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok"),
    ),
    (
        "both framings",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        Then::Next,
        Bad("length_and_coding"),
    ),
    (
        "both framings, the coding first",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n0\r\n\r\n",
        Then::Next,
        Bad("length_and_coding"),
    ),
    (
        "both framings to HEAD",
        Head,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        Then::Next,
        Bad("length_and_coding"),
    ),
    (
        "two lengths",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nokok",
        Then::Next,
        Bad("bad_length"),
    ),
    (
        "the same length twice",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Bad("bad_length"),
    ),
    (
        "a list of lengths",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        Then::Next,
        Bad("bad_length"),
    ),
    (
        "a negative length",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
        Then::Next,
        Bad("bad_length"),
    ),
    (
        "a length with a plus",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        Then::Next,
        Bad("bad_length"),
    ),
    (
        "a length that wraps around",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok",
        Then::Next,
        Bad("bad_length"),
    ),
    (
        "a bad length in 304",
        Get,
        "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n",
        Then::Next,
        Bad("bad_length"),
    ),
    (
        "an unknown coding",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        Then::End,
        Bad("unknown_coding"),
    ),
    (
        "gzip and chunked",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        Then::Next,
        Bad("unknown_coding"),
    ),
    (
        "chunked twice",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Then::Next,
        Bad("unknown_coding"),
    ),
    (
        "a coding in HTTP/1.0",
        Get,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Then::End,
        Bad("misplaced_coding"),
    ),
    (
        "an interim answer",
        Get,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays(
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ),
    ),
    (
        "an interim answer to HTTP/1.0",
        Old,
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Ends(OK_OLD),
    ),
    (
        "an interim answer with a length",
        Get,
        "HTTP/1.1 102 Processing\r\nContent-Length: 50\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ),
    (
        "an interim answer with chunks",
        Get,
        "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n",
        Then::Next,
        Bad("misplaced_coding"),
    ),
    (
        "an interim answer that closes",
        Get,
        "HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ),
    (
        "an interim answer alone",
        Get,
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        Then::End,
        Bad("backend_reset"),
    ),
    (
        "101 unasked",
        Get,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n§",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 to POST",
        Post,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 to HTTP/1.0",
        Old,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 without Upgrade",
        Upgrade,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 to h2c",
        Upgrade,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 in HTTP/1.0",
        Upgrade,
        "HTTP/1.0 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        Then::Next,
        Bad("unasked_upgrade"),
    ),
    (
        "101 after an interim one",
        Upgrade,
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi",
        Then::End,
        Ends(
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi",
        ),
    ),
    (
        "an upgrade refused",
        Upgrade,
        "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays(OK),
    ),
    ("garbage", Get, "garbage\r\n\r\n", Then::Next, Bad("bad_head")),
    ("garbage before an answer", Get, "x§", Then::Next, Bad("bad_head")),
    ("an empty line before an answer", Get, "\r\n§", Then::Next, Bad("bad_head")),
    ("HTTP/0.9", Get, "<html>hello</html>", Then::End, Bad("bad_head")),
    ("HTTP/2", Get, "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Next, Bad("bad_version")),
    (
        "HTTP/1.2",
        Get,
        "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_version"),
    ),
    (
        "a status of two digits",
        Get,
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_head"),
    ),
    (
        "a status of four digits",
        Get,
        "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_head"),
    ),
    (
        "a status below 100",
        Get,
        "HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_status"),
    ),
    (
        "a status above 599",
        Get,
        "HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_status"),
    ),
    (
        "line feeds alone",
        Get,
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        Then::Next,
        Bad("bad_head"),
    ),
    (
        "a line feed that hides a length",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Bad("bad_head"),
    ),
    (
        "a carriage return in a value",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\rSet-Cookie: a=b\r\n\r\n",
        Then::Next,
        Bad("bad_head"),
    ),
    (
        "a folded value",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_head"),
    ),
    (
        "a space before a colon",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        Then::Next,
        Bad("bad_head"),
    ),
    (
        "NUL in a value",
        Get,
        "HTTP/1.1 200 OK\r\nX: y\0\r\nContent-Length: 0\r\n\r\n",
        Then::Next,
        Bad("bad_head"),
    ),
    ("no colon", Get, "HTTP/1.1 200 OK\r\nX\r\n\r\n", Then::Next, Bad("bad_head")),
    (
        "no reason",
        Get,
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
    ),
    (
        "hop-by-hop fields",
        Get,
        "HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: x\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays(OK),
    ),
    (
        "framing named in Connection",
        Get,
        "HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays(OK),
    ),
    (
        "a close of the backend's own",
        Get,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        Then::Next,
        Stays(OK),
    ),
    (
        "HTTP/1.0 of the backend",
        Get,
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Then::End,
        Stays(OK),
    ),
    (
        "until the end",
        Get,
        "HTTP/1.1 200 OK\r\n\r\nok",
        Then::End,
        Stays("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    ),
    (
        "until the end, to HTTP/1.0",
        Old,
        "HTTP/1.1 200 OK\r\n\r\nok",
        Then::End,
        Ends("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"),
    ),
    (
        "chunks to HTTP/1.0",
        Old,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x\r\nk\r\n0\r\nX: y\r\n\r\n",
        Then::Next,
        Ends("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"),
    ),
    (
        "extensions and trailers",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX: y\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n",
        Then::Next,
        Stays("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n"),
    ),
    (
        "a chunk that is none",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        Then::Next,
        Bad("bad_chunk"),
    ),
    (
        "a chunk that is none, to HTTP/1.0",
        Old,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 2\r\nok\r\n0\r\n\r\n",
        Then::Next,
        Bad("bad_chunk"),
    ),
    (
        "a head without an end",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        Then::End,
        Bad("backend_reset"),
    ),
    (
        "a length that is not reached",
        Get,
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        Then::End,
        Cut("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "truncated"),
    ),
    (
        "chunks without an end",
        Get,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        Then::End,
        Cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "truncated"),
    ),
    ("nothing at all", Post, "", Then::End, Bad("backend_reset")),
    ("a reset at once", Post, "", Then::Reset, Bad("backend_reset")),
];

fn request(ask: Ask, number: usize) -> String {
    match ask {
        Get => format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"),
        Head => format!("HEAD /{number} HTTP/1.1\r\nHost: a\r\n\r\n"),
        Post => format!("POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"),
        Old => format!("GET /{number} HTTP/1.0\r\nHost: a\r\n\r\n"),
        Upgrade => format!(
            "GET /{number} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        ),
    }
}

fn make(site: &mut Site, number: usize, (_, ask, _, _, told): Case) -> Result<()> {
    site.forget();
    let mut client = site.asking(request(ask, number))?;
    let address = client.local_addr()?;
    let (bytes, ended, code) = match told {
        Stays(bytes) => {
            client.expect(bytes)?;
            client.finish()?;
            ("", Ended::Clean, "done")
        }
        Ends(bytes) => {
            client.expect(bytes)?;
            ("", Ended::Clean, "done")
        }
        Cut(bytes, code) => (bytes, Ended::Reset, code),
        Bad(code) => {
            let mut answer = client.answer_to(ask == Head)?;
            if answer.status == 103 {
                answer = client.answer()?;
            }
            ensure!(answer.status == 502, "{answer:?} instead of 502");
            client.finish()?;
            ("", Ended::Clean, code)
        }
    };
    let (rest, end) = client.rest()?;
    let rest = String::from_utf8_lossy(&rest);
    // What is on its way to a client that is cut off may be lost.
    let fits = if ended == Ended::Reset { bytes.starts_with(&*rest) } else { rest == bytes };
    ensure!(fits && end == ended, "{rest:?} and an end: {end:?}");
    // An upgrade lasts until both sides have ended; others are gone by now.
    let _gone = client.finish();
    let line = site.line(address)?;
    ensure!(line["code"] == code, "{line}");
    Ok(())
}

#[test]
fn an_answer_is_one_answer_to_every_client_or_none() -> Result<()> {
    let origin = Origin::start(lenient::ALL[0], |seen| {
        let number: Option<usize> = seen.target.trim_start_matches('/').parse().ok();
        match number.and_then(|number| CASES.get(number)) {
            Some((_, _, answer, then, _)) => {
                Reply { bytes: answer.replace('§', SECOND).into_bytes(), then: *then }
            }
            None => super::run::echo(seen),
        }
    })?;
    let mut site = Site::start(&LIMITED, &[origin.address()])?;
    let mut wrong = Vec::new();
    for (number, case) in CASES.into_iter().enumerate() {
        let made = make(&mut site, number, case)
            .and_then(|()| innocent(&site, &number.to_string()).context("afterwards"));
        if let Err(error) = made {
            wrong.push(format!("{}: {error:#}", case.0));
        }
    }
    site.process().signal(Signal::TERM)?;
    site.process().wait(SOON)?;
    let record = origin.into_record()?;
    let asked: usize = record.iter().map(|bytes| lenient::ALL[0].all(bytes).0.len()).sum();
    // Nothing was sent twice, though every GET could have been.
    ensure!(asked == 2 * CASES.len() || !wrong.is_empty(), "{asked} requests came");
    ensure!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn a_storm_of_interim_answers_ends() -> Result<()> {
    let storm: Arc<str> = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100).into();
    let origin = Origin::start(lenient::ALL[0], move |_| Reply {
        bytes: storm.as_bytes().to_vec(),
        then: Then::Next,
    })?;
    let mut site = Site::start(&LIMITED, &[origin.address()])?;
    let mut client = site.asking(request(Get, 0))?;
    let answer = loop {
        let answer = client.answer()?;
        if answer.status != 103 {
            break answer;
        }
    };
    ensure!(answer.status == 502, "{answer:?}");
    site.expect_line(client.local_addr()?, 502, "too_many_interim_answers")
}
