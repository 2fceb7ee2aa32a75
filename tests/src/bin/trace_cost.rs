//! What tracing costs an HTTP request: instructions with none, few and all traced, and processor time
//! in an interleaved run. Exits with 1 when a bound is missed.
//!
//! `peer` has to be beside it, built the same way; the server is to be built by itself, as for the
//! benchmark:
//! `cargo build --profile dist -p trunkline`, `cargo build --release -p trunkline-tests --bins`,
//! `target/release/trace-cost --trunkline target/dist/trunkline`
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use trunkline_tests::runs::Report;
use trunkline_tests::runs::trace_cost::{self, TraceCostPlan};

/// Measures what tracing costs.
#[derive(Parser)]
struct Arguments {
    /// The trunkline program to measure.
    #[arg(long)]
    trunkline: PathBuf,
    /// Requests of each count of instructions; 0 for none.
    #[arg(long, default_value_t = TraceCostPlan::default().counted)]
    counted: u64,
    /// Rounds of timing; 0 for none.
    #[arg(long, default_value_t = TraceCostPlan::default().rounds)]
    rounds: u32,
    /// Requests a second in them.
    #[arg(long, default_value_t = TraceCostPlan::default().rate)]
    rate: u32,
    /// The most instructions of a request with one in a hundred traced, as a part of those without.
    #[arg(long, default_value_t = 1.03)]
    sampled_at_most: f64,
    /// The most processor time of a request with all traced, likewise.
    #[arg(long, default_value_t = 1.6)]
    full_at_most: f64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => {
            println!("{report}");
            if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("trace-cost: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report> {
    let peer = env::current_exe()?.with_file_name("peer");
    ensure!(peer.is_file(), "{} is missing: build it the same way", peer.display());
    let server = &arguments.trunkline;
    ensure!(server.is_file(), "{} is no program", server.display());
    let Arguments { counted, rounds, rate, sampled_at_most, full_at_most, .. } = *arguments;
    let plan = TraceCostPlan {
        counted,
        rounds,
        rate,
        sampled: Some(sampled_at_most),
        full: Some(full_at_most),
        ..TraceCostPlan::default()
    };
    trace_cost::run(&peer, server, plan)
}
