//! wrk and h2load, as fast as they can.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::peers::{Program, find};
use crate::process::Process;
use crate::runs::Report;

use super::HttpFailoverPlan;

/// Requests of one call of h2load, which is called again and again.
const BATCH: u64 = 20_000;
/// What either may take beyond its time.
const MORE: Duration = Duration::from_secs(30);

/// What both have said.
#[derive(Default)]
pub(super) struct FullSpeed {
    wrk: Option<Told>,
    h2load: Option<Told>,
    asked: bool,
}

/// Requests of one of them, and what it said of any that was not served.
#[derive(Default)]
struct Told {
    requests: u64,
    complaints: Vec<String>,
}

impl FullSpeed {
    pub(super) fn for_seconds(to: SocketAddr, plan: HttpFailoverPlan) -> Result<Self> {
        if !plan.full_speed {
            return Ok(Self::default());
        }
        let url = format!("http://{to}/bytes/128");
        let until = Instant::now() + Duration::from_secs(plan.seconds.into());
        let wrk = find("wrk").map(|wrk| start_wrk(&wrk, &url, plan.seconds)).transpose()?;
        let h2load = find("h2load").map(|h2load| batches(&h2load, &url, until)).transpose()?;
        let wrk = wrk.map(|wrk| finish_wrk(wrk, plan.seconds)).transpose()?;
        Ok(Self { wrk, h2load, asked: true })
    }

    pub(super) fn tell(&self, report: &mut Report) {
        if !self.asked {
            return;
        }
        for (name, bound, told) in [
            ("wrk", "wrk: errors and other statuses, none", &self.wrk),
            ("h2load", "h2load: started = done = succeeded", &self.h2load),
        ] {
            let Some(told) = told else {
                report.show(name, format!("SKIPPED: {name} is not installed"));
                continue;
            };
            report.show(&format!("requests of {name}"), told.requests);
            let complaints = told.complaints.join("; ");
            report.require(bound, format!("[{complaints}]"), told.complaints.is_empty());
        }
    }
}

fn start_wrk(wrk: &Program, url: &str, seconds: u32) -> Result<Process> {
    let mut command = wrk.command();
    command.args(["-t1", "-c32", "--timeout", "10s"]).arg(format!("-d{seconds}s")).arg(url);
    Process::spawn(command)
}

fn finish_wrk(mut wrk: Process, seconds: u32) -> Result<Told> {
    wrk.wait(Duration::from_secs(seconds.into()) + MORE)?;
    let said = wrk.last_lines();
    let made = said.lines().find_map(|line| line.split_once(" requests in "));
    let made = made.and_then(|(before, _)| before.split_whitespace().next_back()?.parse().ok());
    let complains = |line: &&str| line.contains("Socket errors") || line.contains("Non-2xx");
    let complaints = said.lines().filter(complains).map(|line| line.trim().to_owned());
    Ok(Told {
        requests: made.with_context(|| format!("wrk said{said}"))?,
        complaints: complaints.collect(),
    })
}

fn batches(h2load: &Program, url: &str, until: Instant) -> Result<Told> {
    let mut told = Told::default();
    let wanted = format!(
        "requests: {BATCH} total, {BATCH} started, {BATCH} done, {BATCH} succeeded, 0 failed, \
         0 errored, 0 timeout"
    );
    while Instant::now() < until {
        let mut command = h2load.command();
        command.args(["--h1", "--clients=32", "--threads=1"]);
        command.arg(format!("--requests={BATCH}")).arg(url);
        let mut process = Process::spawn(command)?;
        process.wait(until.saturating_duration_since(Instant::now()) + MORE)?;
        let deadline = Instant::now() + MORE;
        let found = process.stdout().wait_for(0, deadline, |line| line.starts_with("requests: "));
        let (_, line) =
            found.ok().with_context(|| format!("h2load said{}", process.last_lines()))?;
        told.requests += BATCH;
        if line != wanted {
            told.complaints.push(line);
        }
    }
    Ok(told)
}
