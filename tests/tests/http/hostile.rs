//! Hostile requests and answers, each against the same program and over the same kept connections,
//! so that a connection that is out of step would give somebody a wrong answer.
//!
//! | File | What is hostile |
//! |---|---|
//! | `case` | what a case is: what is sent, and what must become of it |
//! | `run` | sends cases, and compares what everybody saw |
//! | `lengths`, `codings` | Content-Length and Transfer-Encoding, alone and together |
//! | `chunks` | chunked framing, extensions and trailers |
//! | `lines`, `first_line` | ends of lines, names, values; the request line |
//! | `hosts` | Host and targets with a host |
//! | `hops` | Connection, Upgrade, Expect, forwarding fields |
//! | `sizes` | heads and bodies beyond the limits |
//! | `sequences` | a bad request behind good ones |
//! | `answers` | what a backend answers |

use std::collections::HashSet;

use anyhow::Result;
use trunkline_tests::http::lenient;

use case::Case;
use run::{How, run};

mod answers;
mod case;
mod chunks;
mod codings;
mod first_line;
mod hops;
mod hosts;
mod lengths;
mod lines;
mod run;
mod sequences;
mod sizes;

fn cases() -> Vec<Case> {
    [
        lengths::cases(),
        codings::cases(),
        chunks::cases(),
        lines::cases(),
        first_line::cases(),
        hosts::cases(),
        hops::cases(),
        sizes::cases(),
        sequences::cases(),
    ]
    .concat()
}

#[test]
fn there_are_two_hundred_cases_and_each_tells_something_else() {
    let cases = cases();
    let names: HashSet<_> = cases.iter().map(|case| &case.name).collect();
    let sent: HashSet<_> = cases.iter().map(|case| &case.sent).collect();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    assert_eq!((names.len(), sent.len()), (cases.len(), cases.len()));
}

#[test]
fn a_request_is_one_request_to_every_backend_or_none() -> Result<()> {
    // Which reading the backend answers by decides which cases would get it out of step.
    for reading in [lenient::ALL[1], lenient::ALL[2]] {
        run(reading, &cases(), How::Whole)?;
    }
    Ok(())
}

#[test]
fn a_request_that_comes_byte_by_byte_is_the_same_request() -> Result<()> {
    let short = |case: &Case| case.sent.len() <= 1024 && is_whole(case);
    let cases: Vec<_> = cases().into_iter().filter(short).collect();
    run(lenient::ALL[3], &cases, How::Bytes)
}

#[test]
fn a_request_cut_at_any_place_is_the_same_request() -> Result<()> {
    let short = |case: &Case| case.sent.len() <= 300 && is_whole(case);
    let cases: Vec<_> = cases().into_iter().filter(short).step_by(5).collect();
    run(lenient::ALL[4], &cases, How::Halves)
}

/// Whether there is the end of a head in it. Pieces without one are looked at when their time is up.
fn is_whole(case: &Case) -> bool {
    case.sent.windows(4).any(|window| window == b"\r\n\r\n")
}
