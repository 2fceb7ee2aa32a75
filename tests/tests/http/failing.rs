//! Backends that fail in the middle, stall, answer too early, or close what was kept.

use anyhow::{Result, ensure};
use trunkline_tests::http::answer::{Answer, find};
use trunkline_tests::http::wire::{Ended, Upstream};

use super::site::{Plan, Site, still_serves};

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const OLD: &str = "GET /x HTTP/1.0\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPLOAD: &str = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegin";

/// The beginnings of answers, each with what stands for it being in the middle of its body.
const BEGINNINGS: [&str; 3] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n",
    "HTTP/1.1 200 OK\r\n\r\nbegin",
];

/// A client that has the beginning of an answer, whose backend then ends or resets.
fn cut(request: &str, beginning: &str, reset: bool) -> Result<(Vec<u8>, Ended, String)> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking(request)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send(beginning)?;
    let mut seen = client.head()?.into_bytes();
    while find(&seen, b"begin").is_none() {
        seen.extend_from_slice(&client.bytes(1)?);
    }
    if reset {
        backend.abort()?
    } else {
        drop(backend)
    }
    let (rest, ended) = client.rest()?;
    seen.extend_from_slice(&rest);
    let line = site.line(client.local_addr()?)?;
    still_serves(&site, &upstream)?;
    Ok((seen, ended, line["code"].as_str().unwrap_or_default().to_owned()))
}

#[test]
fn an_answer_that_breaks_off_never_looks_whole() -> Result<()> {
    for beginning in BEGINNINGS {
        for (request, reset) in [(GET, false), (GET, true), (OLD, false), (OLD, true)] {
            let until_end = beginning == BEGINNINGS[2] && !reset;
            if until_end {
                // That is how such an answer ends.
                continue;
            }
            let (seen, ended, code) = cut(request, beginning, reset)?;
            let whole = Answer::read(&seen, false, ended == Ended::Clean)?;
            ensure!(whole.is_none(), "{whole:?} of {beginning:?}, reset: {reset}");
            ensure!(ended == Ended::Reset, "an orderly end of {beginning:?}, reset: {reset}");
            let expected = if reset { "backend_reset" } else { "truncated" };
            ensure!(code == expected, "{code} of {beginning:?}, reset: {reset}");
        }
    }
    Ok(())
}

#[test]
fn an_answer_until_the_end_is_whole_with_it() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    for request in [GET, OLD] {
        let mut client = site.asking(request)?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        backend.send(BEGINNINGS[2])?;
        drop(backend);
        ensure!(client.answer()?.text() == "begin", "another body came");
    }
    Ok(())
}

#[test]
fn a_backend_that_never_answers_is_given_up_and_its_place_freed() -> Result<()> {
    let plan = Plan { http: "first_byte = \"200ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    let answer = client.answer()?;
    ensure!(answer.status == 504, "{answer:?}");
    let (_, ended) = backend.rest()?;
    ensure!(ended == Ended::Reset, "the backend is not told");
    site.expect_line(client.local_addr()?, 504, "first_byte_timeout")?;
    // The same client may go on.
    client.send(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send(OK)?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    Ok(())
}

#[test]
fn a_backend_with_one_place_serves_the_next_after_each_failure() -> Result<()> {
    let plan = Plan { http: "first_byte = \"200ms\"\nbody = \"200ms\"", ..Plan::PLAIN };
    let (site, upstream) = Site::in_front(&plan)?;
    // Never answers, breaks off, answers nonsense, ends at once.
    for (said, status) in [("", 504), ("garbage\r\n", 502), ("HTTP/1.1 2", 504)] {
        let mut client = site.asking(GET)?;
        let mut backend = upstream.accept()?;
        backend.head()?;
        backend.send(said)?;
        let answer = client.answer()?;
        ensure!(answer.status == status, "{answer:?} to {said:?}");
        still_serves_fresh(&site, &upstream)?;
    }
    Ok(())
}

/// As [`still_serves`], and the connection is not kept.
fn still_serves_fresh(site: &Site, upstream: &Upstream) -> Result<()> {
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")?;
    ensure!(client.answer()?.text() == "ok", "no answer");
    Ok(())
}

#[test]
fn an_answer_that_stalls_is_cut_off() -> Result<()> {
    let plan = Plan { http: "body = \"200ms\"", ..Plan::PLAIN };
    let (mut site, upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.send(BEGINNINGS[0])?;
    let (seen, ended) = client.rest()?;
    ensure!(ended == Ended::Reset, "an orderly end after {:?}", String::from_utf8_lossy(&seen));
    site.expect_line(client.local_addr()?, 200, "backend_stalled")?;
    still_serves(&site, &upstream)
}

#[test]
fn an_answer_that_drips_is_passed_on_drop_by_drop() -> Result<()> {
    // Longer than the whole drip may take, as long as something moves.
    let plan = Plan { http: "body = \"2s\"", ..Plan::PLAIN };
    let (site, upstream) = Site::in_front(&plan)?;
    let mut client = site.asking(GET)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n";
    for byte in answer.as_bytes() {
        backend.send([*byte])?;
        std::thread::yield_now();
    }
    client.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
}

/// An answer that comes before the body was sent: the client gets it, and nobody uses the
/// backend's connection again.
fn early(answer: &str, expected: &str) -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let mut client = site.asking(UPLOAD)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    backend.expect("begin")?;
    backend.send(answer)?;
    client.expect(expected)?;
    // It has its answer, and nothing waits for the rest of its body.
    client.expect_end()?;
    backend.rest()?;
    let status = expected.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
    site.expect_line(client.local_addr()?, status, "done")?;
    still_serves(&site, &upstream)
}

#[test]
fn an_early_refusal_reaches_the_client_and_ends_both_connections() -> Result<()> {
    let told = "HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
    early("HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", told)?;
    early("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno", told)
}

#[test]
fn an_early_success_reaches_the_client_and_ends_both_connections() -> Result<()> {
    early(OK, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
}

#[test]
fn a_backend_that_refuses_a_large_body_and_goes_is_still_heard() -> Result<()> {
    let (site, upstream) = Site::in_front(&Plan::PLAIN)?;
    let length = 8 << 20;
    let head = format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let client = site.asking(head)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    // The client goes on sending until it is stopped, as most do.
    let mut sender = client.try_clone()?;
    let sending = std::thread::Builder::new().spawn(move || {
        let piece = vec![b'x'; 1 << 16];
        for _ in 0..length >> 16 {
            if sender.send(&piece).is_err() {
                return;
            }
        }
    })?;
    backend.bytes(1 << 16)?;
    backend.send("HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")?;
    // With unread bytes this is a reset, which comes right behind the answer.
    drop(backend);
    let mut client = client;
    let answer = client.answer()?;
    ensure!(answer.status == 413, "{answer:?}");
    drop(client);
    sending.join().map_err(|_| anyhow::anyhow!("the sender panicked"))?;
    still_serves(&site, &upstream)
}

#[test]
fn a_backend_that_is_not_there_is_a_bad_gateway() -> Result<()> {
    let (mut site, upstream) = Site::in_front(&Plan::PLAIN)?;
    drop(upstream);
    let mut client = site.asking(GET)?;
    let answer = client.answer()?;
    ensure!(answer.status == 502, "{answer:?}");
    site.expect_line(client.local_addr()?, 502, "refused")
}

#[test]
fn the_line_of_a_request_that_nobody_could_be_asked_names_the_pool() -> Result<()> {
    let pool = "attempts = 1\nfall = 1\nretry_after = \"1m\"";
    let (mut site, upstream) = Site::in_front(&Plan { pool, ..Plan::PLAIN })?;
    drop(upstream);
    ensure!(site.ask(GET)?.status == 502, "nobody was tried");
    let mut client = site.asking(GET)?;
    let answer = client.answer()?;
    ensure!(answer.status == 503, "{answer:?}");
    let line = site.line(client.local_addr()?)?;
    let told = (&line["code"], &line["pool"], &line["backend"], &line["tries"]);
    ensure!(told == (&"all_down".into(), &"main".into(), &"".into(), &0.into()), "{line}");
    Ok(())
}
