//! Every client and backend of the tests, as programs of their own.
//!
//! All output on stdout is JSON, one value a line; complaints go to stderr. All times are
//! nanoseconds of the monotonic clock, comparable between processes. It ends when its stdin closes.

#![expect(
    clippy::disallowed_methods,
    reason = "helpers are plain programs on tokio: their tasks end with them, unsupervised"
)]

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use trunkline_tests::backend::BackendPlan;
use trunkline_tests::bulk::BulkPlan;
use trunkline_tests::idle_clients::IdlePlan;
use trunkline_tests::keepalive::KeepalivePlan;
use trunkline_tests::load::LoadPlan;
use trunkline_tests::origin::OriginPlan;
use trunkline_tests::plain_echo::PlainEchoPlan;
use trunkline_tests::short::ShortPlan;

mod backend;
mod bulk;
mod commands;
mod dial;
mod exchange;
mod idle_clients;
mod keepalive;
mod load;
mod origin;
mod plain_echo;
mod receiver;
mod short;

/// Descriptors that a program needs beside its connections: stdio, files, the runtime's own.
const SPARE_DESCRIPTORS: u64 = 32;

/// Clients and backends for the tests of Trunkline.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A TCP backend that records what it accepts.
    Backend(BackendPlan),
    /// Opens connections and holds them.
    IdleClients(IdlePlan),
    /// Starts short connections by the clock.
    Load(LoadPlan),
    /// Sends small requests back and forth on connections that stay.
    Keepalive(KeepalivePlan),
    /// Makes short connections, one after the other.
    Short(ShortPlan),
    /// Downloads much at once.
    Bulk(BulkPlan),
    /// Answers HTTP/1.1 requests with as many bytes as they ask for.
    Origin(OriginPlan),
    /// An echo of lines as a plain tokio program would have it.
    PlainEcho(PlainEchoPlan),
    /// Takes traces by OTLP over gRPC, and throws them away.
    Receiver,
}

impl Command {
    /// Threads that it runs on.
    fn threads(&self) -> u16 {
        match self {
            Self::Backend(plan) => plan.threads,
            Self::Keepalive(plan) => plan.threads,
            Self::Short(plan) => plan.threads,
            Self::Bulk(_) | Self::Origin(_) | Self::Receiver => 1,
            Self::IdleClients(_) | Self::Load(_) | Self::PlainEcho(_) => 2,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let descriptors = raise_descriptors().context("cannot raise the limit of descriptors")?;
    let commands = commands::read()?;
    let mut runtime = match command.threads() {
        // Nothing is handed from thread to thread.
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(command.threads().into()).enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Backend(plan) => backend::run(plan, commands).await,
            Command::IdleClients(plan) => {
                let most = descriptors.saturating_sub(SPARE_DESCRIPTORS);
                let wanted = plan.connections;
                anyhow::ensure!(
                    u64::from(wanted) <= most,
                    "--connections {wanted} is more than this machine's {most} descriptors: \
                     raise the hard limit (`ulimit -Hn`) or ask for fewer"
                );
                idle_clients::run(plan, commands).await
            }
            Command::Load(plan) => load::run(plan).await,
            Command::Keepalive(plan) => keepalive::run(plan, commands).await,
            Command::Short(plan) => short::run(plan, commands).await,
            Command::Bulk(plan) => bulk::run(plan, commands).await,
            Command::Origin(plan) => origin::run(plan, commands).await,
            Command::PlainEcho(plan) => plain_echo::run(&plan),
            Command::Receiver => receiver::run(commands).await,
        }
    })
}

/// Raises the soft limit to the hard one; returns it.
fn raise_descriptors() -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// Writes one answer.
fn answer(value: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&line).and_then(|()| stdout.flush()).context("nobody reads stdout")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::net::SocketAddr;

    use trunkline_tests::backend::Mode;

    use super::*;

    const TO: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

    fn parse(arguments: Vec<OsString>) -> Result<Command> {
        let program = OsString::from("peer");
        let arguments = Arguments::try_parse_from([program].into_iter().chain(arguments))?;
        Ok(arguments.command)
    }

    #[test]
    fn the_arguments_of_a_backend_mean_its_plan() -> Result<()> {
        for mode in [Mode::Echo, Mode::Banner, Mode::Sink, Mode::Http] {
            let plan = BackendPlan {
                name: "b 1".to_owned(),
                log: Some("/a b/log".into()),
                threads: 1,
                ..BackendPlan::new(TO, mode)
            };
            let parsed = parse(plan.arguments())?;
            assert!(matches!(parsed, Command::Backend(parsed) if parsed == plan));
        }
        Ok(())
    }

    #[test]
    fn the_arguments_of_a_load_mean_its_plan() -> Result<()> {
        let plan = LoadPlan {
            to: TO,
            rate: 1,
            seconds: 2,
            payload: 3,
            timeout_millis: 4,
            banner: true,
            ledger: Some("/a b/ledger".into()),
        };
        let parsed = parse(plan.arguments())?;
        assert!(matches!(parsed, Command::Load(parsed) if parsed == plan));
        Ok(())
    }

    #[test]
    fn the_arguments_of_idle_clients_mean_their_plan() -> Result<()> {
        let plan = IdlePlan { to: TO, connections: 1, at_once: 2, timeout_millis: 3, http: true };
        let parsed = parse(plan.arguments())?;
        assert!(matches!(parsed, Command::IdleClients(parsed) if parsed == plan));
        Ok(())
    }

    #[test]
    fn the_arguments_of_keepalive_mean_its_plan() -> Result<()> {
        for (requests, seconds) in [(None, None), (Some(4), None), (None, Some(5))] {
            let (lines, http) = (requests.is_some(), seconds.is_some());
            let plan =
                KeepalivePlan { lines, http, requests, seconds, ..KeepalivePlan::new(TO, 1) };
            let plan = KeepalivePlan { size: 2, threads: 1, rate: requests.and(Some(3)), ..plan };
            let parsed = parse(plan.arguments())?;
            assert!(matches!(parsed, Command::Keepalive(parsed) if parsed == plan));
        }
        Ok(())
    }

    #[test]
    fn the_arguments_of_short_connections_mean_their_plan() -> Result<()> {
        let plan = ShortPlan { to: TO, clients: 1, size: 2, http: true, threads: 1 };
        let parsed = parse(plan.arguments())?;
        assert!(matches!(parsed, Command::Short(parsed) if parsed == plan));
        Ok(())
    }

    #[test]
    fn the_arguments_of_downloads_and_of_their_origin_mean_their_plans() -> Result<()> {
        let plan = BulkPlan { to: TO, streams: 8 };
        let parsed = parse(plan.arguments())?;
        assert!(matches!(parsed, Command::Bulk(parsed) if parsed == plan));
        let plan =
            OriginPlan { log: Some("/a b/log".into()), delay_millis: 5, ..OriginPlan::new(TO) };
        let parsed = parse(plan.arguments())?;
        assert!(matches!(parsed, Command::Origin(parsed) if parsed == plan));
        Ok(())
    }

    #[test]
    fn the_arguments_of_a_plain_echo_mean_its_plan() -> Result<()> {
        let plan = PlainEchoPlan { listen: TO, workers: std::num::NonZeroUsize::MIN };
        let parsed = parse(plan.arguments())?;
        assert!(matches!(parsed, Command::PlainEcho(parsed) if parsed == plan));
        Ok(())
    }
}
