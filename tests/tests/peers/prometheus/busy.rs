//! A server to which everything happens that its metrics tell of.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::collector::{Collector, Mood, Speaks};
use trunkline_tests::control::Control;
use trunkline_tests::http::answer::Answer;
use trunkline_tests::http::lenient::ALL;
use trunkline_tests::http::origin::{Origin, Reply, Then};
use trunkline_tests::http::wire::Wire;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::trunkline::Trunkline;

use super::super::{ANY, peer};

/// One restart in a minute; back-offs and rests are two seconds at most.
const SUPERVISION: (&str, &str) = ("TRUNKLINE_FAULTS_SUPERVISION", "1,60000,1,2000,1000");
/// A worker that does not turn for so long is stuck.
const STUCK: Duration = Duration::from_millis(1500);

/// The server with all that stands around it.
pub(super) struct Busy {
    pub(super) collector: Collector,
    ports: [ReservedPort; 4],
    control: Control,
    server: Trunkline,
    _backends: [Backend; 3],
    _origins: [Origin; 2],
    /// Where nobody listens.
    nobody: ReservedPort,
}

impl Busy {
    /// Starts it. All traces are sampled and go to a collector; `queue` spans may wait.
    pub(super) fn start(queue: u32) -> Result<Self> {
        let collector = Collector::start(Speaks::Http)?;
        let origins = [origin("200 OK")?, origin("500 Internal Server Error")?];
        let backend = |mode| Backend::start(peer(), &BackendPlan::new(ANY, mode));
        let backends = [backend(Mode::Echo)?, backend(Mode::Echo)?, backend(Mode::Sink)?];
        let nobody = ReservedPort::new()?;
        let port = ReservedPort::new;
        let ports = [port()?, port()?, port()?, port()?];
        let [admin, web, tcp, dark] = ports.each_ref().map(ReservedPort::address);
        let [good, bad] = origins.each_ref().map(Origin::address);
        let [echo, other, sink] = backends.each_ref().map(Backend::address);
        let (none, endpoint) = (nobody.address(), collector.endpoint());
        let endpoint = endpoint.trim_end_matches("/v1/traces");
        let configuration = format!(
            r#"
[server]
workers = 2
admin = "{admin}"
[telemetry]
sample_ratio = 1.0
otlp = {{ endpoint = "{endpoint}", protocol = "http", timeout = "1s", queue = {queue} }}

[listener.web]
bind = "{web}"
protocol = "http"
http = {{ first_byte = "300ms" }}
routes = [
    {{ name = "good", path = "/good", pool = "good" }},
    {{ name = "bad", path = "/bad", pool = "bad" }},
    {{ name = "retried", path = "/retried", pool = "retried" }},
    {{ name = "dead", path = "/dead", pool = "dead" }},
    {{ name = "narrow", path = "/narrow", pool = "narrow" }},
]
[listener.tcp]
bind = "{tcp}"
pool = "db"
connections = 1
[listener.dark]
bind = "{dark}"
pool = "spare"

[pool.good]
backends = ["{good}"]
[pool.bad]
backends = ["{good}", "{bad}"]
eject = {{ time = "1s" }}
[pool.retried]
backends = ["{good}", "{bad}"]
retry = {{ statuses = [500], budget = 5 }}
eject = {{ failures = 0 }}
[pool.dead]
backends = ["{good}", "{none}"]
probe.enabled = false
[pool.narrow]
backends = ["{sink}"]
attempts = 1
limits = {{ backend_in_flight = 1, queue = 1, queue_timeout = "5s" }}
eject = {{ failures = 0 }}
[pool.db]
backends = ["{echo}", "{other}"]
[pool.spare]
backends = ["{none}"]
"#
        );
        let program = Path::new(env!("CARGO_BIN_EXE_trunkline-faults"));
        let listening = [admin, web, tcp, dark];
        let (server, control) =
            Trunkline::run_with_faults_in(program, &configuration, &listening, &[SUPERVISION])?;
        let (_backends, _origins) = (backends, origins);
        let busy = Self { collector, ports, control, server, _backends, _origins, nobody };
        let drained = format!(r#"{{"pool":"db","backend":"{other}","within":"30s"}}"#);
        let answer = busy.order("/pools/drain", &drained)?;
        ensure!(answer.status == 202, "{answer:?}");
        Ok(busy)
    }

    /// Where its admin API is.
    pub(super) fn admin(&self) -> SocketAddr {
        self.ports[0].address()
    }

    /// Has some of everything happen, about a second long.
    pub(super) fn round(&self) -> Result<()> {
        // Every other time its supervisor gives up; when that has come twice, the pool is parked.
        let victim = format!("server/traffic/pools/spare/{}/backend", self.nobody.address());
        self.control.panic(&victim)?;
        for path in ["/good", "/bad", "/retried", "/dead", "/nowhere"] {
            for _ in 0..10 {
                self.ask(path)?.answer()?;
            }
        }
        // One holds the place, one waits for it, and the others find the queue full.
        let mut narrow: Vec<_> = (0..5).map(|_| self.ask("/narrow")).collect::<Result<_>>()?;
        for wire in &mut narrow {
            wire.answer()?;
        }
        self.connections()
    }

    /// Has the collector be away for that long that spans are lost.
    pub(super) fn lose_spans(&self) -> Result<()> {
        self.collector.become_of(Mood::Refuses);
        for _ in 0..100 {
            self.ask("/good")?.answer()?;
        }
        self.collector.become_of(Mood::Keeps);
        Ok(())
    }

    /// Keeps a worker from turning.
    pub(super) fn block(&self) -> Result<()> {
        self.control.block("server/traffic/routers/w0", STUCK)
    }

    /// What is answered to GET of `target` by the admin API.
    pub(super) fn get(&self, target: &str, fields: &str) -> Result<Answer> {
        let to = self.admin();
        let mut wire = Wire::connect(to)?;
        wire.send(format!("GET {target} HTTP/1.1\r\nHost: {to}\r\n{fields}\r\n"))?;
        wire.answer()
    }

    /// No actor may have crashed but the one that was told to.
    pub(super) fn ends_well(mut self) -> Result<()> {
        let log = self.server.process().stderr().last(usize::MAX);
        let injected = "a fault injected by a test";
        let crash = log.iter().find(|line| line.contains("panicked") && !line.contains(injected));
        ensure!(crash.is_none(), "{crash:?}");
        Ok(())
    }

    /// One more client than the listener takes, of which the first goes away badly; and one for whom
    /// there is no backend.
    fn connections(&self) -> Result<()> {
        let [_, _, tcp, dark] = &self.ports;
        let mut first = Wire::connect(tcp.address())?;
        first.send("one")?;
        first.expect("one")?;
        let mut second = Wire::connect(tcp.address())?;
        second.send("two")?;
        first.abort()?;
        second.expect("two")?;
        second.finish()?;
        second.expect_end()?;
        // Cut off at once, which may be before this side has noticed that it is connected.
        let _ended = Wire::connect(dark.address()).and_then(|mut wire| wire.rest());
        Ok(())
    }

    fn ask(&self, path: &str) -> Result<Wire> {
        let mut wire = Wire::connect(self.ports[1].address())?;
        wire.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))?;
        Ok(wire)
    }

    fn order(&self, target: &str, body: &str) -> Result<Answer> {
        let to = self.admin();
        let mut wire = Wire::connect(to)?;
        wire.send(format!(
            "POST {target} HTTP/1.1\r\nHost: {to}\r\nX-Trunkline: 1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))?;
        wire.answer()
    }
}

fn origin(status: &str) -> Result<Origin> {
    let bytes = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok").into_bytes();
    Origin::start(ALL[0], move |_| Reply { bytes: bytes.clone(), then: Then::Next })
}
