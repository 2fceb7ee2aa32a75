//! What a span costs the thread that exports it, and what it costs whoever hands it in.
//!
//! Requests of six spans with four attributes each are handed in for some seconds; a collector in
//! the same process decodes and counts them. The processor time is that of the exporter's thread.
//!
//! `cargo build --release -p trunkline-tests --bin span-cost && target/release/span-cost`
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use trunkline_observability::trace::{self, Export, Exporter, Protocol};
use trunkline_tests::collector::{Collector, Mood, Speaks};
use trunkline_tests::exporting::{Made, SPANS, beside};

/// Measures what a span costs.
#[derive(Parser)]
struct Arguments {
    /// For so many seconds each.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Only this: memory, file, grpc, http, all.
    #[arg(long)]
    only: Option<String>,
    /// At most so many spans a second; 0 is as many as are taken.
    #[arg(long, default_value_t = 0)]
    rate: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    println!("to          spans  spans/s  ns/span exported  ns/span handed in  dropped");
    for to in ["memory", "file", "grpc", "http", "all"] {
        if arguments.only.as_deref().is_none_or(|only| only == to) {
            measure(to, &arguments)?;
        }
    }
    Ok(())
}

fn measure(to: &str, arguments: &Arguments) -> Result<()> {
    let speaks = if to == "http" { Speaks::Http } else { Speaks::Grpc };
    let collector = matches!(to, "grpc" | "http" | "all").then(|| Collector::start(speaks));
    let collector = collector.transpose()?;
    let folder = tempfile::tempdir()?;
    let export = Export {
        queue: 16_384,
        keep: if matches!(to, "memory" | "all") { 256 } else { 0 },
        trace_file: matches!(to, "file" | "all").then(|| folder.path().join("traces.jsonl")),
        collector: collector.as_ref().map(|collector| {
            collector.become_of(Mood::Counts);
            trace::Collector {
                endpoint: collector.endpoint(),
                protocol: if speaks == Speaks::Grpc { Protocol::Grpc } else { Protocol::Http },
                timeout: Duration::from_secs(10),
                headers: Vec::new(),
            }
        }),
        resource: trace::resource("span-cost", &[]),
    };
    let (seconds, rate) = (Duration::from_secs(arguments.seconds), arguments.rate);
    let (figures, counts) = beside(export, |exporter| hand_in(exporter, seconds, rate))?;
    let (spans, took, mine, theirs) = figures?;
    ensure!(counts.add_up(), "spans are unaccounted for: {counts:?}");
    println!(
        "{to:<6} {:>10} {:>8.0} {:>17.0} {:>18.0} {:>8}",
        counts.exported,
        counts.exported as f64 / took.as_secs_f64(),
        theirs as f64 / spans as f64,
        mine as f64 / spans as f64,
        counts.dropped.all(),
    );
    Ok(())
}

/// Hands in what there is room for: how many spans, for how long, and the nanoseconds of processor
/// time of this thread and of the exporter's.
fn hand_in(exporter: &Exporter, within: Duration, rate: u64) -> Result<(u64, Duration, u64, u64)> {
    let (pool, handing) = (Arc::from("web"), exporter.spans());
    // The first batch pays for the connection.
    handing.finish(Box::new(Made::new(0, &pool)));
    let begun = Instant::now();
    while exporter.counts().waiting > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(10), "nothing is exported");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let (before, begun) = (cpu_of("trunkline-spans")?, Instant::now());
    let (mut mine, mut number) = (0, 0);
    while begun.elapsed() < within {
        let wanted = begun.elapsed().as_secs_f64() * rate as f64;
        if exporter.counts().waiting > 8_192 || rate > 0 && (number * SPANS as u64) as f64 > wanted
        {
            std::thread::park_timeout(Duration::from_micros(200));
            continue;
        }
        let ended: Vec<_> = (0..100).map(|of| Box::new(Made::new(number + of, &pool))).collect();
        number += 100;
        let from = Instant::now();
        ended.into_iter().for_each(|ended| handing.finish(ended));
        mine += u64::try_from(from.elapsed().as_nanos())?;
    }
    while exporter.counts().waiting > 0 {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let took = begun.elapsed();
    Ok((number * SPANS as u64, took, mine, cpu_of("trunkline-spans")? - before))
}

/// The processor time of a thread of this process, in nanoseconds.
fn cpu_of(name: &str) -> Result<u64> {
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if fs::read_to_string(task.join("comm"))?.trim() == name {
            let times = fs::read_to_string(task.join("schedstat"))?;
            let nanos = times.split(' ').next().context("no time")?;
            return Ok(nanos.parse()?);
        }
    }
    anyhow::bail!("there is no thread {name}")
}
