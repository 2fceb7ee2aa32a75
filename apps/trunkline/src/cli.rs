//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use trunkline_config::{Format, Mistakes, Override, Settings, Source, load, parse};

use crate::console::{complain, say};
use crate::server::{self, Hooks, Plan};
use crate::{demo, exit};

/// A resilient TCP load balancer built of supervised actors. Without a command it starts a demo.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve what a file describes.
    Run {
        /// The file: TOML, YAML or JSON, by its extension.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check a file and name every mistake in it.
    Check {
        /// The file: TOML, YAML or JSON, by its extension.
        file: PathBuf,
    },
    /// Balance one port over some backends, without a file.
    Proxy {
        /// Where to listen, as IP:PORT.
        #[arg(long, value_name = "ADDRESS")]
        listen: String,
        /// The backends, as HOST:PORT, separated by commas.
        #[arg(long, value_name = "ADDRESS", value_delimiter = ',', required = true)]
        to: Vec<String>,
        /// How a backend is chosen: round_robin, least_request or random.
        #[arg(long, value_name = "ALGORITHM")]
        balance: Option<String>,
    },
}

/// The whole program. `hooks` are for tests; the program itself has none.
#[must_use]
pub fn main(hooks: Hooks) -> ExitCode {
    let Arguments { command } = Arguments::parse();
    match command {
        None => demo::run(hooks),
        Some(Command::Run { config }) => match load(&config, std::env::vars_os(), []) {
            Ok(settings) => server::run(Plan::new(settings, Some(config)), hooks),
            Err(mistakes) => refuse(&mistakes),
        },
        Some(Command::Check { file }) => check(&file),
        Some(Command::Proxy { listen, to, balance }) => match proxy(listen, to, balance) {
            Ok(settings) => server::run(Plan::new(settings, None), hooks),
            Err(mistakes) => refuse(&mistakes),
        },
    }
}

fn check(file: &Path) -> ExitCode {
    match load(file, std::env::vars_os(), []) {
        Ok(settings) => {
            let listeners = count(settings.listeners.len(), "listener");
            let pools = count(settings.pools.len(), "pool");
            say(&format!("{}: good: {listeners}, {pools}", file.display()));
            ExitCode::SUCCESS
        }
        Err(mistakes) => refuse(&mistakes),
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn proxy(listen: String, to: Vec<String>, balance: Option<String>) -> Result<Settings, Mistakes> {
    let mut flags = vec![
        Override::new("--listen", "listener.proxy.bind", listen),
        Override::new("--listen", "listener.proxy.pool", "proxy"),
        Override::list("--to", "pool.proxy.backends", to),
    ];
    flags.extend(balance.map(|name| Override::new("--balance", "pool.proxy.balance", name)));
    let nothing = Source::new("command line", Format::Toml, "");
    parse(&nothing, std::env::vars_os(), flags)
}

pub(crate) fn refuse(mistakes: &Mistakes) -> ExitCode {
    complain(&mistakes.to_string());
    ExitCode::from(exit::CONFIG)
}
