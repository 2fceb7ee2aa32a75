//! What an ask and a lease on the same worker cost, in instructions: a figure that a change can be
//! held against, since unlike time it is the same from one run to the next.
//!
//! Without options it runs itself twice under valgrind's callgrind, with different numbers of asks,
//! and divides the difference: what starting and stopping cost falls out. `--asks N` only makes N
//! asks, to be looked at with whatever tool.
//!
//! `cargo build --release -p trunkline-tests --bin ask-and-lease && target/release/ask-and-lease`
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Parser;
use trunkline_actors::backend::health::HealthPolicy;
use trunkline_actors::discovery::{Origin, Pace, SourcePlan};
use trunkline_actors::handler::LEASE_LIMIT;
use trunkline_actors::pool::{Asked, PoolSettings};
use trunkline_actors::tree::pool::PoolPlan;
use trunkline_actors::tree::resolver::ResolverSettings;
use trunkline_actors::tree::router::{LeaseRequest, Router};
use trunkline_actors::tree::{self, Supervision};
use trunkline_runtime::{
    Actor, Address, ChildSpec, Context, Ended, Failure, Flags, Placement, Runtime, StartError,
    Strategy,
};
use trunkline_tests::instructions;

/// Asks in the two runs that are compared.
const FEW: u32 = 10_000;
const MANY: u32 = 110_000;

/// Counts the instructions of an ask and a lease.
#[derive(Parser)]
struct Arguments {
    /// Only make so many asks, and tell how long one took.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    asks: Option<u32>,
    /// Exit with 1 when an ask takes more instructions.
    #[arg(long)]
    at_most: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.asks {
        Some(asks) => ask_often(asks).map(|()| true),
        None => compare(arguments.at_most),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ask-and-lease: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Counts both runs; tells whether the figure is within bounds.
fn compare(at_most: Option<u64>) -> Result<bool> {
    let run = |asks: u32| instructions::of_this_program(&["--asks".into(), asks.to_string()]);
    let (few, many) = (run(FEW)?, run(MANY)?);
    let each = many.saturating_sub(few) / u64::from(MANY - FEW);
    println!("instructions, {FEW} asks: {few}");
    println!("instructions, {MANY} asks: {many}");
    println!("instructions per ask and lease: {each}");
    let within = at_most.is_none_or(|most| each <= most);
    if let (false, Some(most)) = (within, at_most) {
        println!("more than {most}");
    }
    Ok(within)
}

/// Runs a tree with one worker, on which a router is asked by an actor beside it.
fn ask_often(asks: u32) -> Result<()> {
    let took = Arc::new(OnceLock::new());
    let result = Arc::clone(&took);
    let each = Flags::new(Strategy::OneForOne);
    // As in the server: the traffic comes before whoever uses it.
    let ended = Runtime::builder().workers(1).run("server", each, |_, root| {
        let mut router = None;
        let traffic = tree::traffic(
            &Supervision::default(),
            1,
            &Arc::default(),
            vec![pool()],
            |_, routers| {
                router = routers.first().cloned();
                Vec::new()
            },
        );
        let asker = move || Asker { router: router.clone(), asks, took: Arc::clone(&result) };
        let asker = ChildSpec::leaf("asker", asker).on(Placement::Worker(0));
        Ok::<_, StartError>(root.child(traffic).child(asker))
    })?;
    ensure!(ended == Ended::Shutdown, "the tree gave up: {ended:?}");
    let Some(took) = took.get() else { bail!("an ask was not answered") };
    println!("{asks} asks and leases, {:?} each", *took / asks);
    Ok(())
}

fn pool() -> PoolPlan {
    // Never connected to: a lease is only the right to.
    let backend =
        |port: u16| SourcePlan::new(Origin::Address(SocketAddr::from(([127, 0, 0, 1], port))));
    let second = Duration::from_secs(1);
    PoolPlan {
        name: "main".into(),
        settings: PoolSettings::default(),
        health: HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: second },
        probe: None,
        pace: Pace { shortest: second, longest: second },
        sources: vec![backend(1), backend(2)],
        file: None,
        zone: None,
        // Never asked: there are no names.
        resolver: tree::resolver::spec(ResolverSettings::default()).1,
    }
}

/// Asks as a connection does, again and again, then ends it all.
struct Asker {
    router: Option<Address<Router>>,
    asks: u32,
    took: Arc<OnceLock<Duration>>,
}

impl Actor for Asker {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let router = self.router.take();
        let router = router.ok_or_else(|| Failure::new("there is no router"))?;
        let (asks, took, runtime) = (self.asks, Arc::clone(&self.took), cx.runtime().cloned());
        cx.run(async move {
            let pool: Arc<str> = "main".into();
            let began = Instant::now();
            let mut answered = 0;
            for _ in 0..asks {
                let request = LeaseRequest { pool: Arc::clone(&pool), asked: Asked::default() };
                answered += u32::from(matches!(router.ask(request, LEASE_LIMIT).await, Ok(Ok(_))));
            }
            if answered == asks {
                let _ = took.set(began.elapsed());
            }
            if let Some(runtime) = runtime {
                runtime.stop();
            }
            Ok(())
        });
        Ok(())
    }
}
