//! The demo over two workers, and commands for it.

use std::net::SocketAddr;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trunkline_tests::http::answer::Answer;
use trunkline_tests::http::wire::Wire;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;

use crate::SOON;
use crate::site::trunkline;

/// The running demo.
pub(super) struct Stage {
    pub(super) process: Process,
    web: SocketAddr,
    admin: String,
    _port: ReservedPort,
}

impl Stage {
    pub(super) fn start() -> Result<Self> {
        Self::start_with(None, &[])
    }

    /// With the admin API elsewhere than at a port, and further variables.
    pub(super) fn start_with(admin: Option<&str>, variables: &[(&str, &str)]) -> Result<Self> {
        let port = ReservedPort::new()?;
        let admin = admin.map_or_else(|| port.address().to_string(), ToOwned::to_owned);
        let mut command = trunkline();
        command
            .envs(variables.iter().copied())
            .env("TRUNKLINE__LISTENER__WEB__BIND", "127.0.0.1:0")
            .env("TRUNKLINE__SERVER__WORKERS", "2")
            .env("TRUNKLINE__SERVER__ADMIN", &admin);
        let process = Process::spawn(command)?;
        let banner = process.wait_for_line("is balanced over three responders", SOON)?;
        let web = banner
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .with_context(|| format!("no address in {banner:?}"))?
            .parse()?;
        process.wait_for_line("listening listener=web", SOON)?;
        Ok(Self { process, web, admin, _port: port })
    }

    /// What is answered to GET of `path`.
    pub(super) fn get(&self, path: &str) -> Result<Answer> {
        let mut wire = Wire::connect(self.web)?;
        wire.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))?;
        wire.answer()
    }

    /// A command for it.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = trunkline();
        command.args(arguments).arg("--admin").arg(&self.admin);
        command
    }

    /// What a command says that is done.
    pub(super) fn say(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output()?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        ensure!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The same, as JSON.
    pub(super) fn read(&self, arguments: &[&str]) -> Result<Value> {
        let said = self.say(&[arguments, &["--json"]].concat())?;
        ensure!(said.lines().count() == 1, "{said}");
        serde_json::from_str(&said).with_context(|| said.clone())
    }
}

/// The one line that a command says which is not done.
pub(super) fn refusal(output: &Output) -> Result<String> {
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone())?;
    ensure!(said.lines().count() == 1, "{said}");
    Ok(said)
}
