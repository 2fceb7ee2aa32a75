//! Who serves first: priorities that spill over, zones, backups, and who has just come back.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use trunkline_tests::backend::Backend;
use trunkline_tests::port::ReservedPort;

use super::site::{Setup, Site, greeter};
use super::{ANY, SOON};

/// A backend is out after one failure, and stays out.
const OUT_AT_ONCE: Setup<'static> =
    Setup { pool: "probe.enabled = false\nfall = 1\nretry_after = \"1h\"", ..Setup::PLAIN };

/// The backend that has greeted on a connection of its own.
fn greeted(site: &Site) -> Result<String> {
    let mut client = site.connect()?;
    let name = client.line()?;
    client.finish()?;
    client.expect_end()?;
    Ok(name)
}

/// How often which backend has greeted.
fn shares(site: &Site, count: u32) -> Result<BTreeMap<String, u32>> {
    let mut shares = BTreeMap::new();
    for _ in 0..count {
        *shares.entry(greeted(site)?).or_default() += 1;
    }
    Ok(shares)
}

fn share(shares: &BTreeMap<String, u32>, name: &str) -> u32 {
    shares.get(name).copied().unwrap_or(0)
}

/// Backends in the order given: the table of each says `more`. Those called "dead" are not there.
fn backends(all: &[(&str, &str)]) -> Result<(Vec<Backend>, Vec<ReservedPort>, Vec<String>)> {
    let (mut alive, mut dead, mut tables) = (Vec::new(), Vec::new(), Vec::new());
    for (name, more) in all {
        let address = if *name == "dead" {
            dead.push(ReservedPort::new()?);
            dead.last().map(ReservedPort::address)
        } else {
            alive.push(greeter(name, ANY)?);
            alive.last().map(Backend::address)
        };
        let Some(address) = address else { continue };
        let comma = if more.is_empty() { "" } else { ", " };
        tables.push(format!("{{ address = \"{address}\"{comma}{more} }}"));
    }
    Ok((alive, dead, tables))
}

/// Makes connections until that many backends were found out.
fn find_out(site: &Site, count: usize) -> Result<()> {
    let out = || {
        let lines = site.process.stderr().last(10_000);
        lines.iter().filter(|line| line.contains("backend is out")).count()
    };
    for _ in 0..1000 {
        if out() >= count {
            return Ok(());
        }
        greeted(site)?;
    }
    anyhow::bail!("{} of {count} are out", out())
}

#[test]
fn a_priority_that_can_serve_all_leaves_nothing_to_the_next() -> Result<()> {
    // Three of four are enough: they may have 1.4 times their share.
    let (_alive, _dead, tables) = backends(&[
        ("first", "priority = 2"),
        ("first", "priority = 2"),
        ("first", "priority = 2"),
        ("dead", "priority = 2"),
        ("second", "priority = 3"),
    ])?;
    let site = Site::start(&OUT_AT_ONCE, &tables)?;
    find_out(&site, 1)?;
    let shares = shares(&site, 40)?;
    ensure!(share(&shares, "first") == 40, "{shares:?}");
    Ok(())
}

#[test]
fn what_a_weak_priority_cannot_serve_spills_over_to_the_next() -> Result<()> {
    let (_alive, _dead, tables) = backends(&[
        ("second", "priority = 1"),
        ("first", ""),
        ("dead", ""),
        ("third", "priority = 2"),
        ("backup", "backup = true"),
    ])?;
    let site = Site::start(&OUT_AT_ONCE, &tables)?;
    find_out(&site, 1)?;
    let shares = shares(&site, 300)?;
    // Half of the first ones are there: 70 per cent stay.
    let (first, second) = (share(&shares, "first"), share(&shares, "second"));
    ensure!((170..=250).contains(&first) && first + second == 300, "{shares:?}");
    Ok(())
}

#[test]
fn when_nobody_of_a_priority_is_left_the_next_serves_all_and_backups_come_last() -> Result<()> {
    let (mut alive, _dead, tables) = backends(&[
        ("backup", "backup = true, priority = 0"),
        ("second", "priority = 15"),
        ("dead", ""),
        ("dead", ""),
    ])?;
    let site = Site::start(&OUT_AT_ONCE, &tables)?;
    find_out(&site, 2)?;
    ensure!(share(&shares(&site, 20)?, "second") == 20, "others served");
    alive.remove(1).kill()?;
    ensure!(share(&shares(&site, 20)?, "backup") == 20, "others served");
    Ok(())
}

#[test]
fn another_zone_is_the_second_choice_of_a_server_that_has_one() -> Result<()> {
    let (mut alive, _dead, tables) =
        backends(&[("far", "zone = \"b\""), ("near", "zone = \"a\""), ("anywhere", "")])?;
    let setup = Setup { server: "workers = 2\nzone = \"a\"", ..OUT_AT_ONCE };
    let site = Site::start(&setup, &tables)?;
    let counted = shares(&site, 20)?;
    ensure!(share(&counted, "near") == 10 && share(&counted, "anywhere") == 10, "{counted:?}");
    // Without a zone of its own all are alike to it.
    let counted = shares(&Site::start(&OUT_AT_ONCE, &tables)?, 30)?;
    ensure!(counted.values().all(|count| *count == 10), "{counted:?}");
    alive.remove(2).kill()?;
    alive.remove(1).kill()?;
    find_out(&site, 2)?;
    ensure!(share(&shares(&site, 10)?, "far") == 10, "others served");
    Ok(())
}

#[test]
fn a_worse_priority_near_by_comes_behind_a_better_one_elsewhere() -> Result<()> {
    let (_alive, _dead, tables) =
        backends(&[("near", "zone = \"a\", priority = 1"), ("far", "zone = \"b\"")])?;
    let setup = Setup { server: "workers = 2\nzone = \"a\"", ..OUT_AT_ONCE };
    let site = Site::start(&setup, &tables)?;
    ensure!(share(&shares(&site, 10)?, "far") == 10, "others served");
    Ok(())
}

#[test]
fn a_backend_that_comes_back_gets_its_share_slowly_if_it_shall() -> Result<()> {
    for (slow_start, least, most) in [("\"1h\"", 1, 40), ("\"off\"", 100, 100)] {
        let port = ReservedPort::new()?;
        let stays = greeter("stays", ANY)?;
        let pool = format!(
            "slow_start = {slow_start}\nretry_after = \"1h\"\nfall = 1\n\
             probe = {{ interval = \"50ms\", timeout = \"50ms\", rise = 1, fall = 1 }}"
        );
        let addresses = [stays.address(), port.address()];
        let site = Site::start(&Setup { pool: &pool, ..Setup::PLAIN }, &addresses)?;
        site.process.wait_for_line("backend is out", SOON)?;
        let _back = greeter("back", port.address())?;
        site.process.wait_for_line("backend is back", SOON)?;
        let shares = shares(&site, 200)?;
        let back = share(&shares, "back");
        ensure!((least..=most).contains(&back), "with {slow_start}: {shares:?}");
    }
    Ok(())
}
