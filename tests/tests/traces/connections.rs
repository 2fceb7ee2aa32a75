//! The spans of connections that are forwarded.

use anyhow::{Result, ensure};
use trunkline_tests::http::wire::{Ended, Upstream};
use trunkline_tests::port::ReservedPort;

use crate::edge::{Edge, Plan};
use crate::requests::in_front;
use crate::told::{expect_attributes, expect_link, text};

/// The spans of a connection whose bytes flow.
const OPENED: [&str; 4] = [
    "forward main [server]",
    "accept < forward main",
    "lease < forward main",
    "connect < forward main [client]",
];

#[test]
fn a_connection_is_told_as_soon_as_bytes_flow_and_its_end_links_to_that() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::FORWARD)?;
    let mut client = edge.asking("12345")?;
    let mut backend = upstream.accept()?;
    backend.expect("12345")?;
    let told = edge.wait_for_spans(OPENED.len())?;
    let opened = told.named("forward main")?;
    opened.expect(&OPENED)?;
    let root = opened.root()?;
    let port = client.local_addr()?.port().to_string();
    expect_attributes(
        root,
        &[
            ("network.transport", "tcp"),
            ("client.address", "127.0.0.1"),
            ("client.port", &port),
            ("trunkline.listener", "main"),
            ("trunkline.pool", "main"),
            ("trunkline.code", "opened"),
        ],
    )?;
    let backend_is = upstream.address()?.to_string();
    expect_attributes(
        opened.span("connect")?,
        &[
            ("trunkline.actor.path", &format!("server/traffic/pools/main/{backend_is}/backend")),
            ("trunkline.outcome", "connected"),
        ],
    )?;
    backend.send("123")?;
    client.expect("123")?;
    client.finish()?;
    backend.expect_end()?;
    drop(backend);
    client.expect_end()?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    let close = told.named("close")?;
    close.expect(&["close"])?;
    let close = close.root()?;
    expect_link(close, root)?;
    expect_attributes(
        close,
        &[
            ("trunkline.actor.path", &text(root, "trunkline.actor.path").unwrap_or_default()),
            ("trunkline.backend", &backend_is),
            ("trunkline.bytes_in", "5"),
            ("trunkline.bytes_out", "3"),
            ("trunkline.code", "done"),
        ],
    )
}

#[test]
fn a_backend_that_resets_is_the_reason_of_the_end() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::FORWARD)?;
    let mut client = edge.asking("1")?;
    let mut backend = upstream.accept()?;
    backend.expect("1")?;
    backend.abort()?;
    ensure!(client.rest()?.1 == Ended::Reset, "not reset");
    let told = edge.end()?;
    told.expect_traces(2)?;
    expect_attributes(told.named("close")?.root()?, &[("trunkline.code", "backend_reset")])
}

#[test]
fn a_connection_goes_to_the_second_backend_when_the_first_refuses_it() -> Result<()> {
    let (refusing, second) = (ReservedPort::new()?, Upstream::new()?);
    let backends = [
        format!("{{ address = \"{}\" }}", refusing.address()),
        format!("{{ address = \"{}\", backup = true }}", second.address()?),
    ];
    let plan = Plan { pool: "attempts = 2\nfall = 100", ..Plan::FORWARD };
    let edge = Edge::start(&plan, &backends)?;
    let client = edge.asking("1")?;
    second.accept()?.expect("1")?;
    drop(client);
    let told = edge.end()?;
    told.expect_traces(2)?;
    let opened = told.named("forward main")?;
    let failed = ["lease < forward main", "connect < forward main [client] !refused"];
    let lines: Vec<_> = OPENED.into_iter().chain(failed).collect();
    opened.expect(&lines)?;
    let tries = opened.all("connect");
    expect_attributes(tries[0], &[("trunkline.outcome", "refused")])?;
    let resent = [("trunkline.outcome", "connected"), ("http.request.resend_count", "1")];
    // A count of requests that were sent again is nothing for bytes.
    ensure!(text(tries[1], resent[1].0).is_none(), "{:#?}", tries[1]);
    expect_attributes(tries[1], &resent[..1])
}

#[test]
fn a_connection_without_a_backend_is_red_and_has_no_end_of_its_own() -> Result<()> {
    let nobody = ReservedPort::new()?;
    let plan = Plan { pool: "attempts = 1\nfall = 1\nretry_after = \"1h\"", ..Plan::FORWARD };
    let edge = Edge::start(&plan, &[nobody.address()])?;
    for _ in 0..2 {
        // The reset may come before the client has seen that it was accepted.
        if let Ok(mut client) = edge.connect() {
            ensure!(client.rest()?.1 == Ended::Reset, "it was served");
        }
    }
    let told = edge.end()?;
    told.expect_traces(2)?;
    let mut shapes = told.shapes();
    shapes.sort_unstable();
    let accept = "accept < forward main";
    let down = [accept, "forward main [server] !all_down", "lease < forward main !all_down"];
    let refused = [
        accept,
        "connect < forward main [client] !refused",
        "forward main [server] !refused",
        "lease < forward main",
    ];
    ensure!(shapes == [&refused[..], &down[..]], "{shapes:#?}");
    Ok(())
}
