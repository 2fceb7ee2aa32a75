//! SIGTERM, SIGINT and SIGHUP.

use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;
use trunkline_tests::control::What;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::procfs;

use super::SOON;
use super::site::{Setup, Site, echo, trunkline};

/// A drain that no test waits out.
const PATIENT: Setup<'static> = Setup { server: "workers = 2\ndrain = \"10m\"", ..Setup::PLAIN };

#[test]
fn after_sigterm_nobody_new_is_let_in_and_who_is_in_goes_on_to_the_end() -> Result<()> {
    let backend = echo()?;
    let mut site = Site::start(&PATIENT, &[backend.address()])?;
    let mut client = site.connect()?;
    client.echo("before")?;
    site.process.signal(Signal::TERM)?;
    wait_until_deaf(&mut site)?;
    let refused = TcpStream::connect(site.address());
    let kind = refused.err().context("a new connection")?.kind();
    assert_eq!(kind, std::io::ErrorKind::ConnectionRefused);
    client.echo("after")?;
    client.finish()?;
    client.expect_end()?;
    assert_eq!(site.process.wait(SOON)?.code(), Some(0));
    assert_eq!(site.closed(client.local_addr()?)?["code"], "done");
    Ok(())
}

#[test]
fn who_is_still_there_in_the_last_part_of_the_drain_is_cut_off_and_logged_as_drained() -> Result<()>
{
    for (drain, least) in [("300ms", 285), ("0s", 0)] {
        let backend = echo()?;
        let server = format!("workers = 2\ndrain = \"{drain}\"");
        let setup = Setup { server: &server, ..Setup::PLAIN };
        let mut site = Site::start(&setup, &[backend.address()])?;
        let mut client = site.connect()?;
        client.echo("hello")?;
        let begun = Instant::now();
        site.process.signal(Signal::TERM)?;
        client.expect_reset()?;
        assert!(begun.elapsed() >= Duration::from_millis(least));
        assert_eq!(site.process.wait(SOON)?.code(), Some(0));
        let line = site.closed(client.local_addr()?)?;
        assert_eq!((&line["phase"], &line["code"]), (&"stream".into(), &"drained".into()));
    }
    Ok(())
}

#[test]
fn a_second_signal_ends_the_process_at_once() -> Result<()> {
    for (second, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let backend = echo()?;
        let mut site = Site::start(&PATIENT, &[backend.address()])?;
        let mut client = site.connect()?;
        client.echo("hello")?;
        site.process.signal(Signal::TERM)?;
        site.process.wait_for_line("told to stop", SOON)?;
        site.process.signal(second)?;
        assert_eq!(site.process.wait(SOON)?.code(), Some(code));
        client.expect_over()?;
    }
    Ok(())
}

#[test]
fn a_lame_duck_goes_on_accepting() -> Result<()> {
    let backend = echo()?;
    let setup = Setup { server: "workers = 2\nlame_duck = \"10m\"", ..Setup::PLAIN };
    let mut site = Site::start(&setup, &[backend.address()])?;
    site.process.signal(Signal::TERM)?;
    site.process.wait_for_line("accepting for a while", SOON)?;
    site.connect()?.echo("hello")?;
    site.process.signal(Signal::TERM)?;
    assert_eq!(site.process.wait(SOON)?.code(), Some(143));
    Ok(())
}

#[test]
fn a_lame_duck_stops_in_order_when_its_time_is_over() -> Result<()> {
    let backend = echo()?;
    let setup = Setup { server: "workers = 2\nlame_duck = \"200ms\"", ..Setup::PLAIN };
    let mut site = Site::start(&setup, &[backend.address()])?;
    let begun = Instant::now();
    site.process.signal(Signal::INT)?;
    assert_eq!(site.process.wait(SOON)?.code(), Some(0));
    assert!(begun.elapsed() >= Duration::from_millis(200));
    Ok(())
}

#[test]
fn connections_that_wait_in_the_kernel_at_sigterm_are_served() -> Result<()> {
    let backend = echo()?;
    // With controls, which tell when all acceptors are up.
    let (mut site, _control) = Site::start_with_faults(&PATIENT, &[backend.address()])?;
    // Stopped, it accepts nothing; what it is sent, it finds all at once when it goes on.
    site.process.signal(Signal::STOP)?;
    let mut clients = Vec::new();
    for _ in 0..50 {
        let mut client = site.connect()?;
        client.send("hello")?;
        clients.push(client);
    }
    site.process.signal(Signal::TERM)?;
    site.process.signal(Signal::CONT)?;
    for client in &mut clients {
        client.expect("hello")?;
        client.finish()?;
        client.expect_end()?;
    }
    assert_eq!(site.process.wait(SOON)?.code(), Some(0));
    for client in &clients {
        assert_eq!(site.closed(client.local_addr()?)?["code"], "done");
    }
    Ok(())
}

#[test]
fn who_waits_for_an_acceptor_that_is_down_does_not_hang_at_sigterm() -> Result<()> {
    let backend = echo()?;
    // A back-off of ten minutes: the acceptor that crashes stays down.
    let supervision = "10,1000,600000,600000,1000";
    let (mut site, control) =
        Site::start_with_supervision(supervision, &PATIENT, &[backend.address()])?;
    let path = "server/traffic/listeners/main/acceptors/w0";
    control.panic(path)?;
    control
        .wait_for("crash", 0, SOON, |event| event.path == path && event.what == What::Restarting)?;
    let mut clients = Vec::new();
    for _ in 0..30 {
        let mut client = site.connect()?;
        client.send("hello")?;
        client.finish()?;
        clients.push(client);
    }
    site.process.signal(Signal::TERM)?;
    // Those of the other acceptor are served.
    let served = clients
        .iter_mut()
        .filter_map(|client| client.rest().ok())
        .filter(|answer| answer == b"hello")
        .count();
    assert!((1..30).contains(&served), "{served}");
    assert_eq!(site.process.wait(SOON)?.code(), Some(0));
    Ok(())
}

#[test]
fn sighup_loads_the_file_and_never_ends_the_process() -> Result<()> {
    let backend = echo()?;
    let mut site = Site::start(&Setup::PLAIN, &[backend.address()])?;
    let mut client = site.connect()?;
    site.process.signal(Signal::HUP)?;
    let good = site.line(|line| line.contains("the backends of the file are in use"))?;
    assert_eq!(good["level"], "INFO");
    let text = fs::read_to_string(site.file())?;
    fs::write(site.file(), text.replace("workers = 2", "wrokers = 2\ndrain = 7"))?;
    site.process.signal(Signal::HUP)?;
    for (key, line) in [("wrokers", 2), ("drain", 3)] {
        let place = format!("trunkline.toml:{line}:");
        let bad = site.line(|line| line.contains(&place))?;
        assert_eq!(bad["level"], "ERROR");
        assert!(bad["mistake"].as_str().is_some_and(|text| text.contains(key)), "{bad}");
    }
    fs::remove_file(site.file())?;
    site.process.signal(Signal::HUP)?;
    site.line(|line| line.contains("there is no such file"))?;
    client.echo("still here")?;
    site.connect()?.echo("and for newcomers")?;
    Ok(())
}

#[test]
fn sighup_lays_the_flags_over_the_file_again() -> Result<()> {
    let (port, backend) = (ReservedPort::new()?, echo()?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, Setup::PLAIN.file(port.address().port(), &[backend.address()]))?;
    let mut command = trunkline();
    command.arg("run").arg("-c").arg(&file);
    command.arg("--trace-file").arg(folder.path().join("traces.jsonl"));
    let mut process = Process::spawn(command)?;
    process.wait_for_line("listening", SOON)?;
    process.signal(Signal::HUP)?;
    process.wait_for_line("the backends of the file are in use", SOON)?;
    process.signal(Signal::TERM)?;
    process.wait(SOON)?;
    // Waits until stderr has been read to its end.
    let _shown = process.last_lines();
    let lines = process.stderr().last(usize::MAX);
    assert!(lines.iter().all(|line| !line.contains("needs a restart")), "{lines:#?}");
    Ok(())
}

/// Waits until no listening socket is left.
fn wait_until_deaf(site: &mut Site) -> Result<()> {
    site.process.wait_until("deaf", SOON, |id| Ok(procfs::listening_sockets_of(id)?.is_empty()))
}
