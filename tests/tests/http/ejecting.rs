//! Backends that connect and answer badly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use trunkline_tests::http::answer::Answer;

use super::SOON;
use super::desk::{Asked, Desk, Said, answer, name, ok};
use super::site::{Plan, Site};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const EJECTED: &str = "backend is ejected";
const BACK: &str = "backend is no longer ejected";

/// How the first of the origins behaves, once it is bad.
type Badness = fn(&Asked) -> Said;

/// Origins of which the first is bad while the switch is on.
fn origins(count: usize, badness: Badness) -> Result<(Desk, Arc<AtomicBool>)> {
    let is_bad = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_bad);
    let desk = Desk::open(count, move |asked| match asked.who {
        0 if switch.load(SeqCst) => badness(asked),
        who => ok(&name(who)),
    })?;
    Ok((desk, is_bad))
}

fn fails(_: &Asked) -> Said {
    answer(500, "bad")
}

/// A pool that ejects as `eject` says; nothing is sent twice.
fn pool(eject: &str) -> String {
    format!("attempts = 1\nfall = 100\neject = {{ {eject} }}")
}

fn ask(site: &Site, count: usize) -> Result<Vec<Answer>> {
    (0..count).map(|_| site.ask(GET)).collect()
}

/// The `number`th line of the log with this message, from 1.
fn line(site: &mut Site, message: &str, number: usize) -> Result<Value> {
    let mut from = 0;
    let mut text = String::new();
    for _ in 0..number {
        let said = site.process().stderr();
        let found = said.wait_for(from, Instant::now() + SOON, |line| line.contains(message));
        let (at, line) = found.map_err(|missing| anyhow!("no {message:?}: {missing:?}"))?;
        (from, text) = (at + 1, line);
    }
    serde_json::from_str(&text).with_context(|| format!("the log says {text:?}"))
}

/// Lines with this message so far.
fn lines(site: &mut Site, message: &str) -> usize {
    let said = site.process().stderr();
    said.last(10_000).iter().filter(|line| line.contains(message)).count()
}

#[test]
fn a_backend_that_fails_five_times_in_a_row_gets_nothing_more() -> Result<()> {
    let (desk, _bad) = origins(3, fails)?;
    let mut site = Site::start(
        &Plan { pool: &pool("time = \"1h\", longest = \"2h\""), ..Plan::PLAIN },
        &desk.addresses(),
    )?;
    ask(&site, 15)?;
    ensure!(desk.counts() == [5, 5, 5], "{:?}", desk.counts());
    let line = line(&mut site, EJECTED, 1)?;
    let told = (&line["backend"], &line["reason"]);
    let address = desk.addresses()[0].to_string();
    ensure!(told == (&address.into(), &"failures".into()), "{line}");
    for answer in ask(&site, 20)? {
        ensure!(answer.status == 200, "{answer:?}");
    }
    ensure!(desk.counts() == [5, 15, 15], "{:?}", desk.counts());
    Ok(())
}

#[test]
fn one_good_answer_begins_the_count_anew() -> Result<()> {
    let turn = AtomicUsize::new(0);
    let desk = Desk::open(2, move |asked| match asked.who {
        0 if turn.fetch_add(1, SeqCst) % 5 < 4 => answer(500, "bad"),
        who => ok(&name(who)),
    })?;
    let mut site = Site::start(
        &Plan { pool: &pool("time = \"1h\", longest = \"2h\""), ..Plan::PLAIN },
        &desk.addresses(),
    )?;
    ask(&site, 40)?;
    ensure!(desk.counts() == [20, 20], "{:?}", desk.counts());
    ensure!(lines(&mut site, EJECTED) == 0, "it was ejected");
    Ok(())
}

#[test]
fn an_ejected_backend_comes_back_and_is_ejected_for_longer_the_next_time() -> Result<()> {
    let (desk, bad) = origins(3, fails)?;
    let mut site =
        Site::start(&Plan { pool: &pool("time = \"500ms\""), ..Plan::PLAIN }, &desk.addresses())?;
    for (number, least) in [(1, 0.4), (2, 0.9)] {
        let began = Instant::now();
        while lines(&mut site, EJECTED) < number {
            ensure!(began.elapsed() < SOON, "it is not ejected");
            ask(&site, 1)?;
        }
        let ejected = line(&mut site, EJECTED, number)?;
        let out_for = ejected["out_for"].as_str().unwrap_or_default();
        let seconds = seconds(out_for).with_context(|| format!("for {out_for:?}"))?;
        ensure!((least..=least + 0.1).contains(&seconds), "number {number} for {out_for}");
        line(&mut site, BACK, number)?;
    }
    bad.store(false, SeqCst);
    let before = desk.count(0);
    ask(&site, 9)?;
    ensure!(desk.count(0) == before + 3, "it has not its share again");
    Ok(())
}

/// A time as `Duration` shows it.
fn seconds(shown: &str) -> Option<f64> {
    match shown.strip_suffix("ms") {
        Some(millis) => millis.parse::<f64>().ok().map(|millis| millis / 1000.0),
        None => shown.strip_suffix('s')?.parse().ok(),
    }
}

#[test]
fn resets_and_time_outs_count_as_well() -> Result<()> {
    let cases: [(Badness, &str); 2] =
        [(|_| Said::Reset, ""), (|_| Said::Later, "\nretry.per_try = \"50ms\"")];
    for (badness, more) in cases {
        let (desk, _bad) = origins(2, badness)?;
        let pool = pool("time = \"1h\", longest = \"2h\"") + more;
        let mut site = Site::start(&Plan { pool: &pool, ..Plan::PLAIN }, &desk.addresses())?;
        ask(&site, 20)?;
        line(&mut site, EJECTED, 1)?;
        ensure!(desk.counts() == [5, 15], "{:?}", desk.counts());
    }
    Ok(())
}

#[test]
fn what_is_sent_again_elsewhere_counts_against_the_one_that_failed() -> Result<()> {
    let (desk, _bad) = origins(2, |_| answer(503, "bad"))?;
    let pool = "fall = 100\neject = { time = \"1h\", longest = \"2h\" }\nretry.statuses = [503]";
    let mut site = Site::start(&Plan { pool, ..Plan::PLAIN }, &desk.addresses())?;
    for answer in ask(&site, 20)? {
        ensure!(answer.status == 200, "{answer:?}");
    }
    line(&mut site, EJECTED, 1)?;
    ensure!(desk.counts() == [5, 20], "{:?}", desk.counts());
    Ok(())
}

#[test]
fn clients_that_leave_and_answers_that_blame_them_eject_nobody() -> Result<()> {
    let (desk, _bad) = origins(2, |asked| match asked.target() {
        "/404" => answer(404, "yours"),
        _ => Said::Later,
    })?;
    let mut site = Site::start(
        &Plan { pool: &pool("time = \"1h\", longest = \"2h\", failures = 2"), ..Plan::PLAIN },
        &desk.addresses(),
    )?;
    for _ in 0..10 {
        // The first and the second in turn.
        let client = site.asking(GET)?;
        let mut call = desk.call()?;
        let address = client.local_addr()?;
        client.abort()?;
        call.wire.rest()?;
        site.expect_line(address, 0, "client_reset")?;
        site.ask(GET)?;
    }
    for _ in 0..20 {
        site.ask(GET.replace("/ ", "/404 "))?;
    }
    ensure!(desk.counts() == [20, 20], "{:?}", desk.counts());
    ensure!(lines(&mut site, EJECTED) == 0, "somebody was ejected");
    Ok(())
}

/// Four origins that are all bad, asked often; how often each was asked after half of it.
fn all_bad(eject: &str, panic: u8, ejected: usize) -> Result<Vec<usize>> {
    let desk = Desk::open(4, |_| answer(500, "bad"))?;
    let pool = format!("{}\npanic = {panic}", pool(eject));
    let mut site = Site::start(&Plan { pool: &pool, ..Plan::PLAIN }, &desk.addresses())?;
    ask(&site, 100)?;
    line(&mut site, EJECTED, ejected)?;
    let before = desk.counts();
    for answer in ask(&site, 40)? {
        ensure!(answer.status == 500 && answer.text() == "bad", "{answer:?}");
    }
    ensure!(lines(&mut site, EJECTED) == ejected, "more than {ejected} were ejected");
    Ok(desk.counts().iter().zip(before).map(|(after, before)| after - before).collect())
}

#[test]
fn no_more_than_a_share_of_the_pool_is_ejected() -> Result<()> {
    let mut asked = all_bad("time = \"1h\", longest = \"2h\", share = 50", 50, 2)?;
    asked.sort_unstable();
    ensure!(asked == [0, 0, 20, 20], "{asked:?}");
    let mut asked = all_bad("time = \"1h\", longest = \"2h\", share = 100", 0, 3)?;
    asked.sort_unstable();
    ensure!(asked == [0, 0, 0, 40], "{asked:?}");
    Ok(())
}

#[test]
fn where_too_few_would_be_left_all_are_used() -> Result<()> {
    let asked = all_bad("time = \"1h\", longest = \"2h\", share = 100", 50, 3)?;
    ensure!(asked == [10, 10, 10, 10], "{asked:?}");
    Ok(())
}

#[test]
fn a_backend_that_fails_now_and_then_is_found_by_its_success_rate() -> Result<()> {
    let turn = AtomicUsize::new(0);
    let desk = Desk::open(5, move |asked| match asked.who {
        0 if turn.fetch_add(1, SeqCst).is_multiple_of(2) => answer(500, "bad"),
        who => ok(&name(who)),
    })?;
    let eject = "success_rate = 1.9, least_requests = 10, interval = \"1s\", time = \"1h\", longest = \"2h\"";
    let mut site = Site::start(&Plan { pool: &pool(eject), ..Plan::PLAIN }, &desk.addresses())?;
    let began = Instant::now();
    while lines(&mut site, EJECTED) == 0 {
        ensure!(began.elapsed() < SOON, "it is not ejected");
        ask(&site, 50)?;
    }
    let line = line(&mut site, EJECTED, 1)?;
    let address = desk.addresses()[0].to_string();
    let told = (&line["backend"], &line["reason"]);
    ensure!(told == (&address.into(), &"success_rate".into()), "{line}");
    let before = desk.count(0);
    ask(&site, 20)?;
    ensure!(desk.count(0) == before, "it is asked all the same");
    Ok(())
}
