//! The long runs: one command each, with its figures, a verdict in the last line, and exit code 1
//! for a miss.
//!
//! Build all programs of this crate the same way and run it from there, for it takes the others
//! from its own folder: `cargo build --release -p trunkline-tests --bins && target/release/long
//! failover`
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use trunkline_tests::runs::broadcast::{self, BroadcastPlan};
use trunkline_tests::runs::client::{self, ClientPlan};
use trunkline_tests::runs::collector::{self, CollectorPlan};
use trunkline_tests::runs::crashes::{self, CrashPlan};
use trunkline_tests::runs::dispatch::{self, DispatchPlan};
use trunkline_tests::runs::escalate::{self, Victims};
use trunkline_tests::runs::failover::{self, FailoverPlan};
use trunkline_tests::runs::flood::{self, FloodPlan};
use trunkline_tests::runs::http::bodies::{self, BodyPlan};
use trunkline_tests::runs::http::crashes::{self as http_crashes, HttpCrashPlan};
use trunkline_tests::runs::http::failover::{self as http_failover, HttpFailoverPlan};
use trunkline_tests::runs::http::faults::{self, FaultPlan};
use trunkline_tests::runs::http::keepalive::{self, KeepalivePlan};
use trunkline_tests::runs::http::pool_crashes::{self, PoolCrashPlan};
use trunkline_tests::runs::http::storm::{self, StormPlan};
use trunkline_tests::runs::idle::{self, IdleRunPlan};
use trunkline_tests::runs::observability_crashes::{self, ObservabilityCrashPlan};
use trunkline_tests::runs::park::{self, ParkPlan};
use trunkline_tests::runs::poison::{self, PoisonPlan};
use trunkline_tests::runs::recoveries::{self, RecoveryPlan};
use trunkline_tests::runs::reload::{self, ReloadPlan};
use trunkline_tests::runs::slow_http::{self, SlowHttpPlan};
use trunkline_tests::runs::stuck::{self, StuckPlan};
use trunkline_tests::runs::tree::{self, TreePlan};
use trunkline_tests::runs::{Programs, Report};

/// Runs of the server with faults, under load; each ends by itself.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    run: Run,
}

#[derive(Subcommand)]
enum Run {
    /// Kill one of two backends and bring it back, ten times in a minute.
    Failover,
    /// 1,008 panics of all kinds of actors in a minute, after a minute without (130 s).
    Crashes,
    /// Let a pool spend its intensity.
    Park {
        /// Wait until it is tried again, after up to 30 s.
        #[arg(long)]
        with_trial: bool,
    },
    /// Let the root spend its intensity.
    Escalate,
    /// Block a worker for five seconds.
    Stuck,
    /// Hold 8,000 idle connections, then stop.
    Idle,
    /// Let handlers of protocols panic on 1,000 connections at once (30 s).
    Recoveries,
    /// Send a line that crashes every handler (20 s).
    Poison,
    /// Send without end, and read nothing (30 s).
    Flood,
    /// Broadcast to 1,000 members of which ten read nothing (3 minutes).
    Broadcast,
    /// Let actors panic that messages are balanced over (30 s).
    Dispatch,
    /// Kill the peer of two clients 100 times (50 s).
    Client,
    /// 1,197 panics of all kinds of actors in a minute, under HTTP (65 s).
    HttpCrashes,
    /// Pass bodies of 1 GiB, and slow ones (3 minutes).
    HttpBodies,
    /// Hold 5,000 HTTP clients that have asked once, then stop.
    HttpKeepalive,
    /// Kill one of three origins and bring it back, twenty times in a minute, at full speed.
    HttpFailover,
    /// 2,640 panics in a minute of what looks after a pool, while parts of it are out (75 s).
    PoolCrashes,
    /// Change the backends of the file 100 times (65 s).
    Reload,
    /// Let origins fail in four ways, behind this server and behind haproxy (200 s).
    PoolFaults,
    /// Let every origin fail what it has read (20 s).
    RetryStorm,
    /// Attack with 1,000 slow clients of HTTP, in three ways (3 minutes).
    SlowHttp,
    /// Trace every request while the collector is up, gone, slow, resetting and back (6 minutes).
    Collector,
    /// Let what shows the server to others panic until it is parked, and come back (3 minutes).
    ObservabilityCrashes,
    /// Ask 50 times for the whole tree, with 8,000 connections in it (45 s).
    Tree,
}

fn main() -> ExitCode {
    let run = Arguments::parse().run;
    match report(run) {
        Ok(report) => {
            println!("{report}");
            if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("long: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn report(run: Run) -> Result<Report> {
    let programs = Programs::beside_this()?;
    match run {
        Run::Failover => failover::run(&programs, FailoverPlan::default()),
        Run::Crashes => crashes::run(&programs, CrashPlan::default()),
        Run::Park { with_trial } => {
            let plan = ParkPlan { with_trial, ..ParkPlan::default() };
            park::run(&programs, plan)
        }
        Run::Escalate => escalate::run(&programs, Victims::Routers),
        Run::Stuck => stuck::run(&programs, StuckPlan::default()),
        Run::Idle => idle::run(&programs, IdleRunPlan::default()),
        Run::Recoveries => recoveries::run(&programs, RecoveryPlan::default()),
        Run::Poison => poison::run(&programs, PoisonPlan::default()),
        Run::Flood => flood::run(&programs, FloodPlan::default()),
        Run::Broadcast => broadcast::run(&programs, BroadcastPlan::default()),
        Run::Client => client::run(&programs, ClientPlan::default()),
        Run::HttpCrashes => http_crashes::run(&programs, HttpCrashPlan::default()),
        Run::HttpBodies => bodies::run(&programs, BodyPlan::default()),
        Run::HttpKeepalive => keepalive::run(&programs, KeepalivePlan::default()),
        Run::HttpFailover => http_failover::run(&programs, HttpFailoverPlan::default()),
        Run::PoolCrashes => pool_crashes::run(&programs, PoolCrashPlan::default()),
        Run::Reload => reload::run(&programs, ReloadPlan::default()),
        Run::PoolFaults => faults::run(&programs, FaultPlan::default()),
        Run::RetryStorm => storm::run(&programs, StormPlan::default()),
        Run::SlowHttp => slow_http::run(&programs, SlowHttpPlan::default()),
        Run::Collector => collector::run(&programs, CollectorPlan::default()),
        Run::ObservabilityCrashes => {
            observability_crashes::run(&programs, ObservabilityCrashPlan::default())
        }
        Run::Tree => tree::run(&programs, TreePlan::default()),
        Run::Dispatch => dispatch::run(&programs, DispatchPlan::default()),
    }
}
