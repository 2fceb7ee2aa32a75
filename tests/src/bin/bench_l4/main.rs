//! What a small request costs at L4: processor time of Trunkline against haproxy, in one
//! interleaved run.
//!
//! In every round each proxy in turn gets a fresh backend, a fresh process and fresh connections;
//! it is warmed up, and the processor time of its process is read before and after a fixed number
//! of requests. Only the ratio within one run means anything: the machine's speed changes from one
//! run to the next, and requests per second with its other users.
//!
//! Build everything the same way and run it from there, for it takes `peer` from its own folder:
//! `cargo build --profile dist -p trunkline -p trunkline-tests && target/dist/bench-l4 --trunkline
//! target/dist/trunkline`

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use trunkline_tests::peers::find;
use trunkline_tests::sample::Sample;
use trunkline_tests::spread::Spread;

mod proxy;

use proxy::{Proxy, Workload};

/// Requests made before the measured ones, as a part of those.
const WARM_UP: u64 = 10;

/// Compares the processor time that Trunkline and haproxy spend on a small request at L4.
#[derive(Parser)]
struct Arguments {
    /// The trunkline program to measure.
    #[arg(long)]
    trunkline: PathBuf,
    /// Rounds, in each of which both are measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(3..=100))]
    rounds: u32,
    /// Requests measured in each round.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(100..))]
    requests: u64,
    /// Connections that they are sent over.
    #[arg(long, default_value_t = 64)]
    connections: u16,
    /// Bytes of a request and of its answer.
    #[arg(long, default_value_t = 64)]
    size: u32,
    /// Threads that each proxy may use.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Three rounds of 20,000 requests: to see that it works, not to quote.
    #[arg(long, conflicts_with_all = ["rounds", "requests"])]
    quick: bool,
    /// Exit with 1 when the ratio of Trunkline to haproxy is greater.
    #[arg(long)]
    at_most: Option<f64>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-l4: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures and prints; tells whether the ratio is within bounds.
fn run(arguments: &Arguments) -> Result<bool> {
    let beside = env::current_exe()?.with_file_name("peer");
    anyhow::ensure!(beside.is_file(), "{} is missing: build it the same way", beside.display());
    let haproxy = find("haproxy").context("haproxy is not installed: apt-get install haproxy")?;
    let (rounds, requests) =
        if arguments.quick { (3, 20_000) } else { (arguments.rounds, arguments.requests) };
    let workload = Workload {
        peer: beside,
        connections: arguments.connections,
        size: arguments.size,
        warm_up: requests / WARM_UP,
        requests,
        workers: arguments.workers,
    };
    let theirs = Proxy::Haproxy(haproxy);
    let ours = Proxy::Trunkline(arguments.trunkline.clone());
    let (mut theirs_seen, mut ours_seen) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let measure = |proxy: &Proxy, seen: &mut Vec<Sample>| {
            let sample = workload.measure(proxy)?;
            eprintln!("round {}: {proxy}: {sample}", round + 1);
            seen.push(sample);
            anyhow::Ok(())
        };
        // Who goes first changes: what the first leaves behind in the kernel must not always help
        // the same one.
        if round % 2 == 0 {
            measure(&theirs, &mut theirs_seen)?;
            measure(&ours, &mut ours_seen)?;
        } else {
            measure(&ours, &mut ours_seen)?;
            measure(&theirs, &mut theirs_seen)?;
        }
    }
    report(&theirs_seen, &ours_seen, arguments.at_most)
}

/// One of the figures of a sample.
type Figure = fn(&Sample) -> f64;

fn report(theirs: &[Sample], ours: &[Sample], at_most: Option<f64>) -> Result<bool> {
    let mut out = io::stdout().lock();
    let spread = |samples: &[Sample], of: Figure| Spread::of(samples.iter().map(of));
    let figures: [(&str, Figure); 4] = [
        ("CPU us per request", |sample| sample.cpu_micros),
        ("p50 us", |sample| sample.p50_micros),
        ("p99 us", |sample| sample.p99_micros),
        ("requests per s", |sample| sample.per_second),
    ];
    writeln!(out, "{:<20} {:>32} {:>32}", "median (min to max)", "haproxy", "trunkline")?;
    for (name, of) in figures {
        let (theirs, ours) = (spread(theirs, of)?.to_string(), spread(ours, of)?.to_string());
        writeln!(out, "{name:<20} {theirs:>32} {ours:>32}")?;
    }
    let pairs = ours.iter().zip(theirs).map(|(ours, theirs)| ours.cpu_micros / theirs.cpu_micros);
    let pairs = Spread::of(pairs)?;
    let ratio = spread(ours, figures[0].1)?.median / spread(theirs, figures[0].1)?.median;
    let requests: u64 = theirs.iter().chain(ours).map(|sample| sample.requests).sum();
    writeln!(
        out,
        "CPU, trunkline / haproxy: {ratio:.3} (rounds {:.3} to {:.3})",
        pairs.min, pairs.max
    )?;
    writeln!(out, "{requests} requests started and done, {} rounds", ours.len())?;
    let within = at_most.is_none_or(|most| ratio <= most);
    if let (false, Some(most)) = (within, at_most) {
        writeln!(out, "more than {most}")?;
    }
    Ok(within)
}
