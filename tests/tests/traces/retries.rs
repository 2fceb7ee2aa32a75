//! The spans of requests for which more than one backend is asked, or none is free.

use std::fmt::Display;

use anyhow::{Result, bail, ensure};
use trunkline_tests::http::wire::Upstream;
use trunkline_tests::port::ReservedPort;

use crate::edge::{BROKEN, Edge, OK, Plan};
use crate::requests::{ANSWERED, in_front, serve, status};
use crate::told::{Trace, expect_attributes, hex, text};

/// A pool whose second backend is asked only where the first cannot serve.
fn first_and_second(first: impl Display, second: &Upstream) -> Result<[String; 2]> {
    Ok([
        format!("{{ address = \"{first}\" }}"),
        format!("{{ address = \"{}\", backup = true }}", second.address()?),
    ])
}

const TWO_TRIES: &str = "attempts = 2\nfall = 100\nreuse = \"never\"";

/// Two tries, of which the first has ended so, and the second well.
fn expect_failover(trace: &Trace, outcome: &str) -> Result<()> {
    trace.expect(&[
        "GET all [server]",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        &format!("try < GET all [client] !{outcome}"),
        "lease < GET all",
        "try < GET all [client]",
        "response < GET all",
    ])?;
    let ([first, second], leases) = (&trace.all("try")[..], trace.all("lease")) else {
        bail!("not two tries")
    };
    expect_attributes(first, &[("trunkline.outcome", outcome)])?;
    ensure!(text(first, "http.request.resend_count").is_none(), "{first:#?}");
    let resent = [("trunkline.outcome", "answered"), ("http.request.resend_count", "1")];
    expect_attributes(second, &resent)?;
    // One behind the other.
    ensure!(first.end_time_unix_nano <= leases[1].start_time_unix_nano, "{:#?}", trace.spans);
    ensure!(leases[1].end_time_unix_nano <= second.start_time_unix_nano, "{:#?}", trace.spans);
    Ok(())
}

#[test]
fn a_failover_has_a_lease_and_a_try_for_each_backend_and_the_request_is_not_red() -> Result<()> {
    let (refusing, second) = (ReservedPort::new()?, Upstream::new()?);
    let plan = Plan { pool: TWO_TRIES, ..Plan::HTTP };
    let edge = Edge::start(&plan, &first_and_second(refusing.address(), &second)?)?;
    let mut client = edge.getting("/failover", "")?;
    let head = serve(&second, OK)?;
    status(&mut client, 200)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    let trace = told.of_path("/failover")?;
    expect_failover(trace, "refused")?;
    let seen = hex(&trace.all("try")[1].span_id);
    ensure!(head.contains(&format!("-{seen}-01\r\n")), "not {seen} in {head}");
    Ok(())
}

#[test]
fn a_backend_that_resets_before_its_answer_is_followed_by_the_next() -> Result<()> {
    let (first, second) = (Upstream::new()?, Upstream::new()?);
    let plan = Plan { pool: TWO_TRIES, ..Plan::HTTP };
    let edge = Edge::start(&plan, &first_and_second(first.address()?, &second)?)?;
    let mut client = edge.getting("/reset", "")?;
    let mut backend = first.accept()?;
    backend.head()?;
    backend.abort()?;
    serve(&second, OK)?;
    status(&mut client, 200)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    expect_failover(told.of_path("/reset")?, "backend_reset")
}

#[test]
fn a_status_that_is_tried_again_elsewhere_is_seen_on_the_first_try() -> Result<()> {
    let (first, second) = (Upstream::new()?, Upstream::new()?);
    let pool = format!("{TWO_TRIES}\nretry = {{ statuses = [500] }}");
    let plan = Plan { pool: &pool, ..Plan::HTTP };
    let edge = Edge::start(&plan, &first_and_second(first.address()?, &second)?)?;
    let mut client = edge.getting("/again", "")?;
    serve(&first, BROKEN)?;
    serve(&second, OK)?;
    status(&mut client, 200)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    let trace = told.of_path("/again")?;
    expect_failover(trace, "unwanted_status")?;
    expect_attributes(trace.all("try")[0], &[("http.response.status_code", "500")])
}

#[test]
fn a_try_that_takes_too_long_is_followed_by_the_next() -> Result<()> {
    let (first, second) = (Upstream::new()?, Upstream::new()?);
    let pool = format!("{TWO_TRIES}\nretry = {{ per_try = \"50ms\" }}");
    let plan = Plan { pool: &pool, ..Plan::HTTP };
    let edge = Edge::start(&plan, &first_and_second(first.address()?, &second)?)?;
    let mut client = edge.getting("/slow", "")?;
    let mut silent = first.accept()?;
    silent.head()?;
    serve(&second, OK)?;
    status(&mut client, 200)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    expect_failover(told.of_path("/slow")?, "try_timeout")
}

#[test]
fn a_backend_that_is_asked_once_more_is_the_first_resend_whatever_leases_were_refused() -> Result<()>
{
    let plan = Plan { pool: "attempts = 3\nfall = 100\nreuse = \"never\"", ..Plan::HTTP };
    let (edge, only) = in_front(&plan)?;
    let mut client = edge.getting("/once-more", "")?;
    let mut backend = only.accept()?;
    backend.head()?;
    backend.abort()?;
    serve(&only, OK)?;
    status(&mut client, 200)?;
    let told = edge.end()?;
    told.expect_traces(1)?;
    let trace = told.of_path("/once-more")?;
    trace.expect(&[
        "GET all [server]",
        "receive < GET all",
        "route < GET all",
        "lease < GET all",
        "try < GET all [client] !backend_reset",
        "lease < GET all !all_tried",
        "lease < GET all",
        "try < GET all [client]",
        "response < GET all",
    ])?;
    expect_attributes(trace.all("try")[1], &[("http.request.resend_count", "1")])
}

const ONE_AT_A_TIME: &str =
    "attempts = 1\nfall = 100\nreuse = \"never\"\nlimits.backend_in_flight = 1";

#[test]
fn a_request_that_waits_for_a_place_has_its_wait_in_its_lease() -> Result<()> {
    let (edge, upstream) = in_front(&Plan { pool: ONE_AT_A_TIME, ..Plan::HTTP })?;
    let mut first = edge.getting("/first", "")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    let mut second = edge.getting("/second", "")?;
    edge.wait_for_waiting(1)?;
    backend.send(OK)?;
    status(&mut first, 200)?;
    serve(&upstream, OK)?;
    status(&mut second, 200)?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    told.of_path("/first")?.expect(&ANSWERED)?;
    let trace = told.of_path("/second")?;
    let lines: Vec<_> = ANSWERED.into_iter().chain(["queue < lease"]).collect();
    trace.expect(&lines)?;
    expect_attributes(trace.span("lease")?, &[("trunkline.outcome", "granted")])
}

#[test]
fn a_wait_that_is_too_long_is_a_lease_that_is_refused() -> Result<()> {
    let pool = format!("{ONE_AT_A_TIME}\nlimits.queue_timeout = \"50ms\"");
    let (edge, upstream) = in_front(&Plan { pool: &pool, ..Plan::HTTP })?;
    let mut first = edge.getting("/first", "")?;
    let mut backend = upstream.accept()?;
    backend.head()?;
    status(&mut edge.getting("/second", "")?, 503)?;
    backend.send(OK)?;
    status(&mut first, 200)?;
    let told = edge.end()?;
    told.expect_traces(2)?;
    told.of_path("/second")?.expect(&[
        "GET all [server] !queue_timeout",
        "receive < GET all",
        "route < GET all",
        "lease < GET all !queue_timeout",
        "queue < lease",
        "response < GET all",
    ])
}
