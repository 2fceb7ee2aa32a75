//! A running program with one listener that speaks HTTP, and one pool, both called "main".

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use trunkline_tests::http::answer::Answer;
use trunkline_tests::http::wire::{Upstream, Wire};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::trunkline::Trunkline;

use super::SOON;

/// What the file says besides the addresses: lines of TOML.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) server: &'a str,
    pub(crate) listener: &'a str,
    pub(crate) routes: &'a str,
    pub(crate) http: &'a str,
    pub(crate) pool: &'a str,
    pub(crate) probe: &'a str,
}

impl Plan<'_> {
    /// One worker, so that all connections share what is kept, and one try. Whatever fails, the
    /// backend is not taken out.
    pub(crate) const PLAIN: Plan<'static> = Plan {
        server: "",
        listener: "",
        routes: "{ pool = \"main\" }",
        http: "",
        pool: "attempts = 1\nfall = 100\nreuse = \"always\"",
        probe: "enabled = false",
    };

    /// The file. `backends` are addresses, or tables in TOML.
    fn file(&self, at: SocketAddr, backends: &[impl Display]) -> String {
        let Self { server, listener, routes, http, pool, probe } = self;
        let written = |backend: &str| match backend.starts_with('{') {
            true => backend.to_owned(),
            false => format!("\"{backend}\""),
        };
        let backends: Vec<_> =
            backends.iter().map(|backend| written(&backend.to_string())).collect();
        format!(
            "[server]\nworkers = 1\n{server}\n[log]\nformat = \"json\"\n\
             [listener.main]\nbind = \"{at}\"\nprotocol = \"http\"\nroutes = [{routes}]\n{listener}\n\
             [listener.main.http]\n{http}\n\
             [pool.main]\nbackends = [{}]\n{pool}\n[pool.main.probe]\n{probe}\n",
            backends.join(", ")
        )
    }
}

/// What [`PONG`] answers.
pub(crate) const PING: &str = "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n";
/// Routes to the pool, but for one.
pub(crate) const PONG: &str =
    "{ path = \"/ping\", answer = { status = 200, body = \"pong\" } }, { pool = \"main\" }";

/// How the line of a request says that it ended.
pub(crate) type Line = (Option<u64>, String);

/// The running program.
pub(crate) struct Site {
    server: Trunkline,
    port: ReservedPort,
    /// Lines of the log that are not looked at any more.
    past: usize,
}

impl Site {
    pub(crate) fn start(plan: &Plan<'_>, backends: &[impl Display]) -> Result<Self> {
        let port = ReservedPort::new()?;
        let program = Path::new(env!("CARGO_BIN_EXE_trunkline-under-test"));
        let mut server = Trunkline::run(program, &plan.file(port.address(), backends), &[])?;
        server.process().wait_for_line("listening", SOON)?;
        Ok(Self { server, port, past: 0 })
    }

    /// One in front of a backend in the hands of the test.
    pub(crate) fn in_front(plan: &Plan<'_>) -> Result<(Self, Upstream)> {
        let upstream = Upstream::new()?;
        Ok((Self::start(plan, &[upstream.address()?])?, upstream))
    }

    pub(crate) fn connect(&self) -> Result<Wire> {
        Wire::connect(self.port.address())
    }

    /// A client that has sent `request`.
    pub(crate) fn asking(&self, request: impl AsRef<[u8]>) -> Result<Wire> {
        let mut client = self.connect()?;
        client.send(request)?;
        Ok(client)
    }

    /// The answer to a request on a connection of its own.
    pub(crate) fn ask(&self, request: impl AsRef<[u8]>) -> Result<Answer> {
        self.asking(request)?.answer()
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        self.server.process()
    }

    /// From here on an address may be another client's.
    pub(crate) fn forget(&mut self) {
        self.past = self.server.process().stderr().count();
    }

    /// The line of the first request of the client at `address`.
    pub(crate) fn line(&mut self, address: SocketAddr) -> Result<Value> {
        let client = format!("\"client\":\"{address}\"");
        let is_it = |line: &str| line.contains("request done") && line.contains(&client);
        let past = self.past;
        let found = self.process().stderr().wait_for(past, Instant::now() + SOON, is_it);
        let (_, line) = found.map_err(|missing| anyhow!("no line of {address}: {missing:?}"))?;
        serde_json::from_str(&line).with_context(|| format!("the log says {line:?}"))
    }

    /// Asserts how the first request of the client at `address` ended.
    pub(crate) fn expect_line(
        &mut self,
        address: SocketAddr,
        status: u64,
        code: &str,
    ) -> Result<()> {
        let line = self.line(address)?;
        let how = how(&line);
        ensure!(how == ((status > 0).then_some(status), code.to_owned()), "{line}");
        Ok(())
    }

    /// The same, after so many tries.
    pub(crate) fn expect_tries(
        &mut self,
        address: SocketAddr,
        status: u64,
        code: &str,
        tries: u64,
    ) -> Result<()> {
        self.expect_line(address, status, code)?;
        let line = self.line(address)?;
        ensure!(line["tries"].as_u64() == Some(tries), "not {tries} tries: {line}");
        Ok(())
    }

    /// What was sent to the server by now has been read, where it has one worker and a route that
    /// answers [`PING`]: it serves in the order in which things become ready.
    pub(crate) fn settle(&self, pinging: &mut Wire) -> Result<()> {
        // One for a connection, one for what is asked over it, one for what follows of that.
        for _ in 0..3 {
            pinging.send(PING)?;
            ensure!(pinging.answer()?.text() == "pong", "no answer to a ping");
        }
        Ok(())
    }
}

/// How a request ended, by its line.
pub(crate) fn how(line: &Value) -> Line {
    (line["status"].as_u64(), line["code"].as_str().unwrap_or_default().to_owned())
}

/// Goes through a whole exchange over `site` with `upstream`, on connections of its own: what has
/// happened before has blocked or bewildered nothing.
pub(crate) fn still_serves(site: &Site, upstream: &Upstream) -> Result<()> {
    let mut client = site.asking("POST /still HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")?;
    let mut backend = upstream.accept()?;
    ensure!(backend.head()?.starts_with("POST /still HTTP/1.1\r\n"), "another request came");
    backend.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstill")?;
    ensure!(client.answer()?.text() == "still", "another answer came");
    Ok(())
}
