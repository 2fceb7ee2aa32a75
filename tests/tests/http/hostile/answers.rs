//! What a backend answers.
//!
//! | File | What is hostile |
//! |---|---|
//! | `bodies` | bodies where there are none, more than was asked for, less than was said |
//! | `framing` | lengths and codings |
//! | `interim` | interim answers, switches that nobody asked for |
//! | `heads` | heads that are none |

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

mod bodies;
mod framing;
mod heads;
mod interim;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const OK_OLD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const SECOND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

/// Its name, what is asked, what the backend says and then does, and what the client gets. `§` stands
/// for a second answer that nobody asked for.
type Case = (&'static str, Ask, &'static str, Then, Told);

fn cases() -> Vec<Case> {
    [&bodies::CASES[..], &framing::CASES, &interim::CASES, &heads::CASES].concat()
}

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
    let cases = cases();
    let said = cases.clone();
    let origin = Origin::start(lenient::ALL[0], move |seen| {
        let number: Option<usize> = seen.target.trim_start_matches('/').parse().ok();
        match number.and_then(|number| said.get(number)) {
            Some((_, _, answer, then, _)) => {
                Reply { bytes: answer.replace('§', SECOND).into_bytes(), then: *then }
            }
            None => super::run::echo(seen),
        }
    })?;
    let mut site = Site::start(&LIMITED, &[origin.address()])?;
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().copied().enumerate() {
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
    ensure!(asked == 2 * cases.len() || !wrong.is_empty(), "{asked} requests came");
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
