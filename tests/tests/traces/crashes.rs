//! The spans of work that a panic has ended, and of what came back after it.

use anyhow::{Context, Result, ensure};
use opentelemetry_proto::tonic::trace::v1::Span;
use trunkline_tests::control::{Node, What};
use trunkline_tests::port::ReservedPort;

use crate::edge::{Build, Edge, OK, Plan};
use crate::requests::{ANSWERED, in_front, serve, status};
use crate::rig::SOON;
use crate::told::{Told, Trace, error, expect_attributes, expect_link};

const FAULTY: Plan<'static> = Plan { build: Build::Faults, ..Plan::HTTP };
const ROUTER: &str = "server/traffic/routers/w0";
const PANIC: &str = trunkline_runtime::INJECTED;

/// The only connection of a client.
fn connection(edge: &Edge) -> Result<String> {
    let is_it = |node: &Node| {
        let parent = node.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        parent.ends_with("/connections/w0")
    };
    let tree = edge.control()?.tree(SOON)?;
    Ok(tree.into_iter().find(is_it).context("no connection")?.path)
}

/// The actor at `path` panics over its next message.
fn break_next_message(edge: &Edge, path: &str) -> Result<()> {
    edge.control()?.panic_message(path)?;
    // It does as it is told one after the other: with this answer that is done.
    edge.control()?.tree(SOON)?;
    Ok(())
}

/// The actor at `path` has its second incarnation.
fn wait_for_restart(edge: &Edge, path: &str) -> Result<()> {
    edge.control()?.wait_for(&format!("restart of {path}"), 0, SOON, |event| {
        event.path == path && event.what == What::Started && event.generation == 2
    })?;
    Ok(())
}

/// The crash of the actor at `path` in the trace, and its restart, which links to `of`.
fn expect_crash_and_restart(told: &Told, trace: &Trace, path: &str) -> Result<()> {
    let crash = trace.span("crash")?;
    expect_attributes(
        crash,
        &[
            ("trunkline.actor.path", path),
            ("trunkline.actor.generation", "1"),
            ("trunkline.exit", "panicked"),
            ("error.type", "panicked"),
        ],
    )?;
    expect_panic(crash)?;
    let restart = told.named("restart")?;
    restart.expect(&["restart"])?;
    let restart = restart.root()?;
    expect_attributes(
        restart,
        &[
            ("trunkline.actor.path", path),
            ("trunkline.actor.generation", "2"),
            ("trunkline.exit", "panicked"),
        ],
    )?;
    expect_link(restart, trace.root()?)?;
    ensure!(crash.start_time_unix_nano <= restart.end_time_unix_nano, "{restart:#?}");
    Ok(())
}

/// The status has the text of the panic and its place.
fn expect_panic(span: &Span) -> Result<()> {
    let text = error(span).context("no error")?;
    ensure!(text.contains(PANIC) && text.contains(".rs:"), "{text:?}");
    Ok(())
}

#[test]
fn a_panic_of_the_connections_actor_is_seen_on_its_request() -> Result<()> {
    let (edge, upstream) = in_front(&FAULTY)?;
    let mut client = edge.getting("/crashed", "")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    edge.control()?.panic(&connection(&edge)?)?;
    status(&mut client, 503)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    let trace = told.of_path("/crashed")?;
    trace.expect(&[
        "GET all [server] !crashed",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        "try < GET all [client] !cut_off",
    ])?;
    expect_panic(trace.root()?)
}

#[test]
fn a_panic_of_the_router_hangs_under_the_request_that_asked_it_which_is_served() -> Result<()> {
    let (edge, upstream) = in_front(&FAULTY)?;
    break_next_message(&edge, ROUTER)?;
    let mut client = edge.getting("/asked-twice", "")?;
    serve(&upstream, OK)?;
    status(&mut client, 200)?;
    wait_for_restart(&edge, ROUTER)?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    let trace = told.of_path("/asked-twice")?;
    let lines: Vec<_> = ANSWERED.into_iter().chain(["crash < GET all !panicked"]).collect();
    trace.expect(&lines)?;
    expect_crash_and_restart(&told, trace, ROUTER)?;
    // The one that has answered.
    expect_attributes(trace.span("lease")?, &[("trunkline.actor.generation", "2")])
}

#[test]
fn a_panic_of_a_backends_actor_hangs_under_the_request_that_had_it_told_something() -> Result<()> {
    let nobody = ReservedPort::new()?;
    let plan = Plan { pool: "attempts = 1\nfall = 1\nretry_after = \"1h\"", ..FAULTY };
    let edge = Edge::start(&plan, &[nobody.address()])?;
    let path = format!("server/traffic/pools/main/{}/backend", nobody.address());
    break_next_message(&edge, &path)?;
    // It is told that it is out.
    status(&mut edge.getting("/told", "")?, 502)?;
    wait_for_restart(&edge, &path)?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    let trace = told.of_path("/told")?;
    trace.expect(&[
        "GET all [server] !refused",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        "try < GET all [client] !refused",
        "response < GET all",
        "crash < GET all !panicked",
    ])?;
    expect_crash_and_restart(&told, trace, &path)
}

#[test]
fn a_panic_that_was_nobodys_work_has_a_restart_alone() -> Result<()> {
    let (edge, _upstream) = in_front(&FAULTY)?;
    edge.control()?.panic(ROUTER)?;
    wait_for_restart(&edge, ROUTER)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    let restart = told.named("restart")?.root()?;
    ensure!(restart.links.is_empty(), "{restart:#?}");
    expect_attributes(restart, &[("trunkline.actor.path", ROUTER)])
}

#[test]
fn a_panic_under_an_open_connection_is_seen_on_its_end() -> Result<()> {
    let plan = Plan { build: Build::Faults, ..Plan::FORWARD };
    let (edge, upstream) = in_front(&plan)?;
    let mut client = edge.asking("1")?;
    upstream.accept()?.expect("1")?;
    edge.control()?.panic(&connection(&edge)?)?;
    client.rest()?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    let close = told.named("close")?;
    close.expect(&["close !crashed"])?;
    expect_panic(close.root()?)?;
    expect_link(close.root()?, told.named("forward main")?.root()?)
}
