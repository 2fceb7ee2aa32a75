//! What promtool says of the text.

use std::io::Write;

use anyhow::{Context, Result, ensure};
use trunkline_tests::peers::require;
use trunkline_tests::process::Process;

use super::super::SOON;
use super::busy::Busy;

/// It reads the plain text, and complains also of names and help that are against custom. What
/// Prometheus itself makes of OpenMetrics is seen where it scrapes.
#[test]
fn promtool_has_no_complaint_about_the_metrics_of_a_busy_server() -> Result<()> {
    let Some(promtool) = require("promtool")? else { return Ok(()) };
    let busy = Busy::start(64)?;
    busy.round()?;
    let metrics = busy.get("/metrics", "")?;
    let kind = metrics.field("content-type").context("no type")?;
    ensure!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let mut command = promtool.command();
    command.args(["check", "metrics"]);
    let mut check = Process::spawn(command)?;
    check.take_stdin().context("no stdin")?.write_all(&metrics.body)?;
    let code = check.wait(SOON)?.code();
    let said = check.last_lines();
    ensure!(code == Some(0) && said.is_empty(), "{code:?}{said}");
    busy.ends_well()
}
