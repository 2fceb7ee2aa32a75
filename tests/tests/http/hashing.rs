//! Who is served by which backend, by each way to balance.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use trunkline_tests::http::wire::Wire;

use super::desk::{Call, Desk, Said, name, ok};
use super::site::{Plan, Site};

const HASHES: [&str; 3] = ["ring_hash", "maglev", "source_hash"];
const OTHERS: [&str; 5] = ["round_robin", "least_request", "random", "two_choices", "peak_ewma"];

fn origins(count: usize) -> Result<Desk> {
    Desk::open(count, |asked| ok(&name(asked.who)))
}

fn pool(balance: &str, hash: &str) -> String {
    format!("balance = \"{balance}\"\nhash = \"{hash}\"")
}

/// Who answers a request with this target and these fields.
fn asked(client: &mut Wire, target: &str, fields: &str) -> Result<String> {
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))?;
    let answer = client.answer()?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(answer.text())
}

/// Asks with 60 keys, three times each: each key has one backend, and all have keys.
fn follows(balance: &str, hash: &str, with: impl Fn(usize) -> (String, String)) -> Result<()> {
    let desk = origins(4)?;
    let site = Site::start(&Plan { pool: &pool(balance, hash), ..Plan::PLAIN }, &desk.addresses())?;
    let mut keys = BTreeMap::new();
    for turn in 0..3 {
        // On a connection of its own each time.
        let mut client = site.connect()?;
        for key in 0..60 {
            let (target, fields) = with(key);
            let who = asked(&mut client, &target, &fields)?;
            let first = keys.entry(key).or_insert_with(|| who.clone()).clone();
            ensure!(first == who, "{balance} of {hash}, key {key}: {first}, and {who} in {turn}");
        }
    }
    ensure!(desk.counts().iter().all(|count| *count > 0), "{balance}: {:?}", desk.counts());
    Ok(())
}

#[test]
fn a_key_leads_to_the_same_backend_wherever_in_the_request_it_is() -> Result<()> {
    for balance in HASHES {
        follows(balance, "header:X-User", |key| ("/".into(), format!("x-user: {key}\r\n")))?;
        follows(balance, "cookie:user", |key| {
            ("/".into(), format!("Cookie: a=1; user={key}; c={key}\r\n"))
        })?;
        follows(balance, "path", |key| (format!("/{key}?any={key}"), String::new()))?;
        follows(balance, "query:user", |key| (format!("/?a=1&user={key}"), String::new()))?;
    }
    Ok(())
}

#[test]
fn only_the_key_decides() -> Result<()> {
    let desk = origins(4)?;
    let pool = pool("maglev", "path");
    let site = Site::start(&Plan { pool: &pool, ..Plan::PLAIN }, &desk.addresses())?;
    let mut client = site.connect()?;
    for turn in 0..40 {
        asked(&mut client, &format!("/same?turn={turn}"), &format!("X: {turn}\r\n"))?;
    }
    let asked = desk.counts().into_iter().filter(|count| *count > 0).count();
    ensure!(asked == 1, "{:?}", desk.counts());
    Ok(())
}

#[test]
fn by_address_a_client_stays_whatever_it_asks_for() -> Result<()> {
    for balance in HASHES {
        let desk = origins(4)?;
        let plan = Plan { pool: &pool(balance, "address"), ..Plan::PLAIN };
        let site = Site::start(&plan, &desk.addresses())?;
        for turn in 0..20 {
            asked(&mut site.connect()?, &format!("/{turn}"), "")?;
        }
        let asked = desk.counts().into_iter().filter(|count| *count > 0).count();
        ensure!(asked == 1, "{balance}: {:?}", desk.counts());
    }
    Ok(())
}

#[test]
fn requests_without_the_key_are_spread() -> Result<()> {
    for balance in HASHES {
        let desk = origins(4)?;
        let plan = Plan { pool: &pool(balance, "header:x-user"), ..Plan::PLAIN };
        let site = Site::start(&plan, &desk.addresses())?;
        let mut client = site.connect()?;
        for _ in 0..200 {
            asked(&mut client, "/", "")?;
        }
        ensure!(desk.counts().iter().all(|count| *count > 20), "{balance}: {:?}", desk.counts());
    }
    Ok(())
}

#[test]
fn another_replica_leads_a_key_to_the_same_backend() -> Result<()> {
    for balance in HASHES {
        let desk = origins(4)?;
        let plan = Plan { pool: &pool(balance, "path"), ..Plan::PLAIN };
        let (one, other) =
            (Site::start(&plan, &desk.addresses())?, Site::start(&plan, &desk.addresses())?);
        let (mut one, mut other) =
            (one.connect().map(|wire| (one, wire))?, other.connect().map(|wire| (other, wire))?);
        for key in 0..50 {
            let target = format!("/{key}");
            let (one, other) = (asked(&mut one.1, &target, "")?, asked(&mut other.1, &target, "")?);
            ensure!(one == other, "{balance}, key {key}: {one} and {other}");
        }
    }
    Ok(())
}

#[test]
fn a_key_that_everybody_asks_for_has_as_many_backends_as_the_bound_wants() -> Result<()> {
    for balance in HASHES {
        for (bound, backends) in [("1.25", 3), ("\"off\"", 1)] {
            let desk = Desk::open(4, |_| Said::Later)?;
            let pool = format!("{}\nbounded_load = {bound}", pool(balance, "path"));
            let site = Site::start(&Plan { pool: &pool, ..Plan::PLAIN }, &desk.addresses())?;
            let mut clients = Vec::new();
            let mut calls: Vec<Call> = Vec::new();
            // Of so few each may have one.
            for _ in 0..3 {
                clients.push(site.asking("GET /same HTTP/1.1\r\nHost: a\r\n\r\n")?);
                calls.push(desk.call()?);
            }
            let mut who: Vec<_> = calls.iter().map(|call| call.asked.who).collect();
            who.sort_unstable();
            who.dedup();
            ensure!(who.len() == backends, "{balance}, {bound}: {:?}", desk.counts());
        }
    }
    Ok(())
}

#[test]
fn every_way_to_balance_serves_by_the_weights() -> Result<()> {
    for balance in OTHERS.into_iter().chain(HASHES) {
        let desk = origins(3)?;
        let mut pool = format!("balance = \"{balance}\"");
        if HASHES.contains(&balance) {
            pool += "\nhash = \"path\"";
        }
        let site = Site::start(
            &Plan { pool: &pool, ..Plan::PLAIN },
            &desk.tables(&["weight = 1", "weight = 2", "weight = 5"]),
        )?;
        let mut client = site.connect()?;
        for key in 0..800 {
            asked(&mut client, &format!("/{key}"), "").context(balance)?;
        }
        let counts = desk.counts();
        if balance == "peak_ewma" {
            // Chance has it which of them is the fastest.
            ensure!(counts.iter().all(|count| *count > 0), "{balance}: {counts:?}");
            continue;
        }
        for (count, expected) in counts.iter().zip([100.0, 200.0, 500.0]) {
            let count = *count as f64;
            let is_near = count > expected / 1.5 && count < expected * 1.5;
            ensure!(is_near, "{balance}: {counts:?}");
        }
    }
    Ok(())
}
