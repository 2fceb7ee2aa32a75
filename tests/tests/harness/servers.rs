//! How the server under test is started, with a stand-in for it.

use std::path::Path;

use anyhow::{Context, Result};
use trunkline_tests::control::What;
use trunkline_tests::load::{Load, LoadPlan};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::trunkline::{Trunkline, forwarding};

use super::{SOON, peer};

fn stand_in() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/harness/stand_in.sh"))
}

fn configuration(port: &ReservedPort) -> String {
    let text = forwarding(port.address(), &[port.address()], 2);
    format!("{text}# peer: {}\n", peer().display())
}

#[test]
fn a_server_is_started_with_its_file_and_is_ready_when_it_listens() -> Result<()> {
    let port = ReservedPort::new()?;
    let mut server = Trunkline::run(stand_in(), &configuration(&port), &[port.address()])?;
    let summary = Load::start(peer(), &LoadPlan::new(port.address(), 20, 1))?.finish()?;
    assert_eq!(summary.failed(), 0);
    server.process().wait_for_line("\"started\"", SOON)?;
    let file = server.configuration().to_owned();
    assert!(file.is_file());
    drop(server);
    assert!(!file.exists());
    Ok(())
}

#[test]
fn a_server_with_faults_hands_its_events_to_the_control() -> Result<()> {
    let port = ReservedPort::new()?;
    let configuration = configuration(&port);
    let (mut server, control) =
        Trunkline::run_with_faults(stand_in(), &configuration, &[port.address()])?;
    let (event, _) = control.wait_for("start", 0, SOON, |event| event.what == What::Started)?;
    assert_eq!(event.path, "server");
    control.close();
    assert_eq!(server.process().wait(SOON)?.code(), Some(3));
    Ok(())
}

#[test]
fn a_server_that_ends_instead_of_listening_is_an_error_with_its_last_words() -> Result<()> {
    let port = ReservedPort::new()?;
    let no_peer = forwarding(port.address(), &[port.address()], 2);
    let error = Trunkline::run(stand_in(), &no_peer, &[port.address()]).err();
    let error = error.context("started")?.to_string();
    assert!(error.contains("before listening") && error.contains("stderr|"), "{error}");
    Ok(())
}
