//! A running program with one listener and one pool, both called "main".

use std::env;
use std::fmt::Display;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tempfile::TempDir;
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::control::{Control, What};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;

use super::end::End;
use super::{ANY, SOON, peer};

/// The program, without what somebody may have set in their own shell.
pub(crate) fn trunkline() -> Command {
    clean(env!("CARGO_BIN_EXE_trunkline-under-test"))
}

fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for (key, _) in env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("TRUNKLINE") || name.starts_with("OTEL_") {
            command.env_remove(key);
        }
    }
    command
}

/// What a file says besides the listener's address and the backends: lines of TOML.
pub(crate) struct Setup<'a> {
    pub(crate) host: &'a str,
    pub(crate) server: &'a str,
    pub(crate) log: &'a str,
    pub(crate) listener: &'a str,
    pub(crate) pool: &'a str,
}

impl Setup<'_> {
    /// Two workers, and no probes, which would be connections that the test did not make.
    pub(crate) const PLAIN: Setup<'static> = Setup {
        host: "127.0.0.1",
        server: "workers = 2",
        log: "format = \"json\"",
        listener: "",
        pool: "probe.enabled = false",
    };

    /// The file. `backends` are addresses, or tables in TOML.
    pub(crate) fn file(&self, port: u16, backends: &[impl Display]) -> String {
        let Self { host, server, log, listener, pool } = self;
        let backends: Vec<_> = backends
            .iter()
            .map(ToString::to_string)
            .map(|backend| match backend.starts_with('{') {
                true => backend,
                false => format!("\"{backend}\""),
            })
            .collect();
        format!(
            "[server]\n{server}\n[log]\n{log}\n\
             [listener.main]\nbind = \"{host}:{port}\"\npool = \"main\"\n{listener}\n\
             [pool.main]\nbackends = [{}]\n{pool}\n",
            backends.join(", ")
        )
    }
}

/// The running program.
pub(crate) struct Site {
    pub(crate) process: Process,
    address: SocketAddr,
    file: PathBuf,
    _port: ReservedPort,
    // Removed after the process has ended: fields are dropped in this order.
    _folder: TempDir,
}

impl Site {
    /// Starts the program in front of `backends`, and waits until it serves.
    pub(crate) fn start(setup: &Setup<'_>, backends: &[impl Display]) -> Result<Self> {
        let (command, port, folder, file) = prepare(trunkline(), setup, backends)?;
        Self::serving(Process::spawn(command)?, setup, port, folder, file)
    }

    /// Like [`Site::start`], with faults on command, at rates that the defaults would answer by
    /// parking.
    pub(crate) fn start_with_faults(
        setup: &Setup<'_>,
        backends: &[impl Display],
    ) -> Result<(Self, Control)> {
        Self::start_with_supervision("1000,1000,1,20,1000", setup, backends)
    }

    /// Like [`Site::start_with_faults`], at other rates, in the words of that build.
    pub(crate) fn start_with_supervision(
        rates: &str,
        setup: &Setup<'_>,
        backends: &[impl Display],
    ) -> Result<(Self, Control)> {
        let mut command = clean(env!("CARGO_BIN_EXE_trunkline-faults"));
        command.env("TRUNKLINE_FAULTS_SUPERVISION", rates);
        let (command, port, folder, file) = prepare(command, setup, backends)?;
        let (mut process, stdout) = Process::spawn_with_stdout(command)?;
        let control = Control::new(stdout, process.take_stdin())?;
        let site = Self::serving(process, setup, port, folder, file)?;
        control.wait_for("start of the whole tree", 0, SOON, |event| {
            event.path == "server" && event.what == What::Started
        })?;
        Ok((site, control))
    }

    fn serving(
        process: Process,
        setup: &Setup<'_>,
        port: ReservedPort,
        folder: TempDir,
        file: PathBuf,
    ) -> Result<Self> {
        // Said by the last part of the tree to start: from here on signals are heard, too.
        process.wait_for_line("listening", SOON)?;
        Ok(Self {
            process,
            address: format!("{}:{}", setup.host, port.address().port()).parse()?,
            file,
            _port: port,
            _folder: folder,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file it was started with.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn connect(&self) -> Result<End> {
        End::connect(self.address)
    }

    /// The line that the log has of the connection of `client`, once it has ended.
    pub(crate) fn closed(&self, client: SocketAddr) -> Result<Value> {
        let name = format!("\"client\":\"{client}\"");
        self.line(|line| line.contains("connection closed") && line.contains(&name))
            .with_context(|| format!("no line of the connection of {client}"))
    }

    /// The first line of the log, from the start on, that matches.
    pub(crate) fn line(&self, matches: impl Fn(&str) -> bool) -> Result<Value> {
        let deadline = Instant::now() + SOON;
        let found = self.process.stderr().wait_for(0, deadline, matches);
        let (_, line) =
            found.map_err(|missing| anyhow!("{missing:?}{}", self.process.last_lines()))?;
        serde_json::from_str(&line).with_context(|| format!("the log says {line:?}"))
    }
}

fn prepare(
    mut command: Command,
    setup: &Setup<'_>,
    backends: &[impl Display],
) -> Result<(Command, ReservedPort, TempDir, PathBuf)> {
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, setup.file(port.address().port(), backends))?;
    command.arg("run").arg("-c").arg(&file);
    Ok((command, port, folder, file))
}

/// A backend that greets with its name and then echoes.
pub(crate) fn greeter(name: &str, address: SocketAddr) -> Result<Backend> {
    let plan = BackendPlan { name: name.to_owned(), ..BackendPlan::new(address, Mode::Banner) };
    Backend::start(peer(), &plan)
}

/// A backend that echoes.
pub(crate) fn echo() -> Result<Backend> {
    Backend::start(peer(), &BackendPlan::new(ANY, Mode::Echo))
}
