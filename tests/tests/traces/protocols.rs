//! The spans of an author's protocol.

use anyhow::{Context, Result, ensure};
use trunkline_tests::http::wire::Wire;
use trunkline_tests::protocols::{
    CRASH, CRASHED, INSIDE, JOIN, JOINED, PANIC, WORK, WORKER_CRASHED,
};

use crate::edge::{Build, Edge, Plan};
use crate::told::{Told, error, expect_attributes, expect_link, text};

/// The team of that program has members on two workers.
const LINES: Plan<'static> =
    Plan { build: Build::Protocols, server: "workers = 2", ..Plan::FORWARD };

fn start(listener: &str) -> Result<Edge> {
    Edge::start(&Plan { listener, ..LINES }, &[] as &[&str])
}

/// Asks and is answered.
fn say(client: &mut Wire, line: &str, answer: &str) -> Result<()> {
    client.send(format!("{line}\n"))?;
    client.expect(format!("{answer}\n"))
}

/// One line over a connection of its own, which is sent back.
fn one(line: &str, spans: usize) -> Result<Told> {
    let edge = start("protocol = \"observed\"")?;
    let mut client = edge.connect()?;
    say(&mut client, line, line)?;
    client.finish()?;
    client.expect_end()?;
    // What comes back after a crash does so behind the answer.
    edge.wait_for_spans(spans)?;
    edge.end()
}

#[test]
fn a_message_is_a_trace_of_one_span() -> Result<()> {
    let edge = start("protocol = \"observed\"")?;
    let mut client = edge.connect()?;
    say(&mut client, "one", "one")?;
    say(&mut client, "two", "two")?;
    let port = client.local_addr()?.port().to_string();
    client.finish()?;
    client.expect_end()?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    for trace in told.traces() {
        trace.expect(&["message [server]"])?;
        let span = trace.root()?;
        let path = text(span, "trunkline.actor.path").context("a path")?;
        ensure!(path.starts_with("server/traffic/listeners/main/connections/w"), "{path}");
        ensure!(path.ends_with("/protocol"), "{path}");
        expect_attributes(
            span,
            &[
                ("trunkline.actor.generation", "1"),
                ("trunkline.listener", "main"),
                ("client.port", &port),
                ("trunkline.outcome", "done"),
            ],
        )?;
    }
    Ok(())
}

#[test]
fn a_span_that_the_hook_makes_hangs_under_the_messages() -> Result<()> {
    let told = one(INSIDE, 2)?;
    told.expect_traces(1)?;
    told.named("message")?.expect(&["message [server]", "inside < message"])
}

#[test]
fn what_an_actor_does_for_a_hook_is_a_part_of_the_message() -> Result<()> {
    let told = one(WORK, 2)?;
    told.expect_traces(1)?;
    told.named("message")?.expect(&["message [server]", "worked < message"])
}

#[test]
fn a_panic_of_an_actor_that_a_hook_asks_hangs_under_the_message() -> Result<()> {
    let told = one(CRASH, 3)?;
    told.expect_traces(2)?;
    let trace = told.named("message")?;
    trace.expect(&["message [server]", "crash < message !panicked"])?;
    let crash = trace.span("crash")?;
    let path = text(crash, "trunkline.actor.path").context("a path")?;
    ensure!(path.ends_with("/observed/worker"), "{path}");
    ensure!(error(crash).is_some_and(|text| text.contains(WORKER_CRASHED)), "{crash:#?}");
    let restart = told.named("restart")?.root()?;
    expect_link(restart, trace.root()?)?;
    let second = [("trunkline.actor.path", &*path), ("trunkline.actor.generation", "2")];
    expect_attributes(restart, &second)
}

#[test]
fn a_message_to_another_connection_is_received_with_its_wait_in_the_trace_of_the_sender()
-> Result<()> {
    let edge = start(
        "protocol = \"room\"\nsettings = { policy = \"drop\", within = \"1s\", inbox = 64 }",
    )?;
    let mut listening = edge.connect()?;
    say(&mut listening, JOIN, JOINED)?;
    let sending = edge.asking("hello\n")?;
    listening.expect("hello\n")?;
    for client in [&mut { sending }, &mut listening] {
        client.finish()?;
        client.expect_end()?;
    }
    let told = edge.end()?;
    told.expect_traces(2)?;
    let mut shapes = told.shapes();
    shapes.sort_by_key(Vec::len);
    let received = ["message [server]", "queue < receive", "receive < message [consumer]"];
    ensure!(shapes == [&["message [server]"][..], &received], "{shapes:#?}");
    let is_it = |trace: &&crate::told::Trace| trace.spans.len() == received.len();
    let trace = told.traces().find(is_it).context("a trace")?;
    let paths = ["message", "receive"]
        .map(|name| trace.span(name).ok().and_then(|span| text(span, "trunkline.actor.path")));
    ensure!(paths[0].is_some() && paths[0] != paths[1], "{paths:?}");
    Ok(())
}

#[test]
fn a_handler_that_crashes_is_seen_on_its_message_and_its_restart_links_to_it() -> Result<()> {
    let edge = start(
        "protocol = \"fragile\"\nsettings = { crashes = 10, threshold = 3, period = \"1m\" }",
    )?;
    let mut client = edge.connect()?;
    say(&mut client, &format!("a line{PANIC}"), CRASHED)?;
    say(&mut client, "again", "again")?;
    client.finish()?;
    client.expect_end()?;
    let told = edge.end()?;
    told.expect_traces(3)?;
    let crashed = |trace: &&crate::told::Trace| trace.shape() == ["message [server] !panicked"];
    let message = told.traces().find(crashed).context("no crash")?.root()?;
    expect_attributes(message, &[("trunkline.outcome", "panicked")])?;
    let said = error(message).unwrap_or_default();
    ensure!(said.contains("the line asked for it") && said.contains("fragile.rs:"), "{said}");
    let restart = told.named("restart")?;
    restart.expect(&["restart"])?;
    let restart = restart.root()?;
    expect_link(restart, message)?;
    let path = text(message, "trunkline.actor.path").context("a path")?;
    expect_attributes(
        restart,
        &[
            ("trunkline.actor.path", &path),
            ("trunkline.actor.generation", "2"),
            ("trunkline.exit", "panicked"),
        ],
    )?;
    let calm = |trace: &&crate::told::Trace| trace.shape() == ["message [server]"];
    let after = told.traces().find(calm).context("no message after it")?.root()?;
    expect_attributes(after, &[("trunkline.actor.generation", "2")])
}
