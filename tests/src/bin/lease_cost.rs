//! What a lease and its end cost in instructions, by algorithm, size of the pool and how many of its
//! backends are out.
//!
//! Without options it runs itself under valgrind's callgrind, twice for each figure, and prints one
//! table. `--algorithm`, `--backends`, `--out` and `--leases` only make so many leases, to be looked
//! at with whatever tool.
//!
//! `cargo build --release -p trunkline-tests --bin lease-cost && target/release/lease-cost`
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use tokio::time::Instant;
use trunkline_actors::backend::Backend;
use trunkline_actors::backend::health::HealthPolicy;
use trunkline_actors::balance::{Algorithm, Balancing};
use trunkline_actors::pool::key::key_of;
use trunkline_actors::pool::{Asked, Member, Pool, PoolSettings};
use trunkline_tests::instructions;

/// Leases in the two runs that are compared.
const FEW: u32 = 100;
const MANY: u32 = 1_100;

/// Sizes of the pool.
const SIZES: [u16; 3] = [3, 100, 1_000];

/// One of so many backends is out, in the second half of the table.
const ONE_OUT_OF: u16 = 10;

/// Counts the instructions of a lease.
#[derive(Parser)]
struct Arguments {
    /// Only make so many leases.
    #[arg(long)]
    leases: Option<u32>,
    /// By this algorithm.
    #[arg(long, default_value = "round_robin")]
    algorithm: String,
    /// Of so many backends.
    #[arg(long, default_value_t = 3)]
    backends: u16,
    /// So many of which are out.
    #[arg(long, default_value_t = 0)]
    out: u16,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.leases {
        Some(leases) => {
            lease_often(&arguments.algorithm, arguments.backends, arguments.out, leases)
        }
        None => table(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lease-cost: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn table() -> Result<()> {
    let columns = SIZES.map(|size| (size, 0)).into_iter().chain(
        // One of three at least, since a tenth of them is nobody.
        SIZES.map(|size| (size, (size / ONE_OUT_OF).max(1))),
    );
    let columns: Vec<_> = columns.collect();
    let head = columns.iter().map(|(size, out)| match out {
        0 => format!("{size:>11}"),
        out => format!("{:>11}", format!("{size} - {out}")),
    });
    println!("{:14}{}", "instructions", head.collect::<String>());
    for algorithm in Algorithm::ALL.map(Algorithm::name) {
        let mut line = format!("{algorithm:14}");
        for (size, out) in &columns {
            line += &format!("{:>11}", each(algorithm, *size, *out)?);
        }
        println!("{line}");
    }
    Ok(())
}

/// Instructions of one lease.
fn each(algorithm: &str, backends: u16, out: u16) -> Result<u64> {
    let run = |leases: u32| {
        instructions::of_this_program(&[
            format!("--leases={leases}"),
            format!("--algorithm={algorithm}"),
            format!("--backends={backends}"),
            format!("--out={out}"),
        ])
    };
    Ok(run(MANY)?.saturating_sub(run(FEW)?) / u64::from(MANY - FEW))
}

fn lease_often(algorithm: &str, backends: u16, out: u16, leases: u32) -> Result<()> {
    let named = Algorithm::ALL.into_iter().find(|named| named.name() == algorithm);
    let algorithm = named.with_context(|| format!("there is no algorithm {algorithm}"))?;
    let now = Instant::now();
    let retry_after = Duration::from_secs(3600);
    let policy = HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after };
    let members: Vec<_> = (0..backends)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            let backend = Backend::new(([10, 0, high, low], 80).into(), None, policy);
            // They are spread over the pool.
            if u32::from(number) * u32::from(out) % u32::from(backends) < u32::from(out) {
                let _ = backend.probe_failed(now);
            }
            Member::new(Arc::new(backend))
        })
        .collect();
    let balancing = Balancing { algorithm, ..Balancing::default() };
    let settings = PoolSettings { balancing, ..PoolSettings::default() };
    let pool = Arc::new(Pool::new("main", settings, members.clone()));
    let mut rng = fastrand::Rng::with_seed(7);
    // One answer of each, so that all latencies are known.
    for member in &members {
        let asked = Asked { sticky: Some(member.backend.tag()), ..Asked::default() };
        if let Ok(mut lease) = pool.lease(&asked, now, &mut rng) {
            let _ = lease.answered(true, Duration::from_millis(1), now);
        }
    }
    for number in 0..leases {
        let asked = Asked { hash: Some(key_of(&number.to_be_bytes())), ..Asked::default() };
        let lease = pool.lease(&asked, now, &mut rng);
        drop(lease.map_err(|refusal| anyhow!("no lease: {refusal}"))?);
    }
    Ok(())
}
