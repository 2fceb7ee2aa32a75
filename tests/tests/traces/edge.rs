//! A running program that a collector of the test's own is told of.

use std::fmt::Display;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::Value;
use trunkline_tests::collector::{Collector, Speaks};
use trunkline_tests::control::Control;
use trunkline_tests::http::answer::Answer;
use trunkline_tests::http::wire::Wire;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::trunkline::Trunkline;

use crate::rig::SOON;
use crate::told::Told;

/// Which build runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// As it is shipped.
    Shipped,
    /// With faults on command.
    Faults,
    /// That, with protocols of an author's.
    Protocols,
}

/// What the file says besides the addresses: lines of TOML.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) build: Build,
    pub(crate) speaks: Speaks,
    pub(crate) telemetry: &'a str,
    pub(crate) server: &'a str,
    pub(crate) listener: &'a str,
    pub(crate) http: &'a str,
    pub(crate) pool: &'a str,
}

impl Plan<'_> {
    /// One worker, all sampled, and one try; a failure takes nobody out.
    pub(crate) const HTTP: Plan<'static> = Plan {
        build: Build::Shipped,
        speaks: Speaks::Grpc,
        telemetry: "sample_ratio = 1.0",
        server: "workers = 1",
        listener: "protocol = \"http\"\nroutes = [{ name = \"all\", pool = \"main\" }]",
        http: "",
        pool: "attempts = 1\nfall = 100\nreuse = \"never\"",
    };

    /// The same for connections that are forwarded.
    pub(crate) const FORWARD: Plan<'static> =
        Plan { listener: "protocol = \"forward\"\npool = \"main\"", ..Plan::HTTP };

    fn file(&self, at: &Places, backends: &[impl Display]) -> String {
        let Self { speaks, telemetry, server, listener, http, pool, .. } = self;
        let written = |backend: String| match backend.starts_with('{') {
            true => backend,
            false => format!("\"{backend}\""),
        };
        let backends: Vec<_> = backends.iter().map(|it| written(it.to_string())).collect();
        let protocol = match speaks {
            Speaks::Grpc => "grpc",
            Speaks::Http => "http",
        };
        let mut file = format!(
            "[server]\nadmin = \"{}\"\n{server}\n[log]\nformat = \"json\"\n\
             [telemetry]\n{telemetry}\n\
             [telemetry.otlp]\nendpoint = \"{}\"\nprotocol = \"{protocol}\"\nqueue = 1000000\n\
             [listener.main]\nbind = \"{}\"\n{listener}\n",
            at.admin.address(),
            at.collector.endpoint().trim_end_matches("/v1/traces"),
            at.clients.address(),
        );
        if listener.contains("\"http\"") {
            file += &format!("[listener.main.http]\n{http}\n");
        }
        if !backends.is_empty() {
            let backends = backends.join(", ");
            file += &format!(
                "[pool.main]\nbackends = [{backends}]\n{pool}\n\
                 [pool.main.probe]\nenabled = false\n"
            );
        }
        file
    }
}

struct Places {
    clients: ReservedPort,
    admin: ReservedPort,
    collector: Collector,
}

/// The running program, with one listener and at most one pool, both called "main".
pub(crate) struct Edge {
    server: Trunkline,
    control: Option<Control>,
    at: Places,
}

impl Edge {
    /// Starts the program in front of `backends`: addresses, or tables in TOML.
    pub(crate) fn start(plan: &Plan<'_>, backends: &[impl Display]) -> Result<Self> {
        let (clients, admin) = (ReservedPort::new()?, ReservedPort::new()?);
        let at = Places { clients, admin, collector: Collector::start(plan.speaks)? };
        let file = plan.file(&at, backends);
        let shipped = Path::new(env!("CARGO_BIN_EXE_trunkline-under-test"));
        let faults = Path::new(env!("CARGO_BIN_EXE_trunkline-faults"));
        let protocols = Path::new(env!("CARGO_BIN_EXE_protocols-under-test"));
        let (mut server, control) = match plan.build {
            Build::Shipped => (Trunkline::run(shipped, &file, &[])?, None),
            Build::Faults | Build::Protocols => {
                let program = if plan.build == Build::Faults { faults } else { protocols };
                // Rates at which nothing is parked.
                let rates = ("TRUNKLINE_FAULTS_SUPERVISION", "1000,1000,1,20,1000");
                let (server, control) =
                    Trunkline::run_with_faults_in(program, &file, &[], &[rates])?;
                (server, Some(control))
            }
        };
        server.process().wait_for_line("listening", SOON)?;
        Ok(Self { server, control, at })
    }

    /// What breaks it.
    pub(crate) fn control(&self) -> Result<&Control> {
        self.control.as_ref().context("not a build with faults")
    }

    pub(crate) fn connect(&self) -> Result<Wire> {
        Wire::connect(self.at.clients.address())
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

    /// A client that has sent GET for `path`, with further fields.
    pub(crate) fn getting(&self, path: &str, fields: &str) -> Result<Wire> {
        self.asking(get(path, fields))
    }

    /// What the admin API says of `target`.
    pub(crate) fn admin(&self, target: &str) -> Result<Answer> {
        let address = self.at.admin.address();
        let mut wire = Wire::connect(address)?;
        wire.send(format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n"))?;
        wire.answer()
    }

    /// Waits until as many clients wait for a place in the pool.
    pub(crate) fn wait_for_waiting(&self, count: u64) -> Result<()> {
        let begun = Instant::now();
        loop {
            let answer = self.admin("/pools")?;
            let pools: Value = serde_json::from_slice(&answer.body)?;
            if pools["pools"][0]["waiting"].as_u64() == Some(count) {
                return Ok(());
            }
            ensure!(begun.elapsed() < SOON, "not {count} are waiting: {pools}");
        }
    }

    /// What has become of all spans, once none waits.
    pub(crate) fn settled_counts(&self) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let answer = self.admin("/tree?under=server/control/observability/spans")?;
            let tree: Value = serde_json::from_slice(&answer.body)?;
            let counts = &tree["nodes"][0]["detail"]["counts"];
            if counts["waiting"] == 0 {
                return Ok(counts.clone());
            }
            ensure!(begun.elapsed() < SOON, "spans wait: {tree}");
        }
    }

    /// Waits until the collector has as many spans.
    pub(crate) fn wait_for_spans(&self, count: usize) -> Result<Told> {
        let came = self.at.collector.wait_for_count(SOON, count);
        let told = Told::new(self.at.collector.spans());
        ensure!(came, "not {count} spans: {:#?}", told.shapes());
        Ok(told)
    }

    /// Ends it in order; what the collector has then is all that there is.
    pub(crate) fn end(mut self) -> Result<Told> {
        self.stop()?;
        Ok(Told::new(self.at.collector.spans()))
    }

    /// Ends it in order, and hands out all lines of its log as well.
    pub(crate) fn end_with_log(mut self) -> Result<(Told, Vec<String>)> {
        self.stop()?;
        // Waits until stderr has been read to its end.
        let _shown = self.server.process().last_lines();
        let lines = self.server.process().stderr().last(usize::MAX);
        Ok((Told::new(self.at.collector.spans()), lines))
    }

    fn stop(&mut self) -> Result<()> {
        let process = self.server.process();
        process.signal(Signal::TERM)?;
        let status = process.wait(SOON)?;
        ensure!(status.code() == Some(0), "{status}{}", process.last_lines());
        Ok(())
    }
}

/// GET of `path`, with further fields.
pub(crate) fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

/// An answer of a backend's.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// An answer of a backend's that has failed.
pub(crate) const BROKEN: &str = "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n";
