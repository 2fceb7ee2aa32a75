//! Traces at oteltap, a collector that is not ours, and who may begin them, with curl.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use trunkline_tests::http::lenient::ALL;
use trunkline_tests::http::origin::{Origin, Reply, Then};
use trunkline_tests::peers::{OutsideServer, Program, python, require};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::trunkline::Trunkline;

use super::http::{require_of_python, run, script};
use super::{SOON, trunkline};

/// Traces that callers say they have begun, and the span in which they ask.
const TRUSTED: &str = "0af7651916cd43dd8448eb211c80319c";
const QUIET: &str = "1af7651916cd43dd8448eb211c80319c";
const STRANGE: &str = "2af7651916cd43dd8448eb211c80319c";
const FAILED: &str = "3af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A server that samples nothing by itself, and follows 127.0.0.1 but not 127.0.0.2.
struct Traced {
    curl: Program,
    tap: OutsideServer,
    origin: Origin,
    server: Trunkline,
    port: ReservedPort,
    _nobody: ReservedPort,
}

impl Traced {
    fn start() -> Result<Option<Self>> {
        let (Some(curl), Some(python)) = (require("curl")?, require_of_python("python")?) else {
            return Ok(None);
        };
        let tap = python::start(&python, &script("oteltap_receiver.py"), [""; 0])?;
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
        let reply = Reply { bytes, then: Then::Next };
        let origin = Origin::start(ALL[0], move |_| reply.clone())?;
        let (port, nobody) = (ReservedPort::new()?, ReservedPort::new()?);
        let configuration = format!(
            r#"
[telemetry]
sample_ratio = 0.0
otlp = {{ endpoint = "http://{}", protocol = "http" }}
[listener.web]
bind = "{}"
protocol = "http"
trusted = ["127.0.0.1"]
routes = [{{ path = "/dead", pool = "dead" }}, {{ name = "all", pool = "good" }}]
[pool.good]
backends = ["{}"]
probe.enabled = false
[pool.dead]
backends = ["{}"]
probe.enabled = false
"#,
            tap.address(),
            port.address(),
            origin.address(),
            nobody.address()
        );
        let server = Trunkline::run(trunkline(), &configuration, &[port.address()])?;
        Ok(Some(Self { curl, tap, origin, server, port, _nobody: nobody }))
    }

    /// Asks from the address `from`, within a span of the trace `trace`.
    fn ask(&self, from: &str, path: &str, trace: &str, flags: &str) -> Result<()> {
        let to: SocketAddr = self.port.address();
        let mut command = self.curl.command();
        command.args(["--silent", "--show-error", "--max-time", "50", "--interface", from]);
        command.arg("--header").arg(format!("traceparent: 00-{trace}-{CALLER}-{flags}"));
        command.arg(format!("http://{to}{path}"));
        run(command).map(drop)
    }

    /// Waits for a span that matches, and gives all that have come until then.
    fn spans_until(&mut self, matches: impl Fn(&Value) -> bool) -> Result<Vec<Value>> {
        let read = |line: &str| serde_json::from_str::<Value>(line).ok();
        let said = self.tap.process().stdout();
        said.wait_for(0, Instant::now() + SOON, |line| read(line).is_some_and(|it| matches(&it)))
            .map_err(|missing| anyhow!("{missing:?}: {:#?}", said.last(20)))?;
        Ok(said.last(usize::MAX).iter().filter_map(|line| read(line)).collect())
    }
}

/// Whether that is the root of the spans of a request for `path`.
fn is_root(span: &Value, path: &str) -> bool {
    let attributes = span["attributes"].as_array().map_or(&[][..], Vec::as_slice);
    attributes.iter().any(|it| it["key"] == "url.path" && it["value"]["stringValue"] == path)
}

#[test]
fn a_trace_of_a_trusted_caller_goes_on_and_a_strangers_is_only_a_link() -> Result<()> {
    let Some(mut traced) = Traced::start()? else { return Ok(()) };
    traced.ask("127.0.0.1", "/trusted", TRUSTED, "01")?;
    traced.ask("127.0.0.1", "/quiet", QUIET, "00")?;
    traced.ask("127.0.0.2", "/strange", STRANGE, "01")?;
    traced.ask("127.0.0.2", "/dead", FAILED, "01")?;
    let spans = traced.spans_until(|span| is_root(span, "/dead"))?;
    let of = |path: &str| spans.iter().find(|span| is_root(span, path));

    let root = of("/trusted").context("the trusted caller's is missing")?;
    let told = (&root["traceId"], &root["parentSpanId"], &root["name"]);
    ensure!(told == (&TRUSTED.into(), &CALLER.into(), &"GET all".into()), "{root}");
    let below: Vec<_> = spans
        .iter()
        .filter(|span| span["traceId"] == TRUSTED && span["spanId"] != root["spanId"])
        .collect();
    let names: BTreeSet<_> = below.iter().filter_map(|span| span["name"].as_str()).collect();
    ensure!(names == ["lease", "receive", "response", "route", "try"].into(), "{names:?}");
    for span in &below {
        ensure!(span["parentSpanId"] == root["spanId"], "{span}");
    }

    // Neither who says no nor who is not listened to has a say in what is exported.
    ensure!(of("/quiet").is_none() && of("/strange").is_none(), "{spans:#?}");
    let failed = of("/dead").context("what failed is missing")?;
    ensure!(failed["parentSpanId"] == "" && failed["traceId"] != FAILED, "{failed}");
    let link = &failed["links"][0];
    ensure!((&link["traceId"], &link["spanId"]) == (&FAILED.into(), &CALLER.into()), "{failed}");
    let traces: BTreeSet<_> = spans.iter().filter_map(|span| span["traceId"].as_str()).collect();
    let expected = [TRUSTED, failed["traceId"].as_str().unwrap_or_default()];
    ensure!(traces == expected.into(), "{traces:?}");

    // What the backend is told: the same trace, from its own try on; and nothing of a stranger's.
    let attempt = below.iter().find(|span| span["name"] == "try").context("no try")?;
    let attempt = attempt["spanId"].as_str().context("no id")?;
    drop(traced.server);
    let got: Vec<_> = traced.origin.into_record()?.concat();
    let got = String::from_utf8_lossy(&got).to_lowercase();
    ensure!(got.contains(&format!("traceparent: 00-{TRUSTED}-{attempt}-01\r\n")), "{got}");
    ensure!(got.contains(&format!("traceparent: 00-{QUIET}-")), "{got}");
    ensure!(!got.contains(STRANGE), "{got}");
    Ok(())
}
