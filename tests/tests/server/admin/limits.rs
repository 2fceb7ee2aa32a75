use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use trunkline_tests::http::wire::Wire;

use super::office::{Office, expect_refusal, order};
use crate::site::{Setup, echo};

/// How many connections are served at one time.
const CONNECTIONS: usize = 64;

fn ask(wire: &mut Wire, target: &str) -> Result<u16> {
    wire.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"))?;
    Ok(wire.answer()?.status)
}

#[test]
fn who_comes_when_all_places_are_taken_waits_for_one() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let mut inside = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut wire = office.connect()?;
        assert_eq!(ask(&mut wire, "/healthz")?, 200);
        inside.push(wire);
    }
    let mut outside: Vec<_> =
        (CONNECTIONS..100).map(|_| office.connect()).collect::<Result<_>>()?;
    for wire in &mut outside {
        wire.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    }
    // As long as those inside ask on, nobody is let in.
    for wire in &mut inside {
        assert_eq!(ask(wire, "/pools")?, 200);
    }
    for wire in &mut outside {
        assert!(wire.is_quiet()?, "one more than there are places");
    }
    // Traffic does not notice.
    office.site.connect()?.echo("hello")?;
    drop(inside);
    for wire in &mut outside {
        assert_eq!(wire.answer()?.status, 200);
    }
    Ok(())
}

#[test]
fn a_client_that_does_not_finish_its_head_or_rests_is_let_go() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let begun = Instant::now();
    let mut silent = office.connect()?;
    let mut slow = office.connect()?;
    slow.send("GET /tree HTTP/1.1\r\nHost: loc")?;
    let mut kept = office.connect()?;
    assert_eq!(ask(&mut kept, "/healthz")?, 200);
    for wire in [&mut silent, &mut slow, &mut kept] {
        wire.rest().context("the end")?;
    }
    let took = begun.elapsed();
    assert!((9..20).contains(&took.as_secs()), "{took:?}");
    Ok(())
}

#[test]
fn a_body_that_is_too_long_or_does_not_come_is_not_waited_for() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let to = office.address();
    let long = format!("\"{}\"", "x".repeat(64 * 1024));
    let answer = office.ask(order(to, "/log/level", "X-Trunkline: 1\r\n", &long))?;
    expect_refusal(&answer, 413)?;
    let mut slow = office.connect()?;
    let begun = Instant::now();
    slow.send(format!(
        "POST /log/level HTTP/1.1\r\nHost: {to}\r\nX-Trunkline: 1\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    ))?;
    expect_refusal(&slow.answer()?, 408)?;
    assert!(begun.elapsed() >= Duration::from_secs(9));
    let untold = format!(
        "POST /log/level HTTP/1.1\r\nHost: {to}\r\nX-Trunkline: 1\r\n\
                          Content-Length: 2\r\n\r\n{{}}"
    );
    expect_refusal(&office.ask(untold)?, 415)?;
    let many = format!("GET /tree HTTP/1.1\r\nHost: {to}\r\nX: {}\r\n\r\n", "x".repeat(300_000));
    let answer = office.ask(many);
    let refused = answer.as_ref().is_ok_and(|answer| answer.status == 431);
    let cut = answer.as_ref().is_err_and(|error| {
        error.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
            == Some(ErrorKind::ConnectionReset)
    });
    assert!(refused || cut, "{answer:?}");
    Ok(())
}
