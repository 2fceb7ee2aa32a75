//! wrk and h2load see no error.

use anyhow::{Context, Result, ensure};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::peers::{nginx, require};

use super::super::{ANY, peer};
use super::{Front, run};

/// Requests of h2load.
const REQUESTS: u32 = 20_000;

#[test]
fn wrk_sees_no_error_and_no_request_is_lost() -> Result<()> {
    let Some(wrk) = require("wrk")? else {
        return Ok(());
    };
    let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Http))?;
    let front = Front::of(backend.address())?;
    let mut command = wrk.command();
    command.args(["-t2", "-c64", "-d3s", "--latency"]).arg(front.url("/"));
    let said = run(command)?;
    let made = said.lines().find_map(|line| line.trim().split_once(" requests in "));
    let made: u64 = made.with_context(|| said.clone())?.0.parse()?;
    ensure!(made > 64, "{said}");
    let complaint = said.contains("Socket errors") || said.contains("Non-2xx");
    ensure!(!complaint, "{said}");
    front.ends_well()
}

#[test]
fn h2load_starts_ends_and_is_content_with_every_request() -> Result<()> {
    let (Some(h2load), Some(program)) = (require("h2load")?, require("nginx")?) else {
        return Ok(());
    };
    let origin = nginx::start_site(&program, &[("page", &[b'x'; 5_000])], "")?;
    let front = Front::of(origin.address())?;
    let mut command = h2load.command();
    command.args(["--h1", "--clients=50", "--threads=2"]);
    command.arg(format!("--requests={REQUESTS}")).arg(front.url("/page"));
    let said = run(command)?;
    let line = said.lines().find(|line| line.starts_with("requests: "));
    let wanted = format!(
        "requests: {REQUESTS} total, {REQUESTS} started, {REQUESTS} done, \
         {REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout"
    );
    ensure!(line == Some(&*wanted), "{said}");
    front.ends_well()
}
