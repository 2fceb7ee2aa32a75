use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trunkline_tests::http::wire::Wire;

use super::office::{Office, expect_refusal};
use crate::site::{Setup, echo};

/// How many streams there may be.
const STREAMS: usize = 16;

/// A stream of events, after its head.
fn follow(office: &Office) -> Result<Wire> {
    let mut wire = office.connect()?;
    wire.send("GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let head = wire.head()?;
    ensure!(head.starts_with("HTTP/1.0 200") || head.starts_with("HTTP/1.1 200"), "{head}");
    ensure!(head.contains("content-type: text/event-stream"), "{head}");
    Ok(wire)
}

/// The next event: its name and its data.
fn next(wire: &mut Wire) -> Result<(String, Value)> {
    let mut fields = BTreeMap::new();
    loop {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            line.extend(wire.bytes(1)?);
        }
        let line = String::from_utf8(line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                fields.insert(name.to_owned(), value.trim_start().to_owned());
            }
            None if fields.contains_key("data") => break,
            None => fields.clear(),
        }
    }
    let data = serde_json::from_str(&fields["data"])?;
    Ok((fields.remove("event").context("a name")?, data))
}

#[test]
fn a_crash_and_what_follows_is_told_as_it_happens() -> Result<()> {
    let backend = echo()?;
    let (office, control) = Office::open_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let mut events = follow(&office)?;
    let path = "server/traffic/pools/main/pool";
    control.panic(path)?;
    let mut told = Vec::new();
    while told.len() < 3 {
        let (name, data) = next(&mut events)?;
        if data["path"] == path {
            ensure!(data["what"] == name.as_str(), "{name}: {data}");
            ensure!(data["at_unix_ms"].as_u64().is_some_and(|at| at > 1_600_000_000_000), "{data}");
            told.push((name, data));
        }
    }
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["exited", "restarting", "started"]);
    assert_eq!((&told[0].1["reason"], &told[0].1["generation"]), (&"panicked".into(), &1.into()));
    assert!(told[1].1["after_ms"].is_u64(), "{}", told[1].1);
    assert_eq!(told[2].1["generation"], 2);
    Ok(())
}

#[test]
fn streams_leave_places_for_those_who_ask_and_give_theirs_back() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let mut streams: Vec<_> = (0..STREAMS).map(|_| follow(&office)).collect::<Result<_>>()?;
    expect_refusal(&office.get("/events")?, 503)?;
    assert_eq!(office.get("/healthz")?.status, 200);
    drop(streams.pop());
    // The server learns of the end when it comes round to it.
    let again = (0..1000).find_map(|_| follow(&office).ok());
    assert!(again.is_some());
    Ok(())
}
