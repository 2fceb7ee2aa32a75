//! What Trunkline costs against haproxy and nginx, with equal settings, in one interleaved run.
//!
//! In every round each proxy in turn gets a fresh backend, a fresh process and fresh clients, for
//! each workload; who goes first changes. Only ratios within one run mean anything: the machine's
//! speed changes from one run to the next, and what is left of it for latencies and rates with its
//! other users; processor time is far steadier. `BENCHMARKS.md` says what is measured, and how to
//! build for it: all programs the same way, and `peer` beside this one.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use trunkline_tests::proxied;

mod bound;
mod figures;
mod measure;
mod proxy;
mod report;
mod table;
mod workload;

use bound::Bound;
use figures::{Outcome, Results};
use measure::{Bench, Unmeasured};
use proxy::{Proxy, version};
use table::Table;
use workload::Workload;

/// Compares Trunkline with haproxy and nginx.
#[derive(Parser)]
struct Arguments {
    /// The trunkline program to measure, run as `PATH run -c FILE`.
    #[arg(long)]
    trunkline: PathBuf,
    /// Rounds, in each of which every proxy is measured with every workload.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Two rounds of a tenth: to see that it works, not to quote.
    #[arg(long)]
    quick: bool,
    /// Only these workloads.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Workload>,
    /// Only these proxies.
    #[arg(long, value_enum, value_delimiter = ',')]
    proxies: Vec<Proxy>,
    /// Write tables as Markdown.
    #[arg(long)]
    markdown: bool,
    /// `WORKLOAD[.p99][/PEER]=RATIO`: exit with 1 when Trunkline's cost (or p99) is a greater part of
    /// the peer's, or of the better one's of haproxy and nginx. Repeatable.
    #[arg(long, value_name = "BOUND")]
    at_most: Vec<Bound>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures and prints; tells whether nothing failed and all bounds are kept.
fn run(arguments: &Arguments) -> Result<bool> {
    let peer = env::current_exe()?.with_file_name("peer");
    ensure!(peer.is_file(), "{} is missing: build it the same way", peer.display());
    let trunkline = arguments.trunkline.clone();
    ensure!(trunkline.is_file(), "{} is no program", trunkline.display());
    let rounds = arguments.rounds.unwrap_or(if arguments.quick { 2 } else { 5 });
    let workloads = chosen(&arguments.only);
    let proxies = chosen(&arguments.proxies);
    let bench = Bench { peer, trunkline, quick: arguments.quick };
    write_settings(&mut io::stdout().lock(), arguments, rounds, &proxies)?;

    let mut results = Results::default();
    for round in 0..rounds {
        for workload in &workloads {
            for proxy in in_turn(&proxies, round).filter(|proxy| proxy.takes(*workload)) {
                if !results.is_spoilt(*workload, proxy) {
                    measure(&bench, *workload, proxy, round, &mut results);
                }
            }
        }
    }

    let mut out = io::stdout().lock();
    report::write(&mut out, arguments.markdown, &workloads, &proxies, &results)?;
    let missed: Vec<_> =
        arguments.at_most.iter().filter_map(|bound| bound.missed(&results)).collect();
    for line in &missed {
        writeln!(out, "{line}")?;
    }
    Ok(missed.is_empty() && !results.any_failed())
}

/// Those that were named, or all.
fn chosen<T: ValueEnum + Clone>(named: &[T]) -> Vec<T> {
    if named.is_empty() { T::value_variants().to_vec() } else { named.to_vec() }
}

/// All of them, and in every round another one first: what the one before leaves behind in the
/// kernel must not always help the same.
fn in_turn(proxies: &[Proxy], round: u32) -> impl Iterator<Item = Proxy> {
    let first = round as usize % proxies.len();
    proxies.iter().cycle().skip(first).take(proxies.len()).copied()
}

fn measure(bench: &Bench, workload: Workload, proxy: Proxy, round: u32, results: &mut Results) {
    let named = format!("round {}: {workload}: {proxy}", round + 1);
    match bench.measure(workload, proxy) {
        Ok(figures) => {
            eprintln!("{named}: {figures}");
            results.add(workload, proxy, figures);
        }
        Err(Unmeasured::Refused(error)) => {
            let why = on_one_line(&error);
            eprintln!("{named}: not measured: {why}");
            results.spoil(workload, proxy, Outcome::NotMeasured(why));
        }
        Err(Unmeasured::Failed(error)) => {
            let why = on_one_line(&error);
            eprintln!("{named}: failed: {why}");
            results.spoil(workload, proxy, Outcome::Failed(why));
        }
    }
}

/// An error fit for a cell of a table.
fn on_one_line(error: &anyhow::Error) -> String {
    /// Characters of an error that a table bears.
    const MOST: usize = 300;
    let text = format!("{error:#}");
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(MOST).collect()
}

fn write_settings(
    out: &mut impl Write,
    arguments: &Arguments,
    rounds: u32,
    proxies: &[Proxy],
) -> Result<()> {
    let mut table = Table::new(&["setting", "of all proxies"]);
    for proxy in
        [Proxy::Trunkline, Proxy::Haproxy, Proxy::Nginx].iter().filter(|it| proxies.contains(it))
    {
        let version = version(*proxy, &arguments.trunkline);
        let version = version.unwrap_or_else(|error| format!("{error:#}"));
        table.row([proxy.to_string(), version]);
    }
    let part = if arguments.quick { "of a tenth, not to be quoted" } else { "in full" };
    table.row(["rounds".to_owned(), format!("{rounds} {part}")]);
    for (name, value) in proxied::settings() {
        table.row([name.to_owned(), value]);
    }
    table.write(out, arguments.markdown)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proxy_goes_first_once_in_as_many_rounds() {
        let proxies = Proxy::value_variants();
        let first: Vec<_> = (0..5).filter_map(|round| in_turn(proxies, round).next()).collect();
        assert_eq!(first, proxies);
        assert_eq!(in_turn(proxies, 7).count(), proxies.len());
    }

    #[test]
    fn all_workloads_are_chosen_unless_some_are_named() -> Result<()> {
        let parse = |more: &[&str]| {
            Arguments::try_parse_from(["bench", "--trunkline", "t"].iter().chain(more))
        };
        assert_eq!(chosen(&parse(&[])?.only).len(), Workload::value_variants().len());
        let some = parse(&["--only", "l4-idle,http-bulk-8", "--at-most", "l4-idle=1"])?;
        assert_eq!(chosen(&some.only), [Workload::L4Idle, Workload::HttpBulk8]);
        assert!(parse(&["--at-most", "l4-idle"]).is_err());
        Ok(())
    }

    #[test]
    fn an_error_is_one_line_of_bounded_length() {
        let error = anyhow::anyhow!("a\n  b {}", "x".repeat(1000));
        let line = on_one_line(&error);
        assert!(line.starts_with("a b x") && line.chars().count() == 300);
    }
}
