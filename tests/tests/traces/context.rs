//! What clients say of their traces, and what backends and the collector hear of it.

use anyhow::{Result, ensure};
use trunkline_tests::http::answer::field;

use crate::edge::{BROKEN, Edge, OK, Plan};
use crate::requests::{ANSWERED, in_front, serve, status};
use crate::told::{Told, hex};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

const TRUSTED: Plan<'static> = Plan {
    listener: "protocol = \"http\"\nroutes = [{ name = \"all\", pool = \"main\" }]\n\
               trusted = [\"127.0.0.1\"]",
    ..Plan::HTTP
};

/// What a client says of its trace.
fn fields(flags: &str) -> String {
    format!("traceparent: 00-{TRACE}-{SPAN}-{flags}\r\ntracestate: a=1,b=2\r\nbaggage: c=3\r\n")
}

/// One request with these fields: what the backend was sent, and what the collector was told.
fn one(plan: &Plan<'_>, fields: &str, answer: &str) -> Result<(String, Told)> {
    let (edge, upstream) = in_front(plan)?;
    let mut client = edge.getting("/", fields)?;
    let head = serve(&upstream, answer)?;
    client.answer()?;
    Ok((head, edge.end()?))
}

/// The parts of the `traceparent` that a backend was sent: version, trace, span, flags.
fn parent(head: &str) -> Result<[&str; 4]> {
    ensure!(head.matches("traceparent: ").count() == 1, "{head}");
    let parts: Vec<_> = field(head, "traceparent").unwrap_or_default().split('-').collect();
    parts.try_into().map_err(|_| anyhow::anyhow!("{head}"))
}

#[test]
fn a_trusted_clients_trace_goes_on_to_the_backend_and_to_the_collector() -> Result<()> {
    let (head, told) = one(&TRUSTED, &fields("01"), OK)?;
    told.expect_traces(1)?;
    let trace = told.trace(TRACE)?;
    let mut lines = ANSWERED.to_vec();
    lines[0] = "GET all < outside [server]";
    trace.expect(&lines)?;
    let root = trace.root()?;
    ensure!(hex(&root.parent_span_id) == SPAN && root.links.is_empty(), "{root:#?}");
    ensure!(parent(&head)? == ["00", TRACE, &hex(&trace.span("try")?.span_id), "01"], "{head}");
    ensure!(field(&head, "tracestate") == Some("a=1,b=2"), "{head}");
    ensure!(field(&head, "baggage") == Some("c=3"), "{head}");
    Ok(())
}

#[test]
fn a_strangers_trace_is_a_link_and_goes_no_further() -> Result<()> {
    let (head, told) = one(&Plan::HTTP, &fields("01"), OK)?;
    told.expect_traces(1)?;
    let trace = told.of_path("/")?;
    trace.expect(&ANSWERED)?;
    ensure!(trace.id() != TRACE, "it was followed");
    let root = trace.root()?;
    let links: Vec<_> =
        root.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect();
    ensure!(links == [(TRACE.to_owned(), SPAN.to_owned())], "{root:#?}");
    let tried = hex(&trace.span("try")?.span_id);
    ensure!(parent(&head)? == ["00", &trace.id(), &tried, "01"], "{head}");
    ensure!(!head.contains("tracestate") && !head.contains("baggage"), "{head}");
    Ok(())
}

#[test]
fn what_cannot_be_read_begins_a_new_trace_even_of_a_trusted_client() -> Result<()> {
    let long = "a".repeat(10 * 1024);
    let good = format!("traceparent: 00-{TRACE}-{SPAN}-01\r\n");
    let bad = [
        "traceparent: nonsense\r\n".to_owned(),
        "traceparent:\r\n".to_owned(),
        format!("{good}{good}"),
        format!("traceparent: 00-{}-{SPAN}-01\r\n", "0".repeat(32)),
        format!("traceparent: 00-{TRACE}-{}-01\r\n", "0".repeat(16)),
        good.to_uppercase(),
        format!("traceparent: ff-{TRACE}-{SPAN}-01\r\n"),
        format!("traceparent: 00-{TRACE}-{SPAN}-01-more\r\n"),
        format!("traceparent: {long}\r\n"),
        format!("traceparent: 00-{TRACE}-{SPAN}-{long}\r\n"),
    ];
    let (edge, upstream) = in_front(&TRUSTED)?;
    let mut heads = Vec::new();
    for (number, value) in bad.iter().enumerate() {
        let beside = "tracestate: a=1\r\nbaggage: c=3\r\n";
        let mut client = edge.getting(&format!("/{number}"), &format!("{value}{beside}"))?;
        heads.push(serve(&upstream, OK)?);
        status(&mut client, 200)?;
    }
    let told = edge.end()?;
    told.expect_traces(bad.len())?;
    for (number, head) in heads.iter().enumerate() {
        let trace = told.of_path(&format!("/{number}"))?;
        trace.expect(&ANSWERED)?;
        let root = trace.root()?;
        ensure!(root.links.is_empty() && trace.id() != TRACE, "{}: {root:#?}", bad[number]);
        let tried = hex(&trace.span("try")?.span_id);
        ensure!(parent(head)? == ["00", &trace.id(), &tried, "01"], "{head}");
        // Without the first, nobody knows what these are about (§3.3 of the recommendation).
        ensure!(!head.contains("tracestate"), "{head}");
    }
    Ok(())
}

#[test]
fn a_later_version_is_followed_as_far_as_it_is_known() -> Result<()> {
    let value = format!("traceparent: cc-{TRACE}-{SPAN}-01-what-comes\r\n");
    let (head, told) = one(&TRUSTED, &value, OK)?;
    let tried = hex(&told.trace(TRACE)?.span("try")?.span_id);
    ensure!(parent(&head)? == ["00", TRACE, &tried, "01"], "{head}");
    Ok(())
}

#[test]
fn a_trace_that_its_caller_does_not_sample_is_passed_on_and_not_told() -> Result<()> {
    let plan = Plan { telemetry: "sample_ratio = 1.0\nsample_errors = false", ..TRUSTED };
    for answer in [OK, BROKEN] {
        let (head, told) = one(&plan, &fields("00"), answer)?;
        told.expect_traces(0)?;
        let [version, trace, span, flags] = parent(&head)?;
        ensure!([version, trace, flags] == ["00", TRACE, "00"] && span != SPAN, "{head}");
        ensure!(field(&head, "tracestate") == Some("a=1,b=2"), "{head}");
    }
    Ok(())
}

#[test]
fn a_failure_is_told_although_its_caller_does_not_sample_it() -> Result<()> {
    let (head, told) = one(&TRUSTED, &fields("00"), BROKEN)?;
    told.expect_traces(1)?;
    let trace = told.trace(TRACE)?;
    ensure!(hex(&trace.root()?.parent_span_id) == SPAN, "{:#?}", trace.root()?);
    let tried = hex(&trace.span("try")?.span_id);
    ensure!(parent(&head)? == ["00", TRACE, &tried, "00"], "{head}");
    Ok(())
}

/// So many requests of a trusted client that samples each.
fn forced(plan: &Plan<'_>, count: usize) -> Result<Told> {
    let (edge, upstream) = in_front(plan)?;
    ask_forced(&edge, &upstream, count)?;
    edge.end()
}

fn ask_forced(
    edge: &Edge,
    upstream: &trunkline_tests::http::wire::Upstream,
    count: usize,
) -> Result<()> {
    for number in 1..=count {
        let own = format!("traceparent: 00-{number:032x}-{SPAN}-01\r\n");
        let mut client = edge.getting("/", &own)?;
        let head = serve(upstream, OK)?;
        status(&mut client, 200)?;
        ensure!(parent(&head)?[1] == format!("{number:032x}"), "{head}");
    }
    Ok(())
}

#[test]
fn callers_that_are_trusted_force_no_more_than_they_may() -> Result<()> {
    let with = |forced: u32| format!("sample_ratio = 0.0\nforced = {forced}");
    forced(&Plan { telemetry: &with(0), ..TRUSTED }, 5)?.expect_traces(0)?;
    forced(&Plan { telemetry: &with(1000), ..TRUSTED }, 20)?.expect_traces(20)?;
    // Twenty take less than that many seconds.
    let some = forced(&Plan { telemetry: &with(1), ..TRUSTED }, 20)?;
    ensure!((1..20).contains(&some.traces().count()), "{:#?}", some.shapes());
    // Nobody can force anything who is not trusted.
    forced_by_strangers(&with(1000))?.expect_traces(0)
}

fn forced_by_strangers(telemetry: &str) -> Result<Told> {
    Ok(one(&Plan { telemetry, ..Plan::HTTP }, &fields("01"), OK)?.1)
}

#[test]
fn without_a_share_only_what_fails_is_told() -> Result<()> {
    let (edge, upstream) = in_front(&Plan { telemetry: "sample_ratio = 0.0", ..Plan::HTTP })?;
    for (path, answer, code) in [("/ok", OK, 200), ("/broken", BROKEN, 500), ("/ok", OK, 200)] {
        let mut client = edge.getting(path, "")?;
        let head = serve(&upstream, answer)?;
        status(&mut client, code)?;
        ensure!(parent(&head)?[3] == "00", "{head}");
    }
    // What the client does wrong does not count.
    status(&mut edge.asking("nonsense\r\n\r\n")?, 400)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    told.of_path("/broken")?.expect(&[
        "GET all [server] !500",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        "try < GET all [client] !500",
        "response < GET all",
    ])
}

#[test]
fn without_a_share_and_without_errors_nothing_is_told() -> Result<()> {
    let telemetry = "sample_ratio = 0.0\nsample_errors = false";
    let (_, told) = one(&Plan { telemetry, ..Plan::HTTP }, "", BROKEN)?;
    told.expect_traces(0)
}
