//! What a protocol on Trunkline costs, against a plain tokio task with the same codec, in one
//! interleaved run.
//!
//! Both send lines back. In every round both are measured with lines on connections that stay, with
//! connections that do nothing, and with short connections, each time as fresh processes that take
//! turns. Only ratios within one run mean anything: the machine's speed changes from one run to
//! the next. How far apart two equal servers seem is told by `--itself`.
//!
//! Build everything the same way and run it from there, for it takes `peer` from its own folder; the
//! server by itself, as together with the tests it would get their fault injection:
//! `cargo build --profile dist -p echo && cargo build --profile dist -p trunkline-tests --bin
//! bench-protocol --bin peer && target/dist/bench-protocol --program target/dist/echo`

use std::env;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

mod report;
mod server;
mod workload;

use report::{Bounds, Seen};
use server::{Listener, Server};
use workload::Workload;

/// Compares a protocol on Trunkline with a plain tokio task that has the same codec.
#[derive(Parser)]
struct Arguments {
    /// The program to measure, which is run as `PROGRAM run -c FILE`.
    #[arg(long, required_unless_present = "itself")]
    program: Option<PathBuf>,
    /// The protocol of its listener: one that sends lines back.
    #[arg(long, default_value = "lines")]
    protocol: String,
    /// The level of its log; at `info` it writes a line for every connection.
    #[arg(long, default_value = "info", value_parser = ["error", "warn", "info", "debug", "trace"])]
    log: String,
    /// Measure the plain server against itself.
    #[arg(long, conflicts_with = "program")]
    itself: bool,
    /// Rounds, in each of which both are measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(3..=100))]
    rounds: u32,
    /// Messages in each round.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    messages: u64,
    /// Connections that carry the messages, and short ones at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    clients: u16,
    /// Bytes of a line with its line feed.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=8_192))]
    size: u32,
    /// Connections that do nothing.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(100..))]
    idle: u32,
    /// Short connections in each round: fewer than the kernel has ports for one server.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1_000..=25_000))]
    connections: u64,
    /// Threads that each server may use.
    #[arg(long, default_value = "2")]
    workers: NonZeroUsize,
    /// Three rounds of a tenth: to see that it works, not to quote.
    #[arg(long, conflicts_with_all = ["rounds", "messages", "idle", "connections"])]
    quick: bool,
    #[command(flatten)]
    bounds: Bounds,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-protocol: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures and prints; tells whether the figures are within bounds.
fn run(arguments: Arguments) -> Result<bool> {
    let peer = env::current_exe()?.with_file_name("peer");
    anyhow::ensure!(peer.is_file(), "{} is missing: build it the same way", peer.display());
    let (rounds, part) = if arguments.quick { (3, 10) } else { (arguments.rounds, 1) };
    let Arguments { protocol, log, clients, size, workers, .. } = arguments;
    let workload = Workload {
        peer,
        workers,
        size,
        clients,
        messages: arguments.messages / part,
        idle: arguments.idle / u32::try_from(part)?,
        connections: arguments.connections / part,
    };
    let plain = Server::Plain;
    let other = match arguments.program {
        Some(program) => Server::Trunkline(Listener { program, protocol, log }),
        None => Server::Plain,
    };
    let mut seen = Seen { server: &other, plain: Vec::new(), ours: Vec::new() };
    for round in 1..=rounds {
        let measured = workload.measure([&plain, &other])?;
        for (server, measured) in [&plain, &other].into_iter().zip(&measured) {
            eprintln!("round {round}: {server}: {measured}");
        }
        let [plain, ours] = measured;
        seen.plain.push(plain);
        seen.ours.push(ours);
    }
    seen.report(&arguments.bounds)
}
