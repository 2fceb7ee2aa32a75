//! A listener that an operator suspends or restarts, in the build with fault injection.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use trunkline_tests::control::{Control, Event, What};

use super::SOON;
use super::site::{Setup, Site, echo};

/// The actor that opens and closes the sockets of the only listener.
const LISTENER: &str = "server/traffic/listeners/main/listener";

/// Does it, and waits for what follows.
fn operate(control: &Control, operation: &str, path: &str, what: What) -> Result<()> {
    let mark = control.mark();
    control.operate(operation, path)?;
    let wanted = |event: &Event| event.path == path && event.what == what;
    control.wait_for(&format!("{operation} of {path}"), mark, SOON, wanted)?;
    Ok(())
}

fn refused(site: &Site) -> Result<()> {
    match TcpStream::connect_timeout(&site.address(), SOON) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error).context("neither refused nor served"),
        Ok(_) => bail!("somebody listens"),
    }
}

#[test]
fn a_suspended_listener_refuses_clients_and_its_connections_live_on() -> Result<()> {
    let backend = echo()?;
    let (site, control) = Site::start_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let mut open: Vec<_> = (0..8).map(|_| site.connect()).collect::<Result<_>>()?;
    for connection in &mut open {
        connection.echo("before")?;
    }
    for _ in 0..3 {
        operate(&control, "suspend", LISTENER, What::Suspended)?;
        for _ in 0..8 {
            refused(&site)?;
        }
        for connection in &mut open {
            connection.echo("meanwhile")?;
        }
        operate(&control, "resume", LISTENER, What::Started)?;
        for _ in 0..8 {
            site.connect()?.echo("afterwards")?;
        }
    }
    for connection in &mut open {
        connection.echo("still")?;
    }
    Ok(())
}

#[test]
fn nothing_that_is_started_anew_opens_the_sockets_of_a_suspended_listener() -> Result<()> {
    let backend = echo()?;
    let (site, control) = Site::start_with_faults(&Setup::PLAIN, &[backend.address()])?;
    operate(&control, "suspend", LISTENER, What::Suspended)?;
    let acceptors = "server/traffic/listeners/main/acceptors";
    operate(&control, "kill", &format!("{acceptors}/w0"), What::Started)?;
    operate(&control, "restart", &format!("{acceptors}/w1"), What::Started)?;
    operate(&control, "restart", acceptors, What::Started)?;
    operate(&control, "restart", "server/traffic/listeners/main", What::Started)?;
    for _ in 0..8 {
        refused(&site)?;
    }
    let nodes = control.tree(SOON)?;
    let listener = nodes.iter().find(|node| node.path == LISTENER).context("it is in the tree")?;
    assert_eq!(listener.state, "suspended");
    operate(&control, "resume", LISTENER, What::Started)?;
    for _ in 0..8 {
        site.connect()?.echo("afterwards")?;
    }
    Ok(())
}

#[test]
fn a_listener_that_is_restarted_again_and_again_goes_on_serving() -> Result<()> {
    let backend = echo()?;
    let (site, control) = Site::start_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let mut open = site.connect()?;
    for _ in 0..20 {
        operate(&control, "restart", LISTENER, What::Started)?;
        // As many as it takes to meet each worker, most probably.
        for _ in 0..8 {
            site.connect()?.echo("afterwards")?;
        }
        open.echo("still")?;
    }
    Ok(())
}

#[test]
fn a_listener_with_a_stuck_worker_is_suspended_all_the_same() -> Result<()> {
    let backend = echo()?;
    let (site, control) = Site::start_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let mark = control.mark();
    control.block("server/traffic/listeners/main/acceptors/w0", SOON / 5)?;
    control.wait_for("the stuck worker", mark, SOON, |event| event.what == What::WorkerStuck)?;
    let before = Instant::now();
    operate(&control, "suspend", LISTENER, What::Suspended)?;
    for _ in 0..8 {
        refused(&site)?;
    }
    ensure!(before.elapsed() < SOON / 5, "it waited for the worker");
    control.wait_for("its return", mark, SOON, |event| event.what == What::WorkerBack)?;
    refused(&site)?;
    operate(&control, "resume", LISTENER, What::Started)?;
    for _ in 0..8 {
        site.connect()?.echo("afterwards")?;
    }
    Ok(())
}
