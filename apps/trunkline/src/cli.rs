//! The command line.

mod observing;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use trunkline_config::{Format, Mistakes, Override, Settings, Source, parse};
use trunkline_runtime::Ended;

use crate::console::{complain, say};
use crate::operate::{self, Operate};
use crate::server::{Plan, ServeError, SettingsFile};
use crate::unfiled::{self, Refusal};
use crate::{App, demo, exit};
use observing::Observing;

/// A server built of supervised actors. Without a command it serves what is built in, on
/// 127.0.0.1.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    observing: Observing,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve what a file describes.
    Run {
        /// The file: TOML, YAML or JSON, by its extension.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
        #[command(flatten)]
        observing: Observing,
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
        /// How a backend is chosen: round_robin, least_request, random, two_choices, peak_ewma,
        /// ring_hash, maglev or source_hash.
        #[arg(long, value_name = "ALGORITHM")]
        balance: Option<String>,
        #[command(flatten)]
        observing: Observing,
    },
    #[command(flatten)]
    Operate(Operate),
}

/// The whole program.
pub(crate) fn run(app: App) -> ExitCode {
    if let Some(refusal) = app.refusal() {
        return not_started(refusal);
    }
    let Arguments { command, observing } = match arguments(app.version) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let plan = match command {
        None if app.is_bare() => demo::plan(&observing.overrides()),
        None if app.brought.is_empty() => {
            return not_started(
                "this program brings no protocol to serve: `run -c FILE` serves a file",
            );
        }
        None => unfiled::plan(&app.brought.known, observing.overrides()),
        Some(Command::Run { config, observing }) => {
            let file = SettingsFile { path: config, flags: observing.overrides() };
            app.load_file(&file)
                .map(|settings| Plan::new(settings, Some(file)))
                .map_err(Refusal::Settings)
        }
        Some(Command::Check { file }) => return check(&app, &file),
        Some(Command::Operate(command)) => return operate::run(command, &program()),
        Some(Command::Proxy { listen, to, balance, observing }) => {
            proxy(listen, to, balance, observing)
                .map(|settings| Plan::new(settings, None))
                .map_err(Refusal::Settings)
        }
    };
    match plan {
        Ok(plan) => exit_code(app.start(plan)),
        Err(Refusal::Settings(mistakes)) => refuse(&mistakes),
        Err(Refusal::Bind(error)) => not_started(&error.to_string()),
    }
}

/// The command line, of the program under the name by which it was called.
fn arguments(version: Option<&'static str>) -> Result<Arguments, clap::Error> {
    // Kept for good: clap takes names that live as long as the process, and there is one.
    let name: &'static str = program().leak();
    let command = Arguments::command().name(name);
    let command = match version {
        Some(version) => command.version(version),
        None => command,
    };
    Arguments::from_arg_matches(&command.try_get_matches()?)
}

fn program() -> String {
    let path = std::env::args_os().next().map(PathBuf::from);
    let name = path.as_deref().and_then(Path::file_name);
    name.map_or_else(|| "trunkline".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn exit_code(served: Result<Ended, ServeError>) -> ExitCode {
    match served {
        Ok(Ended::Shutdown) => ExitCode::SUCCESS,
        Ok(Ended::Escalated { .. }) => {
            // Not by returning: whatever blocks a thread must not keep a process half-alive.
            std::process::exit(i32::from(exit::ROOT));
        }
        Err(error) => not_started(&error.to_string()),
    }
}

fn not_started(why: &str) -> ExitCode {
    complain(&format!("{}: {why}", program()));
    ExitCode::from(exit::START)
}

fn check(app: &App, file: &Path) -> ExitCode {
    match app.load(file) {
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

fn proxy(
    listen: String,
    to: Vec<String>,
    balance: Option<String>,
    observing: Observing,
) -> Result<Settings, Mistakes> {
    let mut flags = vec![
        Override::new("--listen", "listener.proxy.bind", listen),
        Override::new("--listen", "listener.proxy.pool", "proxy"),
        Override::list("--to", "pool.proxy.backends", to),
    ];
    flags.extend(balance.map(|name| Override::new("--balance", "pool.proxy.balance", name)));
    flags.extend(observing.overrides());
    let nothing = Source::new("command line", Format::Toml, "");
    parse(&nothing, std::env::vars_os(), flags)
}

fn refuse(mistakes: &Mistakes) -> ExitCode {
    complain(&mistakes.to_string());
    ExitCode::from(exit::CONFIG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["trunkline"], arguments].concat())
    }

    #[test]
    fn what_is_observed_is_said_wherever_something_is_served() {
        for command in [
            &[][..],
            &["run", "-c", "a.toml"],
            &["proxy", "--listen", "[::1]:1", "--to", "[::1]:2"],
        ] {
            let flags = ["--admin", "127.0.0.1:9900", "--trace-file", "traces.jsonl"];
            let Arguments { command, observing } = parsed(&[command, &flags].concat()).unwrap();
            let observing = match command {
                None => observing,
                Some(Command::Run { observing, .. } | Command::Proxy { observing, .. }) => {
                    observing
                }
                Some(Command::Check { .. } | Command::Operate(_)) => panic!("nothing is served"),
            };
            assert_eq!(observing.overrides().len(), 2);
        }
    }

    #[test]
    fn a_flag_stands_behind_the_command_that_it_is_for() {
        let error = parsed(&["--admin", "off", "run", "-c", "a.toml"]).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
        assert!(parsed(&["check", "a.toml", "--admin", "off"]).is_err());
    }
}
