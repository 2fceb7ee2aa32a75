//! A second backend that is asked as well while the first takes longer than most answers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use trunkline_tests::http::wire::{Ended, Wire};

use super::SOON;
use super::desk::{Call, Desk, Said, name, ok};
use super::site::{Plan, Site};

const FAST: &str = "GET /fast HTTP/1.1\r\nHost: a\r\n\r\n";
/// A second backend is asked much sooner than that, once it is at all.
const LONG: Duration = Duration::from_millis(500);

/// A site that knows how long its answers take.
struct Hedged {
    site: Site,
    desk: Desk,
    fast: Wire,
    asked: usize,
    posts: Arc<AtomicUsize>,
}

impl Hedged {
    /// Asks until a slow request is answered by a second backend.
    fn start(budget: u32) -> Result<Self> {
        let posts = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&posts);
        let desk = Desk::open(2, move |asked| match asked.target() {
            "/fast" => ok(&name(asked.who)),
            target => {
                count.fetch_add(usize::from(target == "/post"), SeqCst);
                Said::Later
            }
        })?;
        let pool = format!(
            "fall = 100\neject.failures = 0\nattempts = 4\n\
             retry = {{ hedge = 95, budget = {budget} }}"
        );
        let site = Site::start(&Plan { pool: &pool, ..Plan::PLAIN }, &desk.addresses())?;
        let fast = site.connect()?;
        let mut hedged = Self { site, desk, fast, asked: 0, posts };
        let began = Instant::now();
        loop {
            // Few of all are slow.
            hedged.ask_fast(100)?;
            let (mut client, target) = hedged.ask_slow()?;
            let mut first = hedged.call(&target)?;
            let second = hedged.desk.call_within(LONG)?;
            first.wire.send(said(&first))?;
            client.answer()?;
            if second.is_some() {
                return Ok(hedged);
            }
            ensure!(began.elapsed() < SOON, "nobody else was ever asked");
        }
    }

    fn ask(&mut self, request: &str) -> Result<Wire> {
        self.asked += 1;
        self.site.asking(request)
    }

    fn ask_fast(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.asked += 1;
            self.fast.send(FAST)?;
            let answer = self.fast.answer()?;
            ensure!(answer.status == 200, "{answer:?}");
        }
        Ok(())
    }

    /// A client that has asked for something slow, and what for.
    fn ask_slow(&mut self) -> Result<(Wire, String)> {
        let target = format!("/slow/{}", self.asked);
        let client = self.ask(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"))?;
        Ok((client, target))
    }

    /// The next request for `target`. One for something else is of a race that is over.
    fn call(&self, target: &str) -> Result<Call> {
        loop {
            let call = self.desk.call()?;
            if call.asked.target() == target {
                return Ok(call);
            }
        }
    }

    /// A slow request at both backends.
    fn both(&mut self) -> Result<(Wire, Call, Call)> {
        // What it costs is earned first.
        self.ask_fast(10)?;
        let (client, target) = self.ask_slow()?;
        let (first, second) = (self.call(&target)?, self.call(&target)?);
        ensure!(first.asked.who != second.asked.who, "one backend was asked twice");
        Ok((client, first, second))
    }
}

/// An answer by the name of the origin, whose connection is of no use for anything after it.
fn said(call: &Call) -> String {
    let name = name(call.asked.who);
    let length = name.len();
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{name}")
}

/// The other side has given the connection up.
fn is_given_up(mut call: Call) -> Result<()> {
    let (rest, ended) = call.wire.rest()?;
    ensure!(rest.is_empty() && ended == Ended::Reset, "{rest:?} and {ended:?}");
    Ok(())
}

#[test]
fn of_two_that_are_asked_the_first_that_answers_counts_and_the_other_is_given_up() -> Result<()> {
    let mut hedged = Hedged::start(100)?;
    // The second one.
    let (mut client, first, mut second) = hedged.both()?;
    second.wire.send(said(&second))?;
    let answer = client.answer()?;
    ensure!(answer.text() == name(second.asked.who), "{answer:?}");
    is_given_up(first)?;
    hedged.site.expect_tries(client.local_addr()?, 200, "done", 2)?;

    // The first one.
    let (mut client, mut first, second) = hedged.both()?;
    first.wire.send(said(&first))?;
    let answer = client.answer()?;
    ensure!(answer.text() == name(first.asked.who), "{answer:?}");
    is_given_up(second)?;
    ensure!(client.is_quiet()?, "something came behind the answer");

    // The second one, as the first one has failed meanwhile; and the other way round.
    let (mut client, first, mut second) = hedged.both()?;
    first.wire.abort()?;
    second.wire.send(said(&second))?;
    ensure!(client.answer()?.text() == name(second.asked.who), "another answer");
    let (mut client, mut first, second) = hedged.both()?;
    second.wire.abort()?;
    first.wire.send(said(&first))?;
    ensure!(client.answer()?.text() == name(first.asked.who), "another answer");
    Ok(())
}

#[test]
fn the_one_that_was_too_late_is_given_up_although_the_client_stays() -> Result<()> {
    let mut hedged = Hedged::start(100)?;
    hedged.ask_fast(10)?;
    // More than it asks for: our end lingers for two seconds, until the client has ended as well.
    let mut client = hedged
        .ask("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\n")?;
    let (mut first, second) = (hedged.desk.call()?, hedged.desk.call()?);
    first.wire.send(said(&first))?;
    let answered = Instant::now();
    client.answer()?;
    is_given_up(second)?;
    ensure!(answered.elapsed() < Duration::from_secs(1), "its place was kept");
    Ok(())
}

#[test]
fn an_error_that_comes_sooner_does_not_win() -> Result<()> {
    let mut hedged = Hedged::start(100)?;
    let (mut client, mut first, mut second) = hedged.both()?;
    second.wire.send("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")?;
    is_given_up(second)?;
    first.wire.send(said(&first))?;
    let answer = client.answer()?;
    ensure!(answer.text() == name(first.asked.who), "{answer:?}");
    hedged.site.expect_tries(client.local_addr()?, 200, "done", 1)
}

#[test]
fn a_client_that_leaves_ends_both_and_what_may_not_be_repeated_is_asked_once() -> Result<()> {
    let mut hedged = Hedged::start(100)?;
    let (client, first, second) = hedged.both()?;
    client.abort()?;
    is_given_up(first)?;
    is_given_up(second)?;

    // It is asked before another one that is asked twice: it had the time.
    let mut posting = hedged.ask("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")?;
    let mut post = hedged.call("/post")?;
    let before: usize = hedged.posts.load(SeqCst);
    let (mut client, mut first, _second) = hedged.both()?;
    first.wire.send(said(&first))?;
    client.answer()?;
    post.wire.send(said(&post))?;
    ensure!(posting.answer()?.text() == name(post.asked.who), "another answer");
    ensure!(before == 1 && hedged.posts.load(SeqCst) == 1, "a second POST");

    // One has failed before it leaves.
    let (client, first, second) = hedged.both()?;
    first.wire.abort()?;
    hedged.ask_fast(1)?;
    client.abort()?;
    is_given_up(second)?;

    // Both fail: the request goes again, as it would without.
    let (mut client, first, second) = hedged.both()?;
    let target = first.asked.target().to_owned();
    first.wire.abort()?;
    second.wire.abort()?;
    let mut third = hedged.call(&target)?;
    third.wire.send(said(&third))?;
    let answer = client.answer()?;
    ensure!(answer.text() == name(third.asked.who), "{answer:?}");
    Ok(())
}

#[test]
fn no_more_are_asked_twice_than_the_budget_allows() -> Result<()> {
    let mut hedged = Hedged::start(20)?;
    for _ in 0..100 {
        let (mut client, target) = hedged.ask_slow()?;
        let mut first = hedged.call(&target)?;
        // Whether there is a second one depends on the budget.
        let _second = hedged.desk.call_within(Duration::from_millis(20))?;
        first.wire.send(said(&first))?;
        client.answer().context("no answer")?;
    }
    let seen: usize = hedged.desk.counts().iter().sum();
    let most = hedged.asked + hedged.asked / 5;
    ensure!((hedged.asked + 1..=most).contains(&seen), "{seen} for {}", hedged.asked);
    Ok(())
}
