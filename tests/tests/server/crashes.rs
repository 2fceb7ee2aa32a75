//! Crashes of single actors, in the build with fault injection.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use trunkline_tests::control::{Control, Event, Node, What, path_kind};
use trunkline_tests::load::{Load, LoadPlan};

use super::end::End;
use super::site::{Setup, Site, echo};
use super::{SOON, peer};

/// The listener of every site.
const LISTENER: &str = "server/traffic/listeners/main";

/// One restart a minute, and a trial of what is parked only in many.
const PARKED_FOR_LONG: &str = "1,60000,1,600000,1000";

/// What every tree has, whatever is configured: one of each kind at least is crashed.
const KINDS: &[&str] = &[
    "acceptor",
    "acceptor supervisor",
    "backend",
    "backend supervisor",
    "connection supervisor",
    "connections",
    "control",
    "listener",
    "listener supervisor",
    "listeners",
    "pool",
    "pool supervisor",
    "pools",
    "probe",
    "pulse",
    "resolver",
    "root",
    "router",
    "router supervisor",
    "steward",
    "traffic",
    "upstreams",
    "upstreams supervisor",
    "workers",
];

/// Crashes the actor at `path` and waits until its next incarnation is up.
fn crash(control: &Control, node: &Node) -> Result<()> {
    let mark = control.mark();
    control.panic(&node.path)?;
    let of = |event: &Event, what| event.path == node.path && event.what == what;
    let (exited, mark) =
        control.wait_for(&format!("exit of {}", node.path), mark, SOON, |event| {
            of(event, What::Exited)
        })?;
    anyhow::ensure!(
        exited.reason.as_deref() == Some("panicked"),
        "{} was not crashed: {exited:?}",
        node.path
    );
    control.wait_for(&format!("restart of {}", node.path), mark, SOON, |event| {
        of(event, What::Started)
    })?;
    Ok(())
}

fn crashable(control: &Control) -> Result<Vec<Node>> {
    let mut nodes = control.tree(SOON)?;
    nodes.retain(|node| path_kind(&node.path) != "connection");
    Ok(nodes)
}

#[test]
fn whatever_actor_crashes_open_connections_stream_on_and_new_ones_are_served() -> Result<()> {
    let backend = echo()?;
    // With probes: they are actors, too.
    let setup = Setup { pool: "", ..Setup::PLAIN };
    let (site, control) = Site::start_with_faults(&setup, &[backend.address()])?;
    let nodes = crashable(&control)?;
    let mut kinds: Vec<_> = nodes.iter().map(|node| path_kind(&node.path)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, KINDS);

    let mut open: Vec<_> = (0..8).map(|_| site.connect()).collect::<Result<_>>()?;
    for node in &nodes {
        let mut served = || {
            crash(&control, node)?;
            for connection in &mut open {
                connection.echo("still here")?;
            }
            // As many as it takes to meet each worker, most probably.
            for _ in 0..8 {
                serve(site.address())?;
            }
            anyhow::Ok(())
        };
        served().with_context(|| format!("crash of {}", node.path))?;
    }
    for connection in &mut open {
        connection.finish()?;
        connection.expect_end()?;
    }
    let after = crashable(&control)?;
    let shape = |nodes: &[Node]| -> Vec<_> {
        let parts = nodes
            .iter()
            .map(|node| (node.path.clone(), node.kind.clone(), node.state.clone(), node.worker));
        parts.collect()
    };
    assert_eq!(shape(&after), shape(&nodes));
    let restarts = after.iter().find(|node| node.restarts != 1);
    assert_eq!(restarts, None, "each was crashed once, and nobody with it");
    Ok(())
}

#[test]
fn the_process_still_hears_sigterm_after_the_crash_of_its_steward() -> Result<()> {
    let backend = echo()?;
    let (mut site, control) = Site::start_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let nodes = crashable(&control)?;
    let stewards = nodes.iter().filter(|node| path_kind(&node.path) == "steward");
    for steward in stewards {
        crash(&control, steward)?;
    }
    site.process.signal(rustix::process::Signal::TERM)?;
    assert_eq!(site.process.wait(SOON)?.code(), Some(0));
    Ok(())
}

#[test]
fn a_crash_of_a_connection_ends_only_that_one() -> Result<()> {
    let backend = echo()?;
    let (site, control) = Site::start_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let mut open: Vec<_> = (0..8).map(|_| site.connect()).collect::<Result<_>>()?;
    for connection in &mut open {
        connection.echo("hello")?;
    }
    let mut nodes = control.tree(SOON)?;
    nodes.retain(|node| path_kind(&node.path) == "connection");
    assert_eq!(nodes.len(), open.len());
    let victim = &nodes[3];
    let mark = control.mark();
    control.panic(&victim.path)?;
    control.wait_for("removal", mark, SOON, |event| {
        event.path == victim.path && event.what == What::Removed
    })?;
    let id = victim.path.rsplit('/').next().context("an id")?;
    let crashed = format!("\"id\":{id},");
    let line = site.line(|line| line.contains("connection closed") && line.contains(&crashed))?;
    assert_eq!((&line["phase"], &line["code"]), (&"stream".into(), &"crashed".into()));
    let client: SocketAddr = line["client"].as_str().context("a client")?.parse()?;
    for connection in &mut open {
        if connection.local_addr()? == client {
            connection.expect_reset()?;
        } else {
            connection.echo("still here")?;
        }
    }
    Ok(())
}

#[test]
fn routers_that_crash_over_questions_cost_no_connection() -> Result<()> {
    let backend = echo()?;
    let setup = Setup { server: "workers = 1", ..Setup::PLAIN };
    let (site, control) = Site::start_with_faults(&setup, &[backend.address()])?;
    let load = Load::start(peer(), &LoadPlan::new(site.address(), 200, 2))?;
    let router = "server/traffic/routers/w0";
    let of = |event: &Event, path: &str, what| event.path == path && event.what == what;
    for _ in 0..10 {
        let mark = control.mark();
        control.panic_message(router)?;
        let (_, mark) = control.wait_for("crash over a question", mark, SOON, |event| {
            of(event, router, What::Exited)
        })?;
        let (_, mark) =
            control.wait_for("restart", mark, SOON, |event| of(event, router, What::Started))?;
        // Once a later connection is through, so are the questions that were asked again: the next
        // crash is not over one of those.
        let (later, mark) = control.wait_for("a later connection", mark, SOON, |event| {
            path_kind(&event.path) == "connection" && event.what == What::Started
        })?;
        control.wait_for("its end", mark, SOON, |event| of(event, &later.path, What::Removed))?;
    }
    let summary = load.finish()?;
    assert_eq!(summary.failed(), 0, "{summary:?}");
    Ok(())
}

#[test]
fn a_pool_that_spends_its_intensity_is_parked_and_refuses_at_once() -> Result<()> {
    let backend = echo()?;
    let (site, control) =
        Site::start_with_supervision(PARKED_FOR_LONG, &Setup::PLAIN, &[backend.address()])?;
    let mut open = site.connect()?;
    open.echo("hello")?;
    park(&control, "server/traffic/pools/main", "pool")?;
    // A reset, which may be here before connecting is over.
    let refused = End::connect(site.address()).and_then(|mut client| client.rest());
    assert!(refused.is_err());
    let line = site.line(|line| line.contains("\"id\":2,"))?;
    assert_eq!((&line["phase"], &line["code"]), (&"route".into(), &"pool_parked".into()));
    open.echo("still here")
}

#[test]
fn a_listener_that_is_parked_refuses_newcomers() -> Result<()> {
    let backend = echo()?;
    let (site, control) =
        Site::start_with_supervision(PARKED_FOR_LONG, &Setup::PLAIN, &[backend.address()])?;
    park(&control, LISTENER, "acceptors/w0")?;
    let refused = End::connect(site.address()).err().context("connected")?;
    let refused = refused.downcast_ref::<io::Error>().map(io::Error::kind);
    assert_eq!(refused, Some(io::ErrorKind::ConnectionRefused));
    Ok(())
}

#[test]
fn a_listener_that_was_parked_opens_its_port_again() -> Result<()> {
    let backend = echo()?;
    let rates = "1,60000,1,200,1000";
    let (site, control) = Site::start_with_supervision(rates, &Setup::PLAIN, &[backend.address()])?;
    let mark = park(&control, LISTENER, "acceptors/w0")?;
    control.wait_for("trial", mark, SOON, |event| {
        event.path == LISTENER && event.what == What::Started
    })?;
    for _ in 0..8 {
        serve(site.address())?;
    }
    Ok(())
}

#[test]
fn acceptors_that_crash_too_often_together_open_their_ports_again() -> Result<()> {
    let backend = echo()?;
    let (site, control) =
        Site::start_with_supervision(PARKED_FOR_LONG, &Setup::PLAIN, &[backend.address()])?;
    let group = format!("{LISTENER}/acceptors");
    let mark = wait_after_panic(&control, &format!("{group}/w0"), What::Started)?;
    control.panic(&format!("{group}/w0"))?;
    let of = |event: &Event, what| event.path == group && event.what == what;
    let (_, mark) = control.wait_for("end", mark, SOON, |event| of(event, What::Escalated))?;
    control.wait_for("restart", mark, SOON, |event| of(event, What::Started))?;
    // Enough that each worker gets some.
    for _ in 0..16 {
        serve(site.address())?;
    }
    Ok(())
}

#[test]
fn a_listener_that_is_parked_from_above_refuses_newcomers_too() -> Result<()> {
    let backend = echo()?;
    let (site, control) =
        Site::start_with_supervision(PARKED_FOR_LONG, &Setup::PLAIN, &[backend.address()])?;
    wait_after_panic(&control, LISTENER, What::Started)?;
    wait_after_panic(&control, LISTENER, What::Parked)?;
    let refused = End::connect(site.address()).err().context("connected")?;
    let refused = refused.downcast_ref::<io::Error>().map(io::Error::kind);
    assert_eq!(refused, Some(io::ErrorKind::ConnectionRefused));
    Ok(())
}

/// Crashes the actor at `path` and waits for what follows; the mark behind that.
fn wait_after_panic(control: &Control, path: &str, what: What) -> Result<usize> {
    let mark = control.mark();
    control.panic(path)?;
    let (_, mark) =
        control.wait_for("answer", mark, SOON, |event| event.path == path && event.what == what)?;
    Ok(mark)
}

/// Crashes `part` of `whole` until that is parked; the mark behind the event.
fn park(control: &Control, whole: &str, part: &str) -> Result<usize> {
    let part = format!("{whole}/{part}");
    let mut mark = control.mark();
    loop {
        control.panic(&part)?;
        let (event, next) = control.wait_for("restart", mark, SOON, |event| {
            let what = (event.path.as_str(), event.what);
            what == (&part, What::Started) || what == (whole, What::Parked)
        })?;
        mark = next;
        if event.what == What::Parked {
            return Ok(mark);
        }
    }
}

/// One connection to its orderly end.
fn serve(address: SocketAddr) -> Result<()> {
    let mut client = End::connect(address)?;
    client.echo("hello")?;
    client.finish()?;
    client.expect_end()
}
