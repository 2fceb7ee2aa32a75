//! The spans of requests that one backend answers, or nobody has to.

use anyhow::{Context, Result, ensure};
use trunkline_tests::http::wire::{Upstream, Wire};
use trunkline_tests::port::ReservedPort;

use crate::edge::{BROKEN, Edge, OK, Plan, get};
use crate::told::{expect_attributes, expect_link, hex, text};

/// The spans of a request that a backend has answered.
pub(crate) const ANSWERED: [&str; 6] = [
    "GET all [server]",
    "receive < GET all",
    "route < GET all",
    "lease < GET all",
    "try < GET all [client]",
    "response < GET all",
];

/// Has the next connection of the backend answer one request; gives its head.
pub(crate) fn serve(upstream: &Upstream, answer: &str) -> Result<String> {
    let mut backend = upstream.accept()?;
    let head = backend.head()?;
    backend.send(answer)?;
    Ok(head)
}

/// A program in front of one backend.
pub(crate) fn in_front(plan: &Plan<'_>) -> Result<(Edge, Upstream)> {
    let upstream = Upstream::new()?;
    Ok((Edge::start(plan, &[upstream.address()?])?, upstream))
}

/// The client is answered with this status.
pub(crate) fn status(client: &mut Wire, wanted: u16) -> Result<()> {
    let answer = client.answer()?;
    ensure!(answer.status == wanted, "not {wanted}: {answer:?}");
    Ok(())
}

#[test]
fn a_request_that_is_answered_has_a_span_for_each_phase_and_no_more() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::HTTP)?;
    let mut client = edge.getting("/direct?token=secret", "")?;
    let head = serve(&upstream, OK)?;
    status(&mut client, 200)?;
    let port = client.local_addr()?.port().to_string();
    let told = edge.end()?;
    told.expect_traces(1)?;
    let trace = told.of_path("/direct")?;
    trace.expect(&ANSWERED)?;
    expect_attributes(
        trace.root()?,
        &[
            ("trunkline.actor.generation", "1"),
            ("trunkline.worker", "0"),
            ("http.request.method", "GET"),
            ("url.path", "/direct"),
            ("url.scheme", "http"),
            ("server.address", "a"),
            ("network.protocol.version", "1.1"),
            ("http.route", "all"),
            ("http.response.status_code", "200"),
            ("client.address", "127.0.0.1"),
            ("client.port", &port),
            ("trunkline.listener", "main"),
            ("trunkline.pool", "main"),
            ("trunkline.phase", "answer"),
            ("trunkline.code", "done"),
            ("trunkline.bytes_in", &get("/direct?token=secret", "").len().to_string()),
            ("trunkline.bytes_out", &OK.len().to_string()),
        ],
    )?;
    let path = text(trace.root()?, "trunkline.actor.path").context("a path")?;
    ensure!(path.starts_with("server/traffic/listeners/main/connections/w0/"), "{path}");
    expect_attributes(
        trace.span("lease")?,
        &[
            ("trunkline.actor.path", "server/traffic/routers/w0"),
            ("trunkline.actor.generation", "1"),
            ("trunkline.outcome", "granted"),
        ],
    )?;
    let backend = upstream.address()?;
    let tried = trace.span("try")?;
    expect_attributes(
        tried,
        &[
            ("trunkline.actor.path", &format!("server/traffic/pools/main/{backend}/backend")),
            ("trunkline.actor.generation", "1"),
            ("server.address", "127.0.0.1"),
            ("server.port", &backend.port().to_string()),
            ("http.response.status_code", "200"),
            ("trunkline.connection.reused", "false"),
            ("trunkline.outcome", "answered"),
        ],
    )?;
    for absent in ["http.request.resend_count", "trunkline.hedge", "error.type"] {
        ensure!(text(tried, absent).is_none(), "{absent}: {tried:#?}");
    }
    let named = format!("traceparent: 00-{}-{}-01\r\n", trace.id(), hex(&tried.span_id));
    ensure!(head.contains(&named), "not {named} in {head}");
    ensure!(!format!("{:?}", trace.spans).contains("secret"), "the query was told");
    Ok(())
}

#[test]
fn a_backend_that_answers_500_is_red_and_so_is_the_request() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::HTTP)?;
    let mut client = edge.getting("/broken", "")?;
    serve(&upstream, BROKEN)?;
    status(&mut client, 500)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    let trace = told.of_path("/broken")?;
    trace.expect(&[
        "GET all [server] !500",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        "try < GET all [client] !500",
        "response < GET all",
    ])?;
    expect_attributes(trace.span("try")?, &[("trunkline.outcome", "answered")])
}

#[test]
fn what_needs_no_backend_has_no_span_of_one_and_is_no_failure() -> Result<()> {
    let listener = "protocol = \"http\"\nroutes = [\
        { name = \"own\", path = \"/own\", answer = { status = 200, body = \"own\" } },\
        { name = \"moved\", path = \"/moved\", redirect = { to = \"/elsewhere\" } }]";
    let edge = Edge::start(&Plan { listener, ..Plan::HTTP }, &[] as &[&str])?;
    status(&mut edge.getting("/own", "")?, 200)?;
    status(&mut edge.getting("/moved", "")?, 308)?;
    status(&mut edge.getting("/nowhere", "")?, 404)?;
    status(&mut edge.asking("GET /bad HTTP/1.1\r\nno host\r\n\r\n")?, 400)?;
    let told = edge.end()?;
    told.expect_traces(4)?;
    for (path, root) in [("/own", "GET own"), ("/moved", "GET moved"), ("/nowhere", "GET")] {
        let trace = told.of_path(path)?;
        let below = |name: &str| format!("{name} < {root}");
        let lines =
            [format!("{root} [server]"), below("receive"), below("route"), below("response")];
        trace.expect(&lines.each_ref().map(|line| &**line))?;
        // One behind the other.
        let (route, response) = (trace.span("route")?, trace.span("response")?);
        ensure!(route.end_time_unix_nano <= response.start_time_unix_nano, "{:#?}", trace.spans);
    }
    let bad = told.named("HTTP")?;
    bad.expect(&["HTTP [server]", "receive < HTTP", "response < HTTP"])?;
    expect_attributes(
        bad.root()?,
        &[("http.response.status_code", "400"), ("trunkline.phase", "head")],
    )
}

#[test]
fn a_client_that_leaves_is_no_failure_of_anybody() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::HTTP)?;
    let client = edge.getting("/left", "")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    client.abort()?;
    backend.rest()?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    let trace = told.of_path("/left")?;
    trace.expect(&ANSWERED[..5])?;
    let root = trace.root()?;
    ensure!(text(root, "http.response.status_code").is_none(), "{root:#?}");
    expect_attributes(root, &[("trunkline.code", "client_reset"), ("trunkline.phase", "wait")])?;
    expect_attributes(trace.span("try")?, &[("trunkline.outcome", "client_reset")])
}

#[test]
fn a_first_byte_that_comes_too_late_ends_the_try_and_the_request() -> Result<()> {
    let plan = Plan { http: "first_byte = \"50ms\"", ..Plan::HTTP };
    let (edge, upstream) = in_front(&plan)?;
    let mut client = edge.getting("/late", "")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    status(&mut client, 504)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    told.of_path("/late")?.expect(&[
        "GET all [server] !first_byte_timeout",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        "try < GET all [client] !first_byte_timeout",
        "response < GET all",
    ])
}

#[test]
fn nobody_to_ask_is_a_lease_that_is_refused_and_no_try() -> Result<()> {
    let nobody = ReservedPort::new()?;
    let plan = Plan { pool: "attempts = 1\nfall = 1\nretry_after = \"1h\"", ..Plan::HTTP };
    let edge = Edge::start(&plan, &[nobody.address()])?;
    status(&mut edge.getting("/first", "")?, 502)?;
    // It is out from here on.
    status(&mut edge.getting("/second", "")?, 503)?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    told.of_path("/first")?.expect(&[
        "GET all [server] !refused",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        "try < GET all [client] !refused",
        "response < GET all",
    ])?;
    let refused = told.of_path("/second")?;
    refused.expect(&[
        "GET all [server] !all_down",
        "receive < GET all",
        "route < GET all",
        "lease < GET all !all_down",
        "response < GET all",
    ])?;
    expect_attributes(refused.span("lease")?, &[("trunkline.outcome", "all_down")])
}

#[test]
fn an_upgrade_is_told_at_once_and_its_end_is_a_trace_that_links_to_it() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::HTTP)?;
    let offer = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    let mut client = edge.getting("/ws", offer)?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    backend.send(switch)?;
    let sent = client.head()?.len() + "123".len();
    // Both are still connected.
    let told = edge.wait_for_spans(ANSWERED.len())?;
    let opened = told.of_path("/ws")?;
    opened.expect(&ANSWERED)?;
    expect_attributes(
        opened.root()?,
        &[("trunkline.code", "switched"), ("http.response.status_code", "101")],
    )?;
    expect_attributes(opened.span("try")?, &[("trunkline.outcome", "switched")])?;
    client.send("12345")?;
    backend.expect("12345")?;
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
    expect_link(close, told.of_path("/ws")?.root()?)?;
    expect_attributes(
        close,
        &[
            ("trunkline.code", "done"),
            ("trunkline.bytes_in", &(get("/ws", offer).len() + "12345".len()).to_string()),
            ("trunkline.bytes_out", &sent.to_string()),
            ("trunkline.backend", &upstream.address()?.to_string()),
        ],
    )
}
