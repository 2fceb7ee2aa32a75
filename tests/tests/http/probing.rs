//! Backends that are asked whether they would serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use trunkline_tests::http::answer::field;
use trunkline_tests::http::wire::{Ended, Upstream};

use super::SOON;
use super::desk::{Asked, Desk, Said, answer, name, ok};
use super::site::{Plan, Site};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// Whoever is out is tried by probes alone.
const RESTING: &str = "fall = 100\nretry_after = \"1h\"";
const OUT: &str = "backend is out";
const BACK: &str = "backend is back";
const QUICK: &str =
    "enabled = true\ninterval = \"200ms\"\ntimeout = \"200ms\"\nrise = 2\nfall = 2\n";

fn is_probe(asked: &Asked) -> bool {
    asked.target().starts_with("/healthz")
}

/// The first line with this message from the `from`th on, and the number of the next.
fn line(site: &mut Site, message: &str, from: usize) -> Result<(Value, usize)> {
    let said = site.process().stderr();
    let found = said.wait_for(from, Instant::now() + SOON, |line| line.contains(message));
    let (at, line) = found.map_err(|missing| anyhow!("no {message:?}: {missing:?}"))?;
    let line = serde_json::from_str(&line).with_context(|| format!("the log says {line:?}"))?;
    Ok((line, at + 1))
}

#[test]
fn a_probe_asks_as_it_was_told_to() -> Result<()> {
    for (more, first_line, host, fields) in [
        ("", "GET /healthz?a=1 HTTP/1.1", None, &[("User-Agent", "trunkline-probe")][..]),
        (
            "method = \"POST\"\nhost = \"www.example.com\"\nheaders = [{ name = \"x-probe\", \
             value = \"1 2\" }, { name = \"user-agent\", value = \"me\" }]",
            "POST /healthz?a=1 HTTP/1.1",
            Some("www.example.com"),
            &[("X-Probe", "1 2"), ("User-Agent", "me"), ("Content-Length", "0")][..],
        ),
        ("method = \"HEAD\"", "HEAD /healthz?a=1 HTTP/1.1", None, &[][..]),
    ] {
        let upstream = Upstream::new()?;
        let probe = format!("{QUICK}http = \"/healthz?a=1\"\n{more}");
        let _site = Site::start(&Plan { probe: &probe, ..Plan::PLAIN }, &[upstream.address()?])?;
        let mut backend = upstream.accept()?;
        let head = backend.head()?;
        ensure!(head.lines().next() == Some(first_line), "{head}");
        let address = upstream.address()?.to_string();
        ensure!(field(&head, "Host") == Some(host.unwrap_or(&address)), "{head}");
        ensure!(field(&head, "Connection") == Some("close"), "{head}");
        for (name, value) in fields {
            ensure!(field(&head, name) == Some(value), "{head}");
        }
        // Its end is at once, and by force: nobody waits for the other.
        backend.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        ensure!(backend.rest()?.1 == Ended::Reset, "an orderly end");
    }
    Ok(())
}

#[test]
fn what_an_answer_must_be_is_told_and_why_it_was_not() -> Result<()> {
    let body =
        |said: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
    for (more, said, cause, status) in [
        ("", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_owned(), "status", Some(500)),
        ("status = \"200-201, 204-205\"", body(""), "", None),
        ("status = \"201, 204-205\"", body(""), "status", Some(200)),
        ("body = \"ready\"", body("all is ready now"), "", None),
        ("body = \"ready\"", body("all is well"), "text_missing", None),
        ("", "SSH-2.0-OpenSSH\r\n".to_owned(), "", None),
    ] {
        let passes = cause.is_empty() && !said.starts_with("SSH");
        let (probed, probes) = channel();
        let bytes = said.clone().into_bytes();
        let desk = Desk::open(2, move |asked| match (is_probe(asked), asked.who) {
            (true, 0) => {
                // Whoever has seen enough does not listen any more.
                let _seen = probed.send(());
                Said::Bytes(bytes.clone())
            }
            (true, _) => answer(201, "ready"),
            (false, who) => ok(&name(who)),
        })?;
        let probe = format!("{QUICK}http = \"/healthz\"\n{more}");
        let plan = Plan { probe: &probe, pool: RESTING, ..Plan::PLAIN };
        let mut site = Site::start(&plan, &desk.addresses())?;
        if passes {
            // As many as would do, and some more.
            for _ in 0..6 {
                probes.recv_timeout(SOON).context("it is not asked")?;
            }
            let out = site.process().stderr().last(1000);
            ensure!(!out.iter().any(|line| line.contains(OUT)), "it is out: {said:?} by {more:?}");
            continue;
        }
        let (line, _) = line(&mut site, OUT, 0)?;
        let address = desk.addresses()[0].to_string();
        let told = (&line["backend"], &line["reason"]);
        ensure!(told == (&address.into(), &"probes".into()), "{line}");
        if !cause.is_empty() {
            let named = line["cause"].as_str().unwrap_or_default();
            ensure!(named.contains(cause), "{line} of {said:?}");
        }
        ensure!(line["status"].as_u64() == status, "{line} of {said:?}");
        // It accepts, but nobody is sent there.
        for _ in 0..6 {
            ensure!(site.ask(GET)?.text() == name(1), "it was asked");
        }
    }
    Ok(())
}

#[test]
fn as_many_probes_in_a_row_as_were_set_take_a_backend_out_and_bring_it_back() -> Result<()> {
    let turn = Arc::new(AtomicUsize::new(0));
    let probes = Arc::clone(&turn);
    let desk = Desk::open(1, move |asked| match is_probe(asked) {
        // Two bad ones between good ones, often; then three; then two good ones between bad ones.
        true => match probes.fetch_add(1, SeqCst) {
            turn @ 0..12 => answer(if turn % 3 == 2 { 200 } else { 500 }, ""),
            12..15 => answer(500, ""),
            turn @ 15..24 => answer(if turn % 3 == 2 { 500 } else { 200 }, ""),
            _ => answer(200, ""),
        },
        false => ok("served"),
    })?;
    let probe = "enabled = true\ninterval = \"150ms\"\ntimeout = \"150ms\"\nrise = 3\nfall = 3\n\
                 http = \"/healthz\"";
    let plan = Plan { probe, pool: RESTING, ..Plan::PLAIN };
    let mut site = Site::start(&plan, &desk.addresses())?;
    let (out, from) = line(&mut site, OUT, 0)?;
    ensure!(turn.load(SeqCst) >= 15, "too early: {out}");
    let (back, from) = line(&mut site, BACK, from)?;
    ensure!(turn.load(SeqCst) >= 26, "too early: {back}");
    ensure!(back["reason"] == "probes", "{back}");
    ensure!(site.ask(GET)?.text() == "served", "it does not serve");
    let later = site.process().stderr().last(1000);
    ensure!(later.iter().skip(from).all(|line| !line.contains(OUT)), "out once more");
    Ok(())
}

#[test]
fn a_backend_that_is_out_is_asked_more_often() -> Result<()> {
    let probes = Arc::new(AtomicUsize::new(0));
    let so_far = Arc::clone(&probes);
    let desk =
        Desk::open(1, move |asked| match is_probe(asked) && so_far.fetch_add(1, SeqCst) >= 4 {
            true => answer(200, ""),
            false => answer(500, ""),
        })?;
    // The first one comes within an interval, the second one an interval later. At that pace all six
    // would take a minute.
    let probe = "enabled = true\ninterval = \"10s\"\ninterval_down = \"50ms\"\ntimeout = \"2s\"\n\
                 rise = 2\nfall = 1\nhttp = \"/healthz\"";
    let plan = Plan { probe, pool: RESTING, ..Plan::PLAIN };
    let mut site = Site::start(&plan, &desk.addresses())?;
    let (_, from) = line(&mut site, OUT, 0)?;
    let began = Instant::now();
    line(&mut site, BACK, from)?;
    let took = began.elapsed();
    ensure!(took.as_secs() < 5, "after {took:?}");
    ensure!(probes.load(SeqCst) == 6, "{} probes", probes.load(SeqCst));
    Ok(())
}

#[test]
fn a_probe_that_is_stuck_harms_nobody() -> Result<()> {
    let desk = Desk::open(2, |asked| match (is_probe(asked), asked.who) {
        (true, 0) => Said::Later,
        (true, _) => answer(200, ""),
        (false, who) => ok(&name(who)),
    })?;
    let probe = format!("{QUICK}http = \"/healthz\"");
    let mut site =
        Site::start(&Plan { probe: &probe, pool: RESTING, ..Plan::PLAIN }, &desk.addresses())?;
    let mut stuck = desk.call()?;
    // Others are served meanwhile, and by both as long as it is not out.
    for _ in 0..10 {
        ensure!(site.ask(GET)?.status == 200, "no answer");
    }
    let (line, _) = line(&mut site, OUT, 0)?;
    let cause = line["cause"].as_str().unwrap_or_default();
    ensure!(cause.contains("timed_out") || cause.contains("timeout"), "{line}");
    ensure!(stuck.wire.rest()?.1 == Ended::Reset, "the stuck one is not ended");
    for _ in 0..6 {
        ensure!(site.ask(GET)?.text() == name(1), "it was asked");
    }
    Ok(())
}
