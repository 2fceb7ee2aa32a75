//! A program with the admin API, and who asks it.

use std::fmt::Display;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trunkline_tests::control::Control;
use trunkline_tests::http::answer::Answer;
use trunkline_tests::http::wire::Wire;
use trunkline_tests::port::ReservedPort;

use crate::site::{Setup, Site};

/// The running program and where its admin API is.
pub(super) struct Office {
    pub(super) site: Site,
    address: SocketAddr,
    _port: ReservedPort,
}

impl Office {
    /// Starts the program in front of `backends`.
    pub(super) fn open(setup: &Setup<'_>, backends: &[impl Display]) -> Result<Self> {
        let port = ReservedPort::new()?;
        let server = with_admin(setup, port.address());
        let site = Site::start(&Setup { server: &server, ..*setup }, backends)?;
        Ok(Self { site, address: port.address(), _port: port })
    }

    /// The same, with faults on command.
    pub(super) fn open_with_faults(
        setup: &Setup<'_>,
        backends: &[impl Display],
    ) -> Result<(Self, Control)> {
        Self::open_with_supervision("1000,1000,1,20,1000", setup, backends)
    }

    /// The same, at other rates, in the words of that build.
    pub(super) fn open_with_supervision(
        rates: &str,
        setup: &Setup<'_>,
        backends: &[impl Display],
    ) -> Result<(Self, Control)> {
        let port = ReservedPort::new()?;
        let server = with_admin(setup, port.address());
        let setup = Setup { server: &server, ..*setup };
        let (site, control) = Site::start_with_supervision(rates, &setup, backends)?;
        Ok((Self { site, address: port.address(), _port: port }, control))
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn connect(&self) -> Result<Wire> {
        Wire::connect(self.address)
    }

    /// What is answered to a whole request.
    pub(super) fn ask(&self, request: impl AsRef<[u8]>) -> Result<Answer> {
        let mut wire = self.connect()?;
        wire.send(request)?;
        wire.answer()
    }

    /// What is answered to GET of `target`, with these further fields.
    pub(super) fn get_with(&self, target: &str, fields: &str) -> Result<Answer> {
        self.ask(format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.address))
    }

    pub(super) fn get(&self, target: &str) -> Result<Answer> {
        self.get_with(target, "")
    }

    /// The JSON of an answer of 200 to GET of `target`.
    pub(super) fn read(&self, target: &str) -> Result<Value> {
        let answer = self.get(target)?;
        ensure!(answer.status == 200, "{target}: {answer:?}");
        json(&answer)
    }

    /// What is answered to an order.
    pub(super) fn order(&self, target: &str, body: &Value) -> Result<Answer> {
        self.ask(order(self.address, target, "X-Trunkline: 1\r\n", &body.to_string()))
    }
}

fn with_admin(setup: &Setup<'_>, address: SocketAddr) -> String {
    format!("admin = \"{address}\"\n{}", setup.server)
}

/// A POST of JSON.
pub(super) fn order(to: SocketAddr, target: &str, fields: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{fields}\r\n{body}",
        body.len()
    )
}

pub(super) fn json(answer: &Answer) -> Result<Value> {
    serde_json::from_slice(&answer.body).with_context(|| format!("{answer:?}"))
}

/// An error has both of its members, and the status is `status`.
pub(super) fn expect_refusal(answer: &Answer, status: u16) -> Result<()> {
    ensure!(answer.status == status, "not {status}: {answer:?}");
    let said = json(answer)?;
    ensure!(said["error"].is_string() && said["do"].is_string(), "{answer:?}");
    Ok(())
}
