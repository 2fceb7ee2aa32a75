//! Many connections over several backends: order, failover, backups, and their return.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Error, Result, ensure};
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use trunkline_tests::control::What;
use trunkline_tests::port::ReservedPort;

use super::site::{Setup, Site, greeter};
use super::{ANY, SOON};

/// A backend is out after one failure, and stays out: no trial comes within a test.
const OUT_AT_ONCE: Setup<'static> =
    Setup { pool: "probe.enabled = false\nfall = 1\nretry_after = \"1h\"", ..Setup::PLAIN };

/// Makes one connection to its end: the backend that greeted, and the line in the log.
fn greeted(site: &Site) -> Result<(String, Value)> {
    let mut client = site.connect()?;
    let name = client.line()?;
    client.finish()?;
    client.expect_end()?;
    Ok((name, site.closed(client.local_addr()?)?))
}

/// Makes one connection, the `number`th of all, that nobody serves: the line in the log.
fn unserved(site: &Site, number: u32) -> Result<Value> {
    match site.connect() {
        Ok(mut client) => client.expect_reset()?,
        // The reset may be here before connecting is over.
        Err(error) => ensure!(is_reset(&error), "{error:#}"),
    }
    let name = format!("\"id\":{number},");
    site.line(|line| line.contains("connection closed") && line.contains(&name))
}

fn is_reset(error: &Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

#[test]
fn the_turns_of_the_backends_hold_across_workers() -> Result<()> {
    let names = ["one", "two", "three"];
    let backends: Vec<_> = names.iter().map(|name| greeter(name, ANY)).collect::<Result<_>>()?;
    let addresses: Vec<_> = backends.iter().map(|backend| backend.address()).collect();
    let (site, control) = Site::start_with_faults(&Setup::PLAIN, &addresses)?;
    for turn in 0..36 {
        let (name, _) = greeted(&site)?;
        assert_eq!(name, names[turn % 3], "turn {turn}");
    }
    let events = control.events_since(0);
    let started = events.iter().filter(|event| event.what == What::Started);
    let workers: BTreeSet<_> = started
        .filter_map(|event| event.path.split("/connections/").nth(1))
        .filter_map(|rest| rest.split_once('/').map(|(worker, _)| worker))
        .collect();
    assert_eq!(workers, ["w0", "w1"].into());
    Ok(())
}

#[test]
fn a_backend_that_refuses_is_passed_over_within_the_same_connection() -> Result<()> {
    let (dead, live) = (ReservedPort::new()?, greeter("live", ANY)?);
    let site = Site::start(&Setup::PLAIN, &[dead.address(), live.address()])?;
    let (name, line) = greeted(&site)?;
    assert_eq!(name, "live");
    assert_eq!((&line["tries"], &line["code"]), (&2.into(), &"done".into()));
    assert_eq!(line["backend"], live.address().to_string());
    Ok(())
}

#[test]
fn a_backend_that_swallows_packets_is_given_up_after_the_connect_timeout() -> Result<()> {
    let (_socket, _queued, silent) = silent()?;
    let live = greeter("live", ANY)?;
    let setup =
        Setup { pool: "probe.enabled = false\nconnect_timeout = \"200ms\"", ..Setup::PLAIN };
    let site = Site::start(&setup, &[silent, live.address()])?;
    let (name, line) = greeted(&site)?;
    assert_eq!((name.as_str(), &line["tries"]), ("live", &2.into()));
    assert!(line["wait_us"].as_u64() >= Some(200_000), "{line}");
    Ok(())
}

#[test]
fn when_no_backend_can_be_connected_to_the_client_is_cut_off_with_the_reason() -> Result<()> {
    let (one, two) = (ReservedPort::new()?, ReservedPort::new()?);
    let site = Site::start(&OUT_AT_ONCE, &[one.address(), two.address()])?;
    let line = unserved(&site, 1)?;
    let told = (&line["phase"], &line["code"], &line["tries"]);
    assert_eq!(told, (&"route".into(), &"refused".into(), &2.into()));
    // Both are out now, and are not even tried.
    let line = unserved(&site, 2)?;
    let told = (&line["phase"], &line["code"], &line["tries"]);
    assert_eq!(told, (&"route".into(), &"all_down".into(), &0.into()));
    Ok(())
}

#[test]
fn no_more_backends_are_tried_than_attempts_says() -> Result<()> {
    let (dead, live) = (ReservedPort::new()?, greeter("live", ANY)?);
    let setup = Setup { pool: "probe.enabled = false\nattempts = 1", ..Setup::PLAIN };
    let site = Site::start(&setup, &[dead.address(), live.address()])?;
    let line = unserved(&site, 1)?;
    let told = (&line["phase"], &line["code"], &line["tries"]);
    assert_eq!(told, (&"connect".into(), &"refused".into(), &1.into()));
    assert_eq!(greeted(&site)?.0, "live");
    Ok(())
}

#[test]
fn a_backup_serves_only_while_the_others_are_down() -> Result<()> {
    let port = ReservedPort::new()?;
    let (proper, backup) = (greeter("proper", port.address())?, greeter("backup", ANY)?);
    let backends = [
        format!("{{ address = \"{}\", backup = true }}", backup.address()),
        port.address().to_string(),
    ];
    let setup = Setup {
        pool: "fall = 1\nretry_after = \"1h\"\n\
               probe = { interval = \"50ms\", timeout = \"50ms\", rise = 1, fall = 100 }",
        ..Setup::PLAIN
    };
    let site = Site::start(&setup, &backends)?;
    for _ in 0..4 {
        assert_eq!(greeted(&site)?.0, "proper");
    }
    proper.kill()?;
    for tries in [2, 1, 1] {
        let (name, line) = greeted(&site)?;
        assert_eq!((name.as_str(), &line["tries"]), ("backup", &tries.into()));
    }
    site.process.wait_for_line("backend is out", SOON)?;
    let _proper = greeter("proper again", port.address())?;
    site.process.wait_for_line("backend is back", SOON)?;
    for _ in 0..4 {
        assert_eq!(greeted(&site)?.0, "proper again");
    }
    Ok(())
}

#[test]
fn a_backend_without_probes_comes_back_by_the_trial_of_one_connection() -> Result<()> {
    let port = ReservedPort::new()?;
    let setup =
        Setup { pool: "probe.enabled = false\nfall = 1\nretry_after = \"50ms\"", ..Setup::PLAIN };
    let live = greeter("live", ANY)?;
    let site = Site::start(&setup, &[port.address(), live.address()])?;
    assert_eq!(greeted(&site)?.0, "live");
    let _back = greeter("back", port.address())?;
    // As many connections as it takes; every one of them is served.
    let mut names = std::iter::repeat_with(|| greeted(&site));
    let back = names.find(|greeted| !matches!(greeted, Ok((name, _)) if name == "live"));
    assert_eq!(back.context("endless")??.0, "back");
    site.process.wait_for_line("backend is back", SOON)?;
    Ok(())
}

#[test]
fn a_backend_is_found_out_by_probes_alone() -> Result<()> {
    let port = ReservedPort::new()?;
    let setup = Setup {
        pool: "probe = { interval = \"20ms\", timeout = \"20ms\", rise = 2, fall = 2 }",
        ..Setup::PLAIN
    };
    let site = Site::start(&setup, &[port.address()])?;
    let out = site.line(|line| line.contains("backend is out"))?;
    assert_eq!((&out["reason"], &out["cause"]), (&"probes".into(), &"refused".into()));
    let line = unserved(&site, 1)?;
    assert_eq!((&line["code"], &line["tries"]), (&"all_down".into(), &0.into()));
    let _back = greeter("back", port.address())?;
    let back = site.line(|line| line.contains("backend is back"))?;
    assert_eq!(back["reason"], "probes");
    assert_eq!(greeted(&site)?.0, "back");
    Ok(())
}

/// A socket whose queue is full, so that the kernel drops what would open further connections.
fn silent() -> Result<(Socket, TcpStream, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&ANY.into())?;
    socket.listen(0)?;
    let address = socket.local_addr()?.as_socket().context("an IPv4 address")?;
    let queued = TcpStream::connect(address)?;
    Ok((socket, queued, address))
}
