//! The server under test, started as an operator starts it.

use std::env;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::control::Control;
use crate::peers::ending_with_this;
use crate::process::Process;

/// How long the server may take until it listens.
const START: Duration = Duration::from_secs(10);
/// Lines of a log that are told when it does not start.
const FIRST_LINES: usize = 5;

/// A running `trunkline run -c FILE`.
#[derive(Debug)]
pub struct Trunkline {
    process: Process,
    configuration: PathBuf,
    // Removed after the process, which is killed first: fields are dropped in this order.
    _folder: TempDir,
}

impl Trunkline {
    /// Runs `program` with the TOML text `configuration`, and waits until it listens on all of
    /// `listeners`.
    ///
    /// # Errors
    /// When it ends or does not listen within ten seconds; the error shows what it said.
    pub fn run(program: &Path, configuration: &str, listeners: &[SocketAddr]) -> Result<Self> {
        let (command, file, folder) = prepare(program, configuration)?;
        let process = Process::spawn(command)?;
        let started = Self { process, configuration: file, _folder: folder };
        started.listening_on(listeners)
    }

    /// Like [`Trunkline::run`], with its log in the file `log`; it ends with the thread that starts it.
    ///
    /// # Errors
    /// As [`Trunkline::run`], with the first lines of the log.
    pub fn run_logging_to(
        program: &Path,
        configuration: &str,
        listeners: &[SocketAddr],
        log: &Path,
    ) -> Result<Self> {
        Self::run_command(Command::new(program), configuration, listeners, log, START)
    }

    /// Like [`Trunkline::run_logging_to`], where `command` names the program, and maybe a tool that runs
    /// it; it may take `patience` to listen.
    ///
    /// # Errors
    /// As [`Trunkline::run_logging_to`].
    pub fn run_command(
        command: Command,
        configuration: &str,
        listeners: &[SocketAddr],
        log: &Path,
        patience: Duration,
    ) -> Result<Self> {
        let (command, file, folder) = prepare_command(command, configuration)?;
        let to = File::create(log).with_context(|| log.display().to_string())?;
        let process = Process::spawn_with_stderr(ending_with_this(command), to)?;
        let started = Self { process, configuration: file, _folder: folder };
        started.listening_within(listeners, patience).with_context(|| {
            let said = fs::read_to_string(log).unwrap_or_default();
            said.lines().take(FIRST_LINES).collect::<Vec<_>>().join("; ")
        })
    }

    /// Like [`Trunkline::run`], for the build with fault injection: its stdin and stdout are the
    /// [`Control`]'s.
    ///
    /// # Errors
    /// As [`Trunkline::run`].
    pub fn run_with_faults(
        program: &Path,
        configuration: &str,
        listeners: &[SocketAddr],
    ) -> Result<(Self, Control)> {
        Self::run_with_faults_in(program, configuration, listeners, &[])
    }

    /// Like [`Trunkline::run_with_faults`], with variables added to the server's environment.
    ///
    /// # Errors
    /// As [`Trunkline::run`].
    pub fn run_with_faults_in(
        program: &Path,
        configuration: &str,
        listeners: &[SocketAddr],
        environment: &[(&str, &str)],
    ) -> Result<(Self, Control)> {
        let (mut command, file, folder) = prepare(program, configuration)?;
        command.envs(environment.iter().copied());
        let (mut process, stdout) = Process::spawn_with_stdout(command)?;
        let stdin = process.take_stdin();
        let started = Self { process, configuration: file, _folder: folder };
        let control = Control::new(stdout, stdin)?;
        Ok((started.listening_on(listeners)?, control))
    }

    /// The process, for its id, its signals, its log and its end.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The configuration file it was started with, to be changed before SIGHUP.
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    fn listening_on(self, listeners: &[SocketAddr]) -> Result<Self> {
        self.listening_within(listeners, START)
    }

    fn listening_within(mut self, listeners: &[SocketAddr], patience: Duration) -> Result<Self> {
        for listener in listeners {
            self.process.wait_until_listening(*listener, patience)?;
        }
        Ok(self)
    }
}

/// Configuration for one listener that forwards to one pool, both called "main", over `workers`
/// workers.
pub fn forwarding(listen: SocketAddr, backends: &[SocketAddr], workers: usize) -> String {
    let backends: Vec<_> =
        backends.iter().map(|backend| format!("{{ address = \"{backend}\" }}")).collect();
    format!(
        "[server]\nworkers = {workers}\n\n\
         [listener.main]\nbind = \"{listen}\"\nprotocol = \"forward\"\npool = \"main\"\n\n\
         [pool.main]\nbalance = \"round_robin\"\nbackends = [{}]\n",
        backends.join(", ")
    )
}

/// Configuration for one listener called "main" that serves the protocol `protocol` over `workers`
/// workers, and logs `log` and above.
pub fn serving(listen: SocketAddr, protocol: &str, workers: usize, log: &str) -> String {
    format!(
        "[server]\nworkers = {workers}\n\n[log]\nlevel = \"{log}\"\n\n\
         [listener.main]\nbind = \"{listen}\"\nprotocol = \"{protocol}\"\n"
    )
}

fn prepare(program: &Path, configuration: &str) -> Result<(Command, PathBuf, TempDir)> {
    prepare_command(Command::new(program), configuration)
}

fn prepare_command(
    mut command: Command,
    configuration: &str,
) -> Result<(Command, PathBuf, TempDir)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, configuration)?;
    command.arg("run").arg("-c").arg(&file);
    // What somebody has set in their own shell must not override the file of a test.
    let overrides = |name: &str| name.starts_with("TRUNKLINE__") || name.starts_with("OTEL_");
    for (key, _) in env::vars_os().filter(|(key, _)| overrides(&key.to_string_lossy())) {
        command.env_remove(key);
    }
    Ok((command, file, folder))
}
