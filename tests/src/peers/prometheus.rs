//! Prometheus, scraping one server a second.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{OutsideServer, Program};
use crate::http::wire::Wire;
use crate::port::ReservedPort;

/// What targets are called.
pub const JOB: &str = "trunkline";

/// A Prometheus that keeps exemplars and knows one target.
#[derive(Debug)]
pub struct Prometheus {
    server: OutsideServer,
    begun: SystemTime,
}

impl Prometheus {
    /// Starts it, with its memory in a folder of its own. It scrapes `target` once a second.
    ///
    /// # Errors
    /// When it does not start; the error shows what it said.
    pub fn start(program: &Program, target: SocketAddr) -> Result<Self> {
        let port = ReservedPort::new()?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("prometheus.yml");
        let settings = format!(
            "global: {{ scrape_interval: 1s }}\n\
             scrape_configs: [{{ job_name: {JOB}, static_configs: [{{ targets: [\"{target}\"] }}] }}]\n"
        );
        fs::write(&file, settings)?;
        let mut command = program.command();
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        command.arg(format!("--web.listen-address={}", port.address()));
        command.args(["--enable-feature=exemplar-storage", "--log.level=warn"]);
        let begun = SystemTime::now();
        Ok(Self { server: OutsideServer::start(command, port, folder)?, begun })
    }

    /// Whether the last scrape of its target was taken, and why not.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn scrapes(&self) -> Result<(bool, String)> {
        let targets = self.ask("/api/v1/targets", &[])?;
        let target = &targets["activeTargets"][0];
        Ok((target["health"] == "up", target["lastError"].to_string()))
    }

    /// The series that `query` has had since the start, with a value for each second.
    ///
    /// # Errors
    /// When it does not answer, or not so.
    pub fn series(&self, query: &str) -> Result<Vec<Series>> {
        let (start, end) = self.range();
        let given = [("query", query), ("start", &start), ("end", &end), ("step", "1")];
        let found = self.ask("/api/v1/query_range", &given)?;
        let series = found["result"].as_array().with_context(|| found.to_string())?;
        series.iter().map(Series::read).collect()
    }

    /// The exemplars that it has kept of the series of `query`.
    ///
    /// # Errors
    /// When it does not answer, or not so.
    pub fn exemplars(&self, query: &str) -> Result<Vec<Value>> {
        let (start, end) = self.range();
        let given = [("query", query), ("start", &start), ("end", &end)];
        let found = self.ask("/api/v1/query_exemplars", &given)?;
        let series = found.as_array().with_context(|| found.to_string())?;
        Ok(series.iter().filter_map(|of| of["exemplars"].as_array()).flatten().cloned().collect())
    }

    /// The values that `label` has in the series that fit `selector`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn label_values(&self, label: &str, selector: &str) -> Result<Vec<Value>> {
        let found = self.ask(&format!("/api/v1/label/{label}/values"), &[("match[]", selector)])?;
        Ok(found.as_array().cloned().unwrap_or_default())
    }

    /// From its start to now, in seconds since the epoch.
    fn range(&self) -> (String, String) {
        let since = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let text = |time: Duration| format!("{:.3}", time.as_secs_f64());
        (text(since(self.begun)), text(since(SystemTime::now())))
    }

    fn ask(&self, path: &str, given: &[(&str, &str)]) -> Result<Value> {
        let given: Vec<_> =
            given.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let (to, query) = (self.server.address(), given.join("&"));
        let mut wire = Wire::connect(to)?;
        wire.send(format!(
            "GET {path}?{query} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n"
        ))?;
        let mut answer: Value = serde_json::from_slice(&wire.answer()?.body)?;
        ensure!(answer["status"] == "success", "{path} {given:?}: {answer}");
        Ok(answer["data"].take())
    }
}

/// One series and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Value,
    /// Without those that are no numbers, such as the quantile of nothing.
    pub values: Vec<f64>,
}

impl Series {
    fn read(it: &Value) -> Result<Self> {
        let values = it["values"].as_array().with_context(|| it.to_string())?;
        let numbers = values.iter().filter_map(|of| of[1].as_str()?.parse().ok());
        let values = numbers.filter(|number: &f64| number.is_finite()).collect();
        Ok(Self { labels: it["metric"].clone(), values })
    }
}

/// As it may stand in a query of a URL.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
