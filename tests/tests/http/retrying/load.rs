//! Many requests at once over backends that fail all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::Builder;

use anyhow::{Result, anyhow, ensure};

use super::super::desk::{Desk, Said, answer, ok};
use super::super::site::{Plan, Site};
use super::{GET, TRIED};

const CLIENTS: usize = 4;
const EACH: usize = 100;

#[test]
fn no_answer_is_doubled_cut_or_another_s_while_backends_fail() -> Result<()> {
    let turn = AtomicUsize::new(0);
    // Of ten, three are cut off and two refused.
    let desk = Desk::open(3, move |asked| match turn.fetch_add(1, SeqCst) * 7 % 10 {
        0..3 => Said::Reset,
        3..5 => answer(503, "busy"),
        _ => ok(&format!("{} {}", asked.target(), String::from_utf8_lossy(&asked.body))),
    })?;
    let pool = format!("{}\nretry.statuses = [503]\nretry.budget = 100", TRIED.pool);
    let plan = Plan { pool: &pool, server: "", ..TRIED };
    let site = Arc::new(Site::start(&plan, &desk.addresses())?);
    let served = Arc::new(AtomicUsize::new(0));
    let clients = (0..CLIENTS)
        .map(|client| {
            let (site, served) = (Arc::clone(&site), Arc::clone(&served));
            Builder::new().spawn(move || run(&site, client, &served))
        })
        .collect::<Result<Vec<_>, _>>()?;
    for client in clients {
        client.join().map_err(|_| anyhow!("a client panicked"))??;
    }
    let (served, all) = (served.load(SeqCst), CLIENTS * EACH);
    // One in eight fails three times.
    ensure!(served >= all / 2, "{served} of {all} were served");
    Ok(())
}

fn run(site: &Site, client: usize, served: &AtomicUsize) -> Result<()> {
    let mut wire = site.connect()?;
    for turn in 0..EACH {
        let (target, body) = (format!("/{client}/{turn}"), "b".repeat(turn));
        wire.send(format!(
            "PUT {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {turn}\r\n\r\n{body}"
        ))?;
        let answer = wire.answer()?;
        match answer.status {
            200 => {
                ensure!(answer.text() == format!("{target} {body}"), "{answer:?} to {target}");
                served.fetch_add(1, SeqCst);
            }
            503 => ensure!(answer.text() == "busy", "{answer:?} to {target}"),
            502 => {}
            _ => ensure!(false, "{answer:?} to {target}"),
        }
        ensure!(wire.is_quiet()?, "something came behind the answer to {target}");
        if answer.closes() {
            wire = site.connect()?;
        }
    }
    Ok(())
}

#[test]
fn requests_behind_one_that_is_sent_again_are_answered_in_order() -> Result<()> {
    let turn = AtomicUsize::new(0);
    let desk = Desk::open(2, move |asked| match turn.fetch_add(1, SeqCst) % 3 {
        0 => Said::Reset,
        1 => answer(503, "busy"),
        _ => ok(asked.target()),
    })?;
    let pool = format!("{}\nretry.statuses = [503]\nretry.budget = 100", TRIED.pool);
    let site = Site::start(&Plan { pool: &pool, ..TRIED }, &desk.addresses())?;
    let get = |turn| format!("GET /{turn} HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut client = site.asking((0..5).map(get).collect::<String>())?;
    for turn in 0..5 {
        let answer = client.answer()?;
        ensure!(answer.text() == format!("/{turn}"), "{answer:?} to {turn}");
    }
    ensure!(client.is_quiet()?, "something came behind the answers");
    Ok(())
}

#[test]
fn no_more_is_sent_again_than_the_budget_allows() -> Result<()> {
    let desk = Desk::open(2, |_| answer(503, "busy"))?;
    let pool = format!("{}\nretry.statuses = [503]\nretry.budget = 20", TRIED.pool);
    let site = Site::start(&Plan { pool: &pool, ..TRIED }, &desk.addresses())?;
    let mut client = site.connect()?;
    for _ in 0..100 {
        client.send(GET)?;
        ensure!(client.answer()?.text() == "busy", "another answer came");
    }
    let asked: usize = desk.counts().iter().sum();
    // Ten were lent and paid back by fifty requests; fifty more have paid for ten.
    ensure!((115..=120).contains(&asked), "{asked} were sent for 100");
    Ok(())
}
