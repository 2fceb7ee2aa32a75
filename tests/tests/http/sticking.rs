//! Clients that stay with their backend by a cookie.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use httparse::Header;
use trunkline_actors::http::sticky::Sticky;
use trunkline_tests::http::answer::Answer;

use super::desk::{Desk, Said, name, ok};
use super::site::{Plan, Site};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const LIFE: Duration = Duration::from_secs(3600);
const POOL: &str = "fall = 1\nretry_after = \"1h\"\nreuse = \"never\"\n\
    sticky = { cookie = \"b\", ttl = \"1h\", key = \"0123456789abcdef0123456789abcdef\" }";
const STUCK: Plan<'static> = Plan { pool: POOL, ..Plan::PLAIN };

/// Three origins that say who they are.
fn origins() -> Result<Desk> {
    Desk::open(3, |asked| ok(&name(asked.who)))
}

/// What the server does with the cookies of its pool "main".
fn sticky(pool: &str, key: &str) -> Sticky {
    Sticky::new(pool, "b", LIFE, key.as_bytes())
}

/// Asks with these fields, each with its end of line.
fn ask(site: &Site, fields: &str) -> Result<Answer> {
    let answer = site.ask(format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(answer)
}

fn ask_with(site: &Site, value: &str) -> Result<Answer> {
    ask(site, &format!("Cookie: b={value}\r\n"))
}

/// The value of the cookie that an answer sets.
fn set(answer: &Answer) -> Result<Option<String>> {
    let Some(field) = answer.field("Set-Cookie") else { return Ok(None) };
    let (value, attributes) = field.split_once("; ").context("no attributes")?;
    let expected = "Path=/; Max-Age=3600; HttpOnly; SameSite=Lax";
    ensure!(attributes == expected, "the attributes are {attributes:?}");
    Ok(Some(value.strip_prefix("b=").context("another cookie")?.to_owned()))
}

/// A client's first request: who has answered, and the cookie it was given.
fn first(site: &Site) -> Result<(String, String)> {
    let answer = ask(site, "")?;
    let value = set(&answer)?.context("no cookie was set")?;
    Ok((answer.text(), value))
}

/// A cookie of the same backend as that with `value`, which was given `ago`.
fn aged(value: &str, ago: Duration) -> Result<String> {
    let cookie = format!("b={value}");
    let fields = [Header { name: "Cookie", value: cookie.as_bytes() }];
    let ours = sticky("main", KEY);
    let tag = ours.read(&fields, SystemTime::now()).context("the cookie is not good")?.tag;
    cookie_of(&ours, tag, SystemTime::now() - ago)
}

fn cookie_of(sticky: &Sticky, tag: u64, given: SystemTime) -> Result<String> {
    let mut field = Vec::new();
    sticky.write(tag, given, &mut field);
    let field = String::from_utf8(field)?;
    let value = field.strip_prefix("Set-Cookie: b=").and_then(|rest| rest.split(';').next());
    Ok(value.context("no value")?.to_owned())
}

/// Asserts that a cookie does not decide who answers, and that another one is given in its place.
fn is_ignored(site: &Site, value: &str) -> Result<()> {
    let mut answered = Vec::new();
    for _ in 0..3 {
        let answer = ask_with(site, value)?;
        ensure!(set(&answer)?.is_some(), "no other cookie was set for {value:?}");
        answered.push(answer.text());
    }
    answered.sort();
    answered.dedup();
    ensure!(answered.len() == 3, "{value:?} led to {answered:?}");
    Ok(())
}

#[test]
fn a_client_comes_back_to_the_backend_that_its_cookie_names() -> Result<()> {
    let desk = origins()?;
    let site = Site::start(&STUCK, &desk.addresses())?;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (who, value) = first(&site)?;
        for _ in 0..4 {
            let answer = ask_with(&site, &value)?;
            ensure!(answer.text() == who, "{answer:?} instead of {who}");
            ensure!(set(&answer)?.is_none(), "a good cookie was replaced");
        }
        seen.push(who);
    }
    seen.sort();
    ensure!(seen == [name(0), name(1), name(2)], "clients are not spread: {seen:?}");
    Ok(())
}

#[test]
fn the_fields_of_the_backend_stay_beside_the_cookie() -> Result<()> {
    let desk = Desk::open(1, |_| {
        let head = "HTTP/1.1 200 OK\r\nSet-Cookie: own=1\r\nContent-Length: 0\r\n\r\n";
        Said::Bytes(head.into())
    })?;
    let site = Site::start(&STUCK, &desk.addresses())?;
    let answer = ask(&site, "")?;
    let cookies = answer.head.matches("Set-Cookie: ").count();
    ensure!(cookies == 2 && answer.head.contains("Set-Cookie: own=1\r\n"), "{answer:?}");
    Ok(())
}

#[test]
fn a_cookie_that_is_forged_expired_or_another_pool_s_is_ignored_and_replaced() -> Result<()> {
    let desk = origins()?;
    let site = Site::start(&STUCK, &desk.addresses())?;
    let (_, value) = first(&site)?;
    let cookie = format!("b={value}");
    let fields = [Header { name: "Cookie", value: cookie.as_bytes() }];
    let tag = sticky("main", KEY).read(&fields, SystemTime::now()).context("not good")?.tag;
    let now = SystemTime::now();
    // One of its characters is another.
    let mut forged = value.clone();
    let last = if forged.starts_with('A') { "B" } else { "A" };
    forged.replace_range(..1, last);
    for bad in [
        forged,
        value[..value.len() - 1].to_owned(),
        format!("{value}A"),
        aged(&value, LIFE + Duration::from_secs(1))?,
        cookie_of(&sticky("other", KEY), tag, now)?,
        cookie_of(&sticky("main", "fedcba9876543210fedcba9876543210"), tag, now)?,
        // Of a backend that is none of this pool.
        cookie_of(&sticky("main", KEY), tag ^ 1, now)?,
        String::new(),
        "\"".to_owned(),
        "x".repeat(20_000),
    ] {
        is_ignored(&site, &bad)?;
    }
    Ok(())
}

#[test]
fn a_cookie_past_half_its_life_is_renewed_and_holds() -> Result<()> {
    let desk = origins()?;
    let site = Site::start(&STUCK, &desk.addresses())?;
    let (who, value) = first(&site)?;
    for (minutes, renewed) in [(25, false), (35, true), (55, true)] {
        let aged = aged(&value, Duration::from_secs(minutes * 60))?;
        let answer = ask_with(&site, &aged)?;
        ensure!(answer.text() == who, "{answer:?} instead of {who}");
        ensure!(set(&answer)?.is_some() == renewed, "after {minutes} minutes: {answer:?}");
    }
    Ok(())
}

#[test]
fn a_client_whose_backend_is_gone_moves_and_stays_with_the_next() -> Result<()> {
    let mut desk = origins()?;
    let site = Site::start(&STUCK, &desk.addresses())?;
    let (who, value) = first(&site)?;
    let gone = (0..3).find(|index| name(*index) == who).context("who is that")?;
    desk.close(gone);
    let answer = ask_with(&site, &value)?;
    let (other, next) = (answer.text(), set(&answer)?.context("no cookie of the other")?);
    ensure!(other != who, "{answer:?}");
    for _ in 0..4 {
        let answer = ask_with(&site, &next)?;
        ensure!(answer.text() == other && set(&answer)?.is_none(), "{answer:?}");
    }
    Ok(())
}

#[test]
fn a_client_whose_request_was_answered_elsewhere_stays_with_who_has_answered() -> Result<()> {
    let desk = Desk::open(2, |asked| match asked.target() {
        target if target == format!("/not/{}", asked.who) => Said::Reset,
        _ => ok(&name(asked.who)),
    })?;
    let pool = POOL.to_owned() + "\nattempts = 3";
    let site = Site::start(&Plan { pool: &pool, ..STUCK }, &desk.addresses())?;
    for _ in 0..4 {
        let (who, value) = first(&site)?;
        let not = who.trim_start_matches("origin ");
        let request = format!("GET /not/{not} HTTP/1.1\r\nHost: a\r\nCookie: b={value}\r\n\r\n");
        let answer = site.ask(request)?;
        ensure!(answer.status == 200 && answer.text() != who, "{answer:?}");
        ensure!(answer.head.matches("Set-Cookie").count() == 1, "{answer:?}");
        let next = set(&answer)?.context("no cookie of the other")?;
        ensure!(ask_with(&site, &next)?.text() == answer.text(), "it names another one");
    }
    Ok(())
}

#[test]
fn with_a_key_of_its_own_a_pool_knows_its_clients_after_a_restart() -> Result<()> {
    let desk = origins()?;
    let (who, value) = first(&Site::start(&STUCK, &desk.addresses())?)?;
    let site = Site::start(&STUCK, &desk.addresses())?;
    for _ in 0..4 {
        let answer = ask_with(&site, &value)?;
        ensure!(answer.text() == who && set(&answer)?.is_none(), "{answer:?}");
    }
    Ok(())
}

#[test]
fn without_a_key_each_start_has_its_own() -> Result<()> {
    let desk = origins()?;
    let pool = "sticky = { cookie = \"b\" }";
    let plan = Plan { pool, ..STUCK };
    let (_, value) = first(&Site::start(&plan, &desk.addresses())?)?;
    is_ignored(&Site::start(&plan, &desk.addresses())?, &value)
}

#[test]
fn a_cookie_is_found_where_clients_may_write_it_and_nowhere_else() -> Result<()> {
    let desk = origins()?;
    let site = Site::start(&STUCK, &desk.addresses())?;
    let (who, value) = first(&site)?;
    let long = "y".repeat(10_000);
    for good in [
        format!("Cookie: b=\"{value}\"\r\n"),
        format!("Cookie: a=1; b={value}; c=3\r\n"),
        format!("cookie: a=1;b={value}\r\n"),
        format!("Cookie: a=1\r\nCookie: b={value}\r\n"),
        format!("Cookie: long={long}; b={value}\r\n"),
        // The first of two counts.
        format!("Cookie: b={value}; b=x\r\n"),
    ] {
        for _ in 0..3 {
            let answer = ask(&site, &good)?;
            let first = &good[..good.len().min(100)];
            ensure!(answer.text() == who && set(&answer)?.is_none(), "{answer:?} to {first:?}");
        }
    }
    for bad in [
        format!("Cookie: B={value}\r\n"),
        format!("Cookie: xb={value}\r\n"),
        format!("Cookie: a=b={value}\r\n"),
        format!("X-Cookie: b={value}\r\n"),
        format!("Cookie: b=x; b={value}\r\n"),
        format!("Cookie: b={value}=\r\n"),
    ] {
        let answers: Vec<_> = (0..3).map(|_| ask(&site, &bad)).collect::<Result<_>>()?;
        for answer in &answers {
            ensure!(set(answer)?.is_some(), "{answer:?} to {bad:?}");
        }
    }
    Ok(())
}
